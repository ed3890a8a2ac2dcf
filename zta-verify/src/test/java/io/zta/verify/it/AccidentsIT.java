package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What each gate is there for, on a real cluster: the gate names the accident and nothing is written; with that gate
 * overridden the accident happens, and rolled back it is over.
 */
class AccidentsIT {
    private static Scene scene;

    @BeforeAll
    static void open() {
        scene = new Scene("zta-acc");
        for (String name : List.of("legacy", "scraper")) {
            scene.create("""
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: %1$s, namespace: %2$s, labels: {app: %1$s}}
                    spec:
                      terminationGracePeriodSeconds: 1
                      containers:
                      - name: app
                        image: zta.test/agnhost:1
                        imagePullPolicy: Never
                        command: [agnhost, netexec, --http-port=8080]
                        env: [{name: ORDERS_URL, value: "http://orders.%3$s/api"}]
                        ports: [{containerPort: 8080}]
                        readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
                    """.formatted(name, scene.outside, scene.namespace));
        }
        scene.awaitReady(scene.outside, "app=legacy");
        scene.awaitReady(scene.outside, "app=scraper");
    }

    @AfterAll
    static void close() {
        if (scene != null) {
            for (int run = 0; run < 4; run++) {
                try {
                    applier().rollback(ZeroTrust.namespace(scene.namespace).denyDirectAccess());
                } catch (ApplyException e) {
                    break; // nothing is left to roll back
                }
            }
            Leftovers.remove(scene.admin, scene.namespace);
            scene.close();
        }
    }

    private static Applier applier() {
        return Applier.with(scene.admin)
                .withPatience(Duration.ofMillis(500), Duration.ofSeconds(20))
                .withLease(scene.namespace, Duration.ofSeconds(10));
    }

    /** Whether that pod outside the mesh gets an answer from orders. */
    private static boolean served(String app) {
        String address = scene.pod(scene.outside, "app=" + app).getStatus().getPodIP();
        String request = "GET /dial?host=orders." + scene.namespace
                + "&port=80&protocol=http&tries=1&request=hostname HTTP/1.1\r\nHost: legacy\r\nConnection: close\r\n\r\n";
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 8080), 3000);
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1)
                    .contains("\"responses\":[\"orders-");
        } catch (IOException e) {
            throw new AssertionError("the pod " + app + " does not answer the node", e);
        }
    }

    private static String exec() {
        try (KubernetesClient ci = LiveCluster.as(
                "system:serviceaccount:" + scene.namespace + ":ci",
                "system:serviceaccounts",
                "system:serviceaccounts:" + scene.namespace,
                "system:authenticated")) {
            String pod = scene.pod(scene.namespace, "app=orders").getMetadata().getName();
            return Scene.exec(ci, scene.namespace, pod, "app", "echo", "inside");
        } catch (KubernetesClientException e) {
            return "refused: " + e.getMessage();
        }
    }

    /**
     * The gates name the accident, with that evidence, and nothing is written; with them and those that other tests of the
     * same cluster concern overridden, the accident happens; rolled back, it is over.
     */
    private static void accident(
            Posture posture, List<String> gates, List<String> evidence, String what, Supplier<Boolean> works) {
        Scene.await("before: " + what, works);
        Plan stopped = Planner.plan(posture, scene.admin, PlanOptions.none());
        for (int i = 0; i < gates.size(); i++) {
            assertThat(stopped.gate(gates.get(i)).refused())
                    .as(stopped.toText())
                    .isTrue();
            assertThat(stopped.gate(gates.get(i)).evidence().toString()).contains(evidence.get(i));
        }
        ApplyException refused =
                catchThrowableOfType(ApplyException.class, () -> applier().apply(stopped));
        assertThat(refused.reason()).isEqualTo(ApplyException.Reason.GATE);
        assertThat(Planner.plan(posture, scene.admin, PlanOptions.none()).changes())
                .as("nothing was written")
                .hasSameSizeAs(stopped.changes());
        assertThat(works.get()).as("stopped by the gate: " + what).isTrue();

        PlanOptions overridden = PlanOptions.none().overriding("APPLY-16").overriding("APPLY-19");
        for (String gate : gates) {
            overridden = overridden.overriding(gate);
        }
        Plan plan = Planner.plan(posture, scene.admin, overridden);
        assertThat(plan.refused()).as(plan.toText()).isEmpty();
        try {
            applier().apply(plan);
            Scene.await("the accident: no more " + what, Duration.ofSeconds(30), () -> !works.get());
        } finally {
            applier().rollback(posture);
        }
        Scene.await("after: " + what, works);
        assertThat(scene.admin
                        .network()
                        .v1()
                        .networkPolicies()
                        .inNamespace(scene.namespace)
                        .list()
                        .getItems())
                .as("what was rolled back leaves nothing")
                .isEmpty();
    }

    @Test
    void a_flow_in_use_is_cut_off() {
        accident(
                ZeroTrust.namespace(scene.namespace).denyDirectAccess().upTo(Phase.NETWORK),
                List.of("APPLY-03"),
                List.of(scene.outside + "/legacy[Pod] -> " + scene.namespace + "/orders[Deployment]"),
                "legacy is served",
                () -> served("legacy"));
    }

    @Test
    void a_scraper_is_cut_off() {
        annotate("true");
        try {
            accident(
                    ZeroTrust.namespace(scene.namespace).denyDirectAccess().upTo(Phase.NETWORK),
                    List.of("APPLY-16", "APPLY-03"),
                    List.of(scene.outside + "/scraper[Pod] -> " + scene.namespace + "/orders[Deployment]", "legacy"),
                    "metrics of orders are scraped",
                    () -> served("scraper"));
        } finally {
            annotate("false");
        }
    }

    private static void annotate(String scraped) {
        Pod pod = scene.pod(scene.namespace, "app=orders");
        scene.admin.resource(pod).edit(edited -> {
            edited.getMetadata().getAnnotations().put("prometheus.io/scrape", scraped);
            return edited;
        });
    }

    @Test
    void a_client_without_a_sidecar_is_refused_by_strict_mtls() {
        accident(
                ZeroTrust.namespace(scene.namespace).strictMtls().upTo(Phase.MESH),
                List.of("APPLY-05"),
                List.of(scene.outside + "/legacy"),
                "legacy is served in plaintext",
                () -> served("legacy"));
    }

    @Test
    void no_meshed_pod_starts_again_under_pod_security() {
        accident(
                ZeroTrust.namespace(scene.namespace)
                        .denyDirectAccess()
                        .strictMtls()
                        .podSecurity(PodSecurity.BASELINE)
                        .upTo(Phase.NETWORK),
                List.of("APPLY-15", "APPLY-03"),
                List.of("istio-init", "legacy"),
                "a meshed pod is let in",
                () -> {
                    try {
                        scene.admin
                                .resource(Serialization.<HasMetadata>unmarshal("""
                                        apiVersion: v1
                                        kind: Pod
                                        metadata: {name: fresh, namespace: %s, labels: {app: fresh}}
                                        spec: {containers: [{name: app, image: "zta.test/agnhost:1"}]}
                                        """.formatted(scene.namespace)))
                                .dryRun()
                                .create();
                        return true;
                    } catch (KubernetesClientException e) {
                        assertThat(e).hasMessageContaining("PodSecurity");
                        return false;
                    }
                });
    }

    @Test
    void a_pipeline_that_lives_on_exec_loses_it() {
        accident(
                ZeroTrust.namespace(scene.namespace).noExecFor("developers").withoutGuard(),
                List.of("APPLY-22", "APPLY-10"),
                List.of("ServiceAccount " + scene.namespace + "/ci", "developers-edit"),
                "ci gets into orders",
                () -> exec().contains("inside"));
    }

    @Test
    void a_guard_that_forgets_the_control_plane_keeps_its_namespace_terminating() {
        KubernetesClient admin = scene.admin;
        String doomed = LiveCluster.scratchNamespace(admin, "zta-acc-gone", java.util.Map.of());
        String name = "zta-test-guard-" + doomed;
        Posture posture = ZeroTrust.namespace(doomed).noExecFor("developers-of-" + doomed);
        List<Compiled> guard = List.of(compiled("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: %1$s}
                spec:
                  failurePolicy: Fail
                  matchConstraints:
                    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %2$s}}
                    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [configmaps]}]
                  validations: [{expression: "'system:masters' in request.userInfo.groups", message: kept}]
                """, name, doomed), compiled("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: %1$s}
                spec: {policyName: %1$s, validationActions: [Deny]}
                """, name, doomed));
        try {
            Plan plan = ApplySeam.plan(posture, guard, admin, PlanOptions.none());
            assertThat(plan.gate("APPLY-17").refused()).as(plan.toText()).isTrue();
            ApplyException stopped =
                    catchThrowableOfType(ApplyException.class, () -> applier().apply(plan));
            assertThat(stopped.reason()).isEqualTo(ApplyException.Reason.GATE);

            // Without the gate, by hand.
            guard.forEach(part -> admin.resource(part.object()).serverSideApply());
            Scene.await("the guard is in force", () -> refusesDelete(doomed));
            admin.namespaces().withName(doomed).delete();
            Scene.await(
                    "the namespace can't be emptied",
                    () -> admin.namespaces().withName(doomed).get().getStatus().getConditions().stream()
                            .anyMatch(condition -> condition.getType().equals("NamespaceDeletionContentFailure")
                                    && condition.getStatus().equals("True")));
        } finally {
            guard.forEach(part -> admin.resource(part.object()).delete());
            Leftovers.remove(admin, doomed);
        }
        Scene.await(
                "the namespace goes", () -> admin.namespaces().withName(doomed).get() == null);
    }

    private static boolean refusesDelete(String namespace) {
        try (KubernetesClient controller = LiveCluster.as(
                "system:serviceaccount:kube-system:namespace-controller",
                "system:serviceaccounts",
                "system:authenticated")) {
            controller
                    .configMaps()
                    .inNamespace(namespace)
                    .withName("kube-root-ca.crt")
                    .dryRun()
                    .delete();
            return false;
        } catch (KubernetesClientException e) {
            return String.valueOf(e.getMessage()).contains("kept");
        }
    }

    private static Compiled compiled(String yaml, String name, String namespace) {
        return new Compiled(Serialization.<HasMetadata>unmarshal(yaml.formatted(name, namespace)), Phase.API, true);
    }
}
