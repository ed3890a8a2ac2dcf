package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.verify.apply.Applied;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.ApplyException.Reason;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Plan;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Applying through an API server that fails: what it says then, and that nothing is left that rollback can't undo. */
class FaultsIT {
    private KubernetesClient admin;
    private ApiProxy proxy;
    private KubernetesClient client;
    private String namespace;

    @BeforeEach
    void open() throws IOException {
        admin = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(admin, "zta-faults", Map.of());
        proxy = new ApiProxy(admin);
        client = proxy.client();
    }

    @AfterEach
    void close() {
        client.close();
        proxy.close();
        Leftovers.remove(admin, namespace);
        admin.close();
    }

    private Posture posture() {
        return ZeroTrust.namespace(namespace).denyDirectAccess().upTo(Phase.NETWORK);
    }

    private List<Compiled> maps(int count) {
        List<Compiled> maps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            maps.add(new Compiled(
                    new ConfigMapBuilder()
                            .withNewMetadata()
                            .withName("zta-map-" + i)
                            .withNamespace(namespace)
                            .endMetadata()
                            .addToData("n", String.valueOf(i))
                            .build(),
                    Phase.NETWORK,
                    false));
        }
        return maps;
    }

    private Plan plan(int count) {
        return ApplySeam.plan(posture(), maps(count), client, ApplySeam.mechanicsOnly());
    }

    private Applier applier() {
        return Applier.with(client)
                .withPatience(Duration.ZERO, Duration.ofSeconds(5))
                .withLease("faults", Duration.ofSeconds(2))
                .withRequestTimeout(Duration.ofSeconds(2));
    }

    private List<String> written() {
        return admin.configMaps().inNamespace(namespace).list().getItems().stream()
                .map(map -> map.getMetadata().getName())
                .filter(name -> name.startsWith("zta-map-"))
                .sorted()
                .toList();
    }

    /** A write of the last of three objects, not a dry run. */
    private boolean isLast(String method, String path) {
        return method.equals("PATCH") && path.contains("/zta-map-2?") && !path.contains("dryRun");
    }

    private ApplyException failing(ApiProxy.Rule rule) {
        Plan plan = plan(3);
        assertThat(plan.changes()).hasSize(3);
        proxy.when(rule);
        ApplyException failure =
                catchThrowableOfType(ApplyException.class, () -> applier().apply(plan));
        proxy.when((method, path) -> null);
        assertThat(failure).as("apply tells of the fault").isNotNull();
        return failure;
    }

    /** Whatever happened: it can be rolled back to nothing, and applied again in full. */
    private void recovers() {
        try {
            applier().rollback(posture());
        } catch (ApplyException e) {
            assertThat(e.reason()).as(e.getMessage()).isEqualTo(Reason.USAGE); // nothing left to take back
        }
        assertThat(written()).isEmpty();
        applier().apply(plan(3));
        assertThat(written()).hasSize(3);
        assertThat(plan(3).isEmpty()).isTrue();
        applier().rollback(posture());
        assertThat(written()).isEmpty();
    }

    @Test
    void a_conflict_in_the_middle_of_a_step_undoes_the_step() {
        ApplyException failure = failing((method, path) -> isLast(method, path)
                ? new ApiProxy.Fault.Answer(409, "Conflict", "the object has been modified")
                : null);
        assertThat(failure.reason()).isEqualTo(Reason.MOVED);
        assertThat(failure).hasMessageContaining("zta-map-2").hasMessageContaining("was undone");
        assertThat(written()).isEmpty();
        recovers();
    }

    @Test
    void too_many_requests_are_waited_out() {
        AtomicInteger refused = new AtomicInteger();
        Plan plan = plan(3);
        proxy.when((method, path) -> isLast(method, path) && refused.incrementAndGet() <= 2
                ? new ApiProxy.Fault.Answer(429, "TooManyRequests", "try again")
                : null);
        applier().withRequestTimeout(Duration.ofSeconds(10)).apply(plan);
        assertThat(refused.get()).isEqualTo(3);
        assertThat(written()).hasSize(3);
        applier().rollback(posture());
        assertThat(written()).isEmpty();
    }

    @Test
    void an_internal_error_undoes_the_step_and_names_the_object() {
        ApplyException failure = failing((method, path) ->
                isLast(method, path) ? new ApiProxy.Fault.Answer(500, "InternalError", "etcd is out of space") : null);
        assertThat(failure.reason()).isEqualTo(Reason.REFUSED);
        assertThat(failure)
                .hasMessageContaining("zta-map-2")
                .hasMessageContaining("etcd is out of space")
                .hasMessageContaining("was undone");
        assertThat(written()).isEmpty();
        recovers();
    }

    @Test
    void no_permission_for_one_object_undoes_the_step_and_says_what_was_forbidden() {
        ApplyException failure = failing((method, path) -> isLast(method, path)
                ? new ApiProxy.Fault.Answer(403, "Forbidden", "configmaps zta-map-2 is forbidden")
                : null);
        assertThat(failure.reason()).isEqualTo(Reason.REFUSED);
        assertThat(failure).hasMessageContaining("is forbidden").hasMessageContaining("was undone");
        assertThat(written()).isEmpty();
        recovers();
    }

    @Test
    void a_write_that_arrives_and_is_never_answered_is_undone_too() {
        ApplyException failure = failing((method, path) -> isLast(method, path) ? new ApiProxy.Fault.Silence() : null);
        assertThat(failure.reason()).isEqualTo(Reason.REFUSED);
        assertThat(failure).hasMessageContaining("did not answer PATCH");
        recovers();
    }

    @Test
    void a_webhook_that_hangs_longer_than_we_wait_lets_nothing_through_later() throws IOException {
        Plan plan = plan(3);
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            admin.resource(hanging(silent.getLocalPort())).create();
            awaitCalled();
            ApplyException failure =
                    catchThrowableOfType(ApplyException.class, () -> applier().apply(plan));
            assertThat(failure).as("apply tells of the webhook").isNotNull();
            assertThat(failure.reason()).isEqualTo(Reason.REFUSED);
            assertThat(failure).hasMessageContaining("was undone");
            // The webhook's own time is over by then, and its failure is ignored: a write left behind would arrive.
            long end = System.nanoTime() + Duration.ofSeconds(8).toNanos();
            while (System.nanoTime() < end) {
                assertThat(written()).isEmpty();
                Thread.onSpinWait();
            }
        } finally {
            admin.resource(hanging(1)).delete();
        }
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (dryRun().compareTo(Duration.ofSeconds(1)) > 0) {
            assertThat(System.nanoTime()).as("the webhook is gone").isLessThan(end);
        }
        recovers();
    }

    private ValidatingWebhookConfiguration hanging(int port) {
        return new ValidatingWebhookConfigurationBuilder()
                .withNewMetadata()
                .withName("hangs-" + namespace)
                .endMetadata()
                .addNewWebhook()
                .withName("hangs.zta.test")
                .withNewClientConfig()
                .withUrl("https://127.0.0.1:" + port + "/")
                .endClientConfig()
                .addNewRule()
                .withOperations("CREATE")
                .withApiGroups("")
                .withApiVersions("v1")
                .withResources("configmaps")
                .endRule()
                .withNewNamespaceSelector()
                .addToMatchLabels("kubernetes.io/metadata.name", namespace)
                .endNamespaceSelector()
                .withFailurePolicy("Ignore")
                .withTimeoutSeconds(6)
                .withSideEffects("None")
                .withAdmissionReviewVersions("v1")
                .endWebhook()
                .build();
    }

    /** Until the API server asks the webhook, which it learns of a moment after it was created. */
    private void awaitCalled() {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (dryRun().compareTo(Duration.ofSeconds(5)) < 0) {
            assertThat(System.nanoTime()).as("the webhook is asked").isLessThan(end);
        }
    }

    private Duration dryRun() {
        long begin = System.nanoTime();
        admin.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("asks")
                        .withNamespace(namespace)
                        .endMetadata()
                        .build())
                .dryRun()
                .create();
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Test
    void an_api_server_that_is_away_for_ten_seconds_leaves_nothing_that_rollback_cannot_undo() {
        Plan plan = plan(3);
        proxy.when((method, path) -> isLast(method, path) ? new ApiProxy.Fault.Away(Duration.ofSeconds(10)) : null);
        Optional<ApplyException> failure = Optional.empty();
        try {
            applier().apply(plan);
        } catch (ApplyException e) {
            failure = Optional.of(e);
        }
        assertThat(failure).as("four seconds of trying do not last ten").isPresent();
        assertThat(failure.get()).hasMessageContaining("did not answer");
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (true) {
            try {
                client.raw("/version");
                break;
            } catch (RuntimeException e) {
                assertThat(System.nanoTime()).as("the proxy is back").isLessThan(end);
            }
        }
        recovers();
    }

    @Test
    void reads_do_not_grow_with_the_number_of_objects_and_the_second_plan_asks_for_no_dry_run() {
        List<Long> reads = new ArrayList<>();
        for (int count : List.of(20, 200)) {
            proxy.requests();
            Plan plan = plan(count);
            Applied applied =
                    applier().withRequestTimeout(Duration.ofSeconds(15)).apply(plan);
            assertThat(applied.steps()).isNotEmpty();
            List<String> requests = proxy.requests();
            reads.add(requests.stream().filter(line -> line.startsWith("GET ")).count());
            assertThat(requests.stream()
                            .filter(line -> line.startsWith("PATCH ") && line.contains("/zta-map-"))
                            .count())
                    .as("one dry run and one write for each object that is new")
                    .isEqualTo(2L * plan.changes().size());

            assertThat(plan(count).isEmpty()).isTrue();
            assertThat(proxy.requests())
                    .as("the second plan asks about no object of its own")
                    .noneMatch(line -> line.contains("/zta-map-"));
        }
        assertThat(reads.get(1)).as("reads for 20 and for 180 more: %s", reads).isLessThanOrEqualTo(reads.get(0) + 2);
        assertThat(written()).hasSize(200);
    }
}
