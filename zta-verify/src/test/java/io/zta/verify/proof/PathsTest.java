package io.zta.verify.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zta.finding.Evidence;
import io.zta.finding.Hop;
import io.zta.intent.Port;
import io.zta.network.Options;
import io.zta.snapshot.Snapshot;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Connections of the record's case, followed through network policies and sidecars. */
class PathsTest {
    private static final String GATEWAY = "istio-system/istio-ingressgateway";

    private static Paths record(String phase) {
        java.nio.file.Path here = java.nio.file.Path.of("").toAbsolutePath();
        java.nio.file.Path examples = here.resolve("../examples/record").normalize();
        return Paths.of(Snapshot.of(examples.resolve(phase)), Options.DEFAULT);
    }

    private static List<String> objects(Path path) {
        return path.hops().stream()
                .flatMap(hop -> hop.because().stream())
                .map(Evidence::object)
                .distinct()
                .toList();
    }

    @Test
    void before_anything_is_applied_a_stranger_reaches_the_application_in_plaintext() {
        Path path = record("phase-0").explain("tools/debug", "default/orders", Port.tcp(8080));
        assertThat(path.outcome()).isEqualTo(Path.Outcome.REACHES);
        assertThat(path.hops())
                .extracting(Hop::what)
                .anySatisfy(what -> assertThat(what)
                        .startsWith("in plaintext at the sidecar of")
                        .endsWith("let through"));
    }

    @Test
    void a_service_port_leads_to_the_pods_port_where_a_workload_has_the_same_name() {
        Path path = record("phase-0").explain("tools/debug", "default/orders", Port.tcp(80));
        assertThat(path.port()).isEqualTo(Port.tcp(8080));
    }

    @Test
    void the_records_own_policy_stops_the_gateway_and_says_what_comes_behind_it() {
        Path path = record("record-manifests").explain(GATEWAY, "default/orders", Port.tcp(8080));
        assertThat(path.outcome()).isEqualTo(Path.Outcome.STOPPED);
        assertThat(objects(path))
                .contains("NetworkPolicy default/deny-direct-access", "PeerAuthentication default/default");
    }

    @Test
    void the_posture_lets_the_gateway_in_by_each_layers_object() {
        Path path = record("posture").explain(GATEWAY, "default/orders", Port.tcp(8080));
        assertThat(path.outcome()).isEqualTo(Path.Outcome.REACHES);
        assertThat(objects(path))
                .contains(
                        "NetworkPolicy default/zta-allow-gateway",
                        "PeerAuthentication default/zta-strict-mtls",
                        "Service default/orders",
                        "AuthorizationPolicy default/zta-allow-gateway");
    }

    @Test
    void under_the_posture_the_gateway_alone_reaches_the_application() {
        assertThat(record("posture").othersThanMayReach("default/orders", 8080, List.of(GATEWAY)))
                .isEmpty();
        assertThat(record("phase-0").othersThanMayReach("default/orders", 8080, List.of(GATEWAY)))
                .extracting(Path::from)
                .anySatisfy(from -> assertThat(from).startsWith("Pod tools/debug"))
                .anySatisfy(from -> assertThat(from).contains("0.0.0.0"));
    }

    /** A workload of two pods, one of which was made before there was a sidecar, and a caller of two pods. */
    private static final Snapshot TWO_AND_TWO = Snapshot.ofText("cluster", """
            {apiVersion: v1, kind: Pod, metadata: {name: orders-a, namespace: shop, labels: {app: orders, new: "yes"},
               ownerReferences: [{kind: ReplicaSet, name: orders, controller: true}]},
             spec: {containers: [{name: a, ports: [{containerPort: 8080}]}]}, status: {phase: Running, podIP: 10.0.0.1}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: orders-b, namespace: shop, labels: {app: orders},
               ownerReferences: [{kind: ReplicaSet, name: orders, controller: true}]},
             spec: {containers: [{name: a, ports: [{containerPort: 8080}]}]}, status: {phase: Running, podIP: 10.0.0.2}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
             spec: {containers: [{name: a}]}, status: {phase: Running, podIP: 10.0.0.3}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: entry, namespace: shop},
             spec: {clusterIP: 10.96.0.9, selector: {app: orders}, ports: [{port: 80, targetPort: 8080}]}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: shop},
             spec: {podSelector: {matchLabels: {new: "yes"}}}}
            """);

    @Test
    void a_workload_is_as_open_as_the_most_open_of_its_pods() {
        Paths paths = Paths.of(TWO_AND_TWO, Options.DEFAULT);
        for (String to : List.of("shop/orders", "shop/entry")) {
            Path path = paths.explain("shop/web", to, Port.tcp(to.endsWith("entry") ? 80 : 8080));
            assertThat(path.outcome()).isEqualTo(Path.Outcome.REACHES);
            assertThat(path.to()).isEqualTo("Pod shop/orders-b");
            assertThat(path.hops().get(0).what()).contains("not alike", "Pod shop/orders-a: stopped");
        }
        assertThat(paths.explain("shop/web", "shop/orders-a", Port.tcp(8080)).outcome())
                .isEqualTo(Path.Outcome.STOPPED);
        assertThat(paths.othersThanMayReach("shop/orders", 8080, List.of("shop/web")))
                .extracting(Path::to)
                .contains("Pod shop/orders-b");
    }

    @Test
    void replicas_of_the_target_are_asked_too() {
        Snapshot within = TWO_AND_TWO.with(Snapshot.ofText("more", """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: within, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: orders}}}]},
                   {from: [{podSelector: {matchLabels: {app: web}}}]}]}}
                """));
        Paths paths = Paths.of(within, Options.DEFAULT);
        assertThat(paths.othersThanMayReach("shop/orders", 8080, List.of("shop/web")))
                .extracting(Path::from)
                .hasSize(1)
                .first(org.assertj.core.api.InstanceOfAssertFactories.STRING)
                .startsWith("Pod shop/orders-");
        assertThat(paths.othersThanMayReach("shop/orders", 8080, List.of("shop/web", "shop/orders")))
                .isEmpty();
    }

    @Test
    void a_statement_about_somebody_who_does_not_get_in_is_refused() {
        assertThatThrownBy(
                        () -> record("record-manifests").othersThanMayReach("default/orders", 8080, List.of(GATEWAY)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(GATEWAY + " itself does not reach default/orders on port 8080: the connection is stopped by"
                        + " network policies.");
    }
}
