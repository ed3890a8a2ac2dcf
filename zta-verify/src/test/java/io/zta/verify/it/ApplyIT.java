package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.verify.apply.Applied;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Change;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.Planner;
import io.zta.verify.apply.ReviewedPlan;
import io.zta.verify.apply.StepProbe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The mechanics of plan, apply and rollback on a real API server, with objects that need no other layer. */
class ApplyIT {
    private KubernetesClient client;
    private String namespace;

    @BeforeEach
    void open() {
        client = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(client, "zta-apply", Map.of());
    }

    @AfterEach
    void close() {
        Leftovers.remove(client, namespace);
        client.close();
    }

    private Posture posture(Phase phase) {
        return ZeroTrust.namespace(namespace).denyDirectAccess().upTo(phase);
    }

    private NetworkPolicy policy(String name, boolean allows) {
        var builder = new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels("app.kubernetes.io/managed-by", "zta")
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .endPodSelector()
                .addToPolicyTypes("Ingress");
        return allows
                ? builder.addNewIngress()
                        .addNewPort()
                        .withProtocol("TCP")
                        .withNewPort(8080)
                        .endPort()
                        .endIngress()
                        .endSpec()
                        .build()
                : builder.endSpec().build();
    }

    private ConfigMap map(String name, Map<String, String> data) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withData(data)
                .build();
    }

    private List<Compiled> network() {
        return List.of(
                new Compiled(policy("zta-allow", true), Phase.NETWORK, false),
                new Compiled(policy("zta-deny", false), Phase.NETWORK, true));
    }

    private Plan plan(Phase phase, List<Compiled> compiled) {
        return ApplySeam.plan(posture(phase), compiled, client, ApplySeam.mechanicsOnly());
    }

    private Applier applier() {
        return Applier.with(client)
                .withPatience(Duration.ZERO, Duration.ofSeconds(5))
                .withLease("test", Duration.ofSeconds(2));
    }

    @Test
    void the_second_plan_is_empty_and_phase_0_takes_everything_away_again() {
        Plan first = plan(Phase.NETWORK, network());
        assertThat(first.steps().stream().map(step -> step.id()))
                .containsExactly("network/hold-open", "network/allow", "network/restrict", "network/cut-over");
        assertThat(policies()).as("planning writes nothing").isEmpty();

        Applied applied = applier().apply(first);
        assertThat(applied.phase()).isEqualTo(Phase.NETWORK);
        assertThat(policies()).containsExactly("zta-allow", "zta-deny");

        Plan second = plan(Phase.NETWORK, network());
        assertThat(second.isEmpty()).as(second.toText()).isTrue();
        assertThat(second.from()).containsEntry(namespace, Phase.NETWORK);
        assertThat(applier().apply(second).steps()).isEmpty();

        Plan back = plan(Phase.OBSERVE, network());
        assertThat(back.steps().stream().map(step -> step.id()))
                .containsExactly("network/hold-open", "network/unrestrict", "network/disallow", "network/cut-over");
        assertThat(applier().apply(back).phase()).isEqualTo(Phase.OBSERVE);
        assertThat(policies()).isEmpty();
        assertThat(plan(Phase.OBSERVE, network()).isEmpty()).isTrue();
    }

    @Test
    void an_object_that_rollback_made_again_is_ours_still() {
        applier().apply(plan(Phase.NETWORK, network()));
        assertThat(applier().rollback(posture(Phase.NETWORK)).toString()).doesNotContain("is left");
        assertThat(policies()).as("all is taken back").isEmpty();

        Applied applied = applier().apply(plan(Phase.NETWORK, network()));
        String cutOver = applied.steps().get(applied.steps().size() - 1);
        applier().rollback(posture(Phase.NETWORK), Integer.parseInt(cutOver.split(" ")[0]));
        assertThat(policies()).as("held open again").contains("zta-hold-open");
        applier().apply(plan(Phase.NETWORK, network()));
        assertThat(policies()).containsExactly("zta-allow", "zta-deny");
        applier().rollback(posture(Phase.NETWORK), 1);
        assertThat(policies()).isEmpty();
    }

    private List<String> policies() {
        return client.network().v1().networkPolicies().inNamespace(namespace).list().getItems().stream()
                .map(policy -> policy.getMetadata().getName())
                .sorted()
                .toList();
    }

    @Test
    void an_object_that_was_there_before_is_changed_field_by_field_and_rolled_back_exactly() {
        ConfigMap before =
                client.resource(map("shared", Map.of("a", "1", "b", "2"))).create();
        List<Compiled> compiled =
                List.of(new Compiled(map("shared", Map.of("b", "3", "c", "4")), Phase.NETWORK, false));

        Plan conflicting = plan(Phase.NETWORK, compiled);
        assertThat(conflicting.gate("APPLY-11").refused()).isTrue();
        assertThat(conflicting.objections().conflicts()).singleElement().satisfies(conflict -> {
            assertThat(conflict.field()).isEqualTo(".data.b");
            assertThat(conflict.manager()).startsWith("fabric8");
        });
        ApplyException refused =
                catchThrowableOfType(ApplyException.class, () -> applier().apply(conflicting));
        assertThat(refused.reason()).isEqualTo(ApplyException.Reason.GATE);

        Plan forced = ApplySeam.plan(
                posture(Phase.NETWORK),
                compiled,
                client,
                ApplySeam.mechanicsOnly().forcing("ConfigMap " + namespace + "/shared"));
        Change change = forced.changes().get(0);
        assertThat(change.action()).isEqualTo(Change.Action.CHANGE);
        assertThat(change.fields().toString()).contains("data.b: \"2\" -> \"3\"", "data.c: absent -> \"4\"");
        applier().apply(forced);
        assertThat(shared().getData()).containsExactlyInAnyOrderEntriesOf(Map.of("a", "1", "b", "3", "c", "4"));

        applier().rollback(posture(Phase.NETWORK));
        assertThat(shared().getData()).isEqualTo(before.getData());
        assertThat(shared().getMetadata().getUid())
                .isEqualTo(before.getMetadata().getUid());
        assertThat(Optional.ofNullable(shared().getMetadata().getLabels()).orElse(Map.of()))
                .isEmpty();

        Plan again = ApplySeam.plan(
                posture(Phase.NETWORK),
                compiled,
                client,
                ApplySeam.mechanicsOnly().forcing("ConfigMap " + namespace + "/shared"));
        applier().apply(again);
        client.resource(map("shared", Map.of("d", "5"))).fieldManager("someone").serverSideApply();
        Plan pruned = plan(Phase.OBSERVE, List.of());
        assertThat(pruned.changes().get(0).action()).isEqualTo(Change.Action.RESTORE);
        applier().apply(pruned);
        assertThat(shared().getData())
                .as("what somebody added since stays")
                .containsExactlyInAnyOrderEntriesOf(Map.of("a", "1", "b", "2", "d", "5"));
    }

    private ConfigMap shared() {
        return client.configMaps().inNamespace(namespace).withName("shared").get();
    }

    @Test
    void a_cluster_that_moved_since_the_plan_is_not_written() {
        Plan plan = plan(Phase.NETWORK, network());
        client.resource(policy("somebody-elses", true)).create();
        ApplyException moved =
                catchThrowableOfType(ApplyException.class, () -> applier().apply(plan));
        assertThat(moved.reason()).isEqualTo(ApplyException.Reason.MOVED);
        assertThat(moved.details())
                .containsExactly("NetworkPolicy " + namespace + "/somebody-elses: was absent, is there");
        assertThat(policies()).containsExactly("somebody-elses");
    }

    @Test
    void a_plan_that_was_reviewed_as_a_file_is_applied_as_it_is_or_not_at_all() {
        Posture posture = posture(Phase.NETWORK);
        String file = Planner.plan(posture, client, ApplySeam.mechanicsOnly()).toJson();
        String edited = file.replaceFirst("zta-default-deny", "zta-other");
        ApplyException other = catchThrowableOfType(
                ApplyException.class,
                () -> ReviewedPlan.parse("edited.json", edited).confirm(client));
        assertThat(other.reason()).isEqualTo(ApplyException.Reason.MOVED);
        assertThat(other.details().toString()).contains("zta-other");

        Plan plan = ReviewedPlan.parse("plan.json", file).confirm(client);
        assertThat(plan.toJson()).isEqualTo(file);
        applier().apply(plan);
        assertThat(policies()).isNotEmpty();
        ApplyException moved = catchThrowableOfType(
                ApplyException.class,
                () -> ReviewedPlan.parse("plan.json", file).confirm(client));
        assertThat(moved.reason()).isEqualTo(ApplyException.Reason.MOVED);
        assertThat(moved).hasMessageContaining("plan.json is not the plan of now; nothing was written");
        applier().rollback(posture);
        assertThat(policies()).isEmpty();
    }

    @Test
    void pruning_leaves_an_object_that_somebody_made_again() {
        applier().apply(plan(Phase.NETWORK, network()));
        client.resource(policy("zta-deny", false)).delete();
        client.resource(policy("zta-deny", false)).create();
        Plan back = plan(Phase.OBSERVE, List.of());
        assertThat(back.gate("APPLY-12").evidence().toString())
                .contains("zta-deny is left: it is not the one we wrote");
        applier().apply(back);
        assertThat(policies()).containsExactly("zta-deny");
    }

    @Test
    void a_step_after_which_something_no_longer_works_is_undone() {
        List<Boolean> broken = new ArrayList<>();
        StepProbe probe = (posture, step, anyClient) -> List.of(new StepProbe.Observation(
                "the shop answers",
                true,
                policies().contains("zta-deny") ? StepProbe.Seen.DENIED : StepProbe.Seen.ALLOWED,
                "asked for zta-deny"));
        Plan plan = plan(Phase.NETWORK, network());
        ApplyException undone = catchThrowableOfType(
                ApplyException.class,
                () -> applier()
                        .withPatience(Duration.ZERO, Duration.ofSeconds(1))
                        .withProbe(probe)
                        .apply(plan));
        assertThat(broken).isEmpty();
        assertThat(undone.reason()).isEqualTo(ApplyException.Reason.UNDONE);
        assertThat(undone).hasMessageContaining("Step 3 (network/restrict) was undone");
        assertThat(undone.details()).containsExactly("the shop answers: denied (asked for zta-deny)");
        assertThat(policies()).containsExactly("zta-allow", "zta-hold-open");
        applier().rollback(posture(Phase.NETWORK));
        assertThat(policies()).isEmpty();
    }

    @Test
    void of_two_appliers_at_once_one_is_told_who_holds_the_lease() throws Exception {
        Plan plan = plan(Phase.NETWORK, network());
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        StepProbe slow = (posture, step, anyClient) -> {
            inside.countDown();
            try {
                leave.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return List.of();
        };
        List<Throwable> failures = new ArrayList<>();
        Thread first = new Thread(() -> {
            try {
                applier()
                        .withLease("first", Duration.ofSeconds(2))
                        .withProbe(slow)
                        .apply(plan);
            } catch (RuntimeException e) {
                failures.add(e);
            }
        });
        first.start();
        assertThat(inside.await(60, TimeUnit.SECONDS)).isTrue();
        ApplyException held = catchThrowableOfType(
                ApplyException.class,
                () -> applier().withLease("second", Duration.ofSeconds(2)).apply(plan));
        assertThat(held.reason()).isEqualTo(ApplyException.Reason.HELD);
        assertThat(held).hasMessageContaining("first holds Lease zta-system/zta-applier");
        leave.countDown();
        first.join(60_000);
        assertThat(failures).isEmpty();
        assertThat(policies()).containsExactly("zta-allow", "zta-deny");
    }

    @Test
    void an_inventory_beyond_the_limit_of_an_object_is_split_and_read_back() {
        List<Compiled> compiled = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            compiled.add(new Compiled(
                    map("big-" + i, Map.of("text", ("é" + i).repeat(150_000))), Phase.NETWORK, false));
        }
        applier().apply(plan(Phase.NETWORK, compiled));
        assertThat(plan(Phase.NETWORK, compiled).isEmpty()).isTrue();
        long parts = client
                .configMaps()
                .inNamespace("zta-system")
                .withLabel("zta.io/inventory", namespace)
                .list()
                .getItems()
                .stream()
                .filter(map -> map.getData().containsKey("part"))
                .count();
        assertThat(parts).isGreaterThan(3);
        applier().rollback(posture(Phase.NETWORK));
        assertThat(client.configMaps().inNamespace(namespace).list().getItems().stream()
                        .map(map -> map.getMetadata().getName()))
                .noneMatch(name -> name.startsWith("big-"));
    }
}
