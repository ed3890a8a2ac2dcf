package io.zta.istio;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class MeshClaimsTest {
    /** Rules of docs/semantics/mesh.md that these tests cover. */
    static final Set<String> IDS = Set.of("MESH-42", "MESH-43", "MESH-94", "MESH-96", "MESH-97", "MESH-98", "MESH-99");

    private static final Posture POSTURE = ZeroTrust.namespace("shop")
            .strictMtls()
            .onPorts(8080)
            .requireJwt(TokenIssuer.of("https://good").keys("{}"));

    private static final String CLUSTER = """
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop, labels: {istio-injection: enabled}}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
            spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: orders, namespace: shop, labels: {app: orders}, annotations: {sidecar.istio.io/status: "{}"}}
            spec:
              initContainers:
              - {name: istio-init, image: hub/proxyv2:1, args: [istio-iptables, -b, "*", -d, "15090,15021,15020"]}
              - {name: istio-proxy, image: hub/proxyv2:1, restartPolicy: Always, args: [proxy, sidecar]}
              containers: [{name: app, image: app:1, ports: [{containerPort: 8080}]}]
            """;

    private static Snapshot closed(Posture posture) {
        return Snapshot.ofText("cluster", CLUSTER).with(MeshObjectsTest.compiled(posture));
    }

    private static List<ClaimResult> examine(Snapshot snapshot) {
        return new MeshLayer().examine(POSTURE, snapshot);
    }

    private static String verdicts(List<ClaimResult> results) {
        return results.stream()
                .map(result ->
                        result.claim() + " " + result.verdict().getClass().getSimpleName())
                .collect(Collectors.joining(", "));
    }

    private static List<Finding> findings(Snapshot snapshot) {
        return examine(snapshot).stream()
                .map(ClaimResult::verdict)
                .filter(Verdict.Violated.class::isInstance)
                .flatMap(verdict -> ((Verdict.Violated) verdict).findings().stream())
                .toList();
    }

    private static ClaimResult traffic(Snapshot snapshot) {
        return traffic(POSTURE, snapshot);
    }

    private static ClaimResult traffic(Posture posture, Snapshot snapshot) {
        ClaimResult.Collector collector = ClaimResult.collect(Claim.LEGITIMATE_TRAFFIC, "mesh");
        MeshTraffic.examine(posture, snapshot, collector);
        return collector.result();
    }

    @Test
    void the_compiled_objects_prove_every_claim_and_let_the_gateway_in() {
        assertThat(verdicts(examine(closed(POSTURE)))).isEqualTo("PLAINTEXT Proven, IDENTITY Proven, TAMPER Proven");
        assertThat(traffic(closed(POSTURE)).verdict()).isInstanceOf(Verdict.Proven.class);
    }

    @TestFactory
    Stream<DynamicTest> taking_away_any_object_refutes_a_claim() {
        Snapshot snapshot = closed(POSTURE);
        return MeshObjectsTest.compiled(POSTURE)
                .resources()
                .map(object -> DynamicTest.dynamicTest(object.display(), () -> {
                    Resource there = snapshot.find(object.type(), object.namespace(), object.name())
                            .orElseThrow();
                    Snapshot without = snapshot.without(there);
                    boolean proven =
                            verdicts(examine(without)).equals("PLAINTEXT Proven, IDENTITY Proven, TAMPER Proven")
                                    && traffic(without).verdict() instanceof Verdict.Proven;
                    assertThat(proven)
                            .as("still proven without " + object.display())
                            .isFalse();
                }));
    }

    private static void opens(String bypass, String more) {
        assertThat(findings(closed(POSTURE).with(Snapshot.ofText("more", more))))
                .as(bypass)
                .anySatisfy(finding -> {
                    assertThat(finding.bypass()).isEqualTo(bypass);
                    assertThat(finding.witness()).isNotEmpty();
                    assertThat(finding.evidence()).isNotEmpty();
                });
    }

    @Test
    void a_second_allow_is_caught_by_the_guard_and_a_missing_guard_is_named() {
        Snapshot snapshot = closed(POSTURE);
        Snapshot open = snapshot.without(
                snapshot.find(io.zta.snapshot.GroupKind.AUTHORIZATION_POLICY, "shop", "zta-guard-identity")
                        .orElseThrow());
        assertThat(findings(open)).extracting(Finding::id).contains("ZTA-MESH-016");
    }

    @Test
    void each_way_around_the_sidecar_is_found_with_its_witness() {
        opens(
                "MESH-port",
                "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: w, namespace: shop}\n"
                        + "spec: {selector: {matchLabels: {app: orders}}, portLevelMtls: {'8080': {mode: PERMISSIVE}}}\n");
        opens(
                "MESH-plaintext",
                "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: w, namespace: shop}\n"
                        + "spec: {selector: {matchLabels: {app: orders}}, mtls: {mode: DISABLE}}\n");
        opens(
                "MESH-issuer",
                "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: w, namespace: shop}\n"
                        + "spec: {jwtRules: [{issuer: 'https://good', jwks: '{other}'}]}\n");
        opens(
                "MESH-config",
                "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: f, namespace: shop}\n"
                        + "spec: {configPatches: [{applyTo: HTTP_FILTER, match: {listener: {name: envoy.filters.http.rbac}}, patch: {operation: REMOVE}}]}\n");
        opens(
                "MESH-nosidecar",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: shop}\nspec: {containers: [{name: a}]}\n");
        opens(
                "MESH-capture",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\nspec: {template: {metadata:"
                        + " {annotations: {traffic.sidecar.istio.io/excludeInboundPorts: '8080'}}, spec: {containers: [{name: a}]}}}\n");
        opens(
                "MESH-image",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\nspec: {template: {metadata:"
                        + " {annotations: {sidecar.istio.io/proxyImage: 'evil:1'}}, spec: {containers: [{name: a}]}}}\n");
    }

    @Test
    void MESH_42_a_container_that_can_rewrite_the_redirection_is_found() {
        opens(
                "MESH-netadmin",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\nspec: {template: {spec:"
                        + " {containers: [{name: a, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}}}\n");
    }

    @Test
    void MESH_43_a_container_of_the_proxys_user_is_noted() {
        for (String spec : List.of(
                "{containers: [{name: a, securityContext: {runAsUser: 1337}}]}",
                "{securityContext: {runAsGroup: 1337}, containers: [{name: a}]}")) {
            Snapshot snapshot = closed(POSTURE)
                    .with(Snapshot.ofText(
                            "x",
                            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, namespace: shop}\nspec: {template: {spec: "
                                    + spec + "}}\n"));
            assertThat(new MeshLayer().notes(POSTURE, snapshot))
                    .anySatisfy(note -> assertThat(note.bypass()).isEqualTo("MESH-netadmin"));
        }
        assertThat(new MeshLayer().notes(POSTURE, closed(POSTURE)))
                .noneSatisfy(note -> assertThat(note.bypass()).isEqualTo("MESH-netadmin"));
    }

    @Test
    void one_pod_of_a_workload_whose_proxy_is_turned_off_is_found() {
        String more = "";
        for (String value : List.of("\"false\"", "\"true\"")) {
            more += CLUSTER.substring(CLUSTER.lastIndexOf("---"))
                    .replace(
                            "name: orders,",
                            "name: orders-" + value.length()
                                    + ", ownerReferences: [{kind: ReplicaSet, name: r, controller: true}],")
                    .replace(
                            "args: [proxy, sidecar]",
                            "env: [{name: DISABLE_ENVOY, value: " + value + "}], args: [proxy, sidecar]");
        }
        Snapshot both = closed(POSTURE).with(Snapshot.ofText("more", more));
        assertThat(both.damages()).isEmpty();
        assertThat(findings(both)).extracting(Finding::bypass).contains("MESH-capture");
    }

    @Test
    void MESH_96_a_pod_that_runs_as_the_gateway_without_being_it_is_found() {
        opens(
                "MESH-worn",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: istio-system}\n"
                        + "spec: {serviceAccountName: istio-ingressgateway-service-account, containers: [{name: a}]}\n");
    }

    @Test
    void MESH_97_a_binding_that_only_warns_refutes_the_rule_on_pods() {
        String yaml = MeshObjectsTest.yaml(POSTURE)
                .replace("- Deny\n", "- Warn\n")
                .replace("validationActions:\n  - Deny", "validationActions:\n  - Warn");
        Snapshot weak = Snapshot.ofText("cluster", CLUSTER).with(Snapshot.ofText("c", yaml));
        assertThat(findings(weak)).extracting(Finding::id).contains("ZTA-MESH-021");
    }

    @Test
    void MESH_98_a_route_of_another_namespace_is_noted() {
        Snapshot routed = closed(POSTURE)
                .with(Snapshot.ofText(
                        "route",
                        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: r, namespace: evil}\nspec: {gateways: [evil/g],"
                                + " http: [{route: [{destination: {host: orders.shop.svc.cluster.local}}]}]}\n"));
        assertThat(new MeshLayer().notes(POSTURE, routed))
                .extracting(Finding::bypass)
                .containsOnlyOnce("MESH-route");
        assertThat(new MeshLayer().notes(POSTURE, closed(POSTURE)))
                .extracting(Finding::bypass)
                .doesNotContain("MESH-route");
    }

    @Test
    void MESH_94_an_allowed_port_that_no_service_leads_to_is_unknown() {
        Posture posture = ZeroTrust.namespace("shop")
                .strictMtls()
                .allowFrom(Workload.labelled("app", "web"))
                .onPort(8080);
        Snapshot unserved = Snapshot.ofText(
                        "cluster", CLUSTER.replace("selector: {app: orders}", "selector: {app: other}"))
                .with(MeshObjectsTest.compiled(posture));
        assertThat(unserved.damages()).isEmpty();
        assertThat(traffic(posture, unserved).verdict())
                .isInstanceOfSatisfying(
                        Verdict.Unknown.class,
                        unknown -> assertThat(unknown.doubts())
                                .anySatisfy(doubt -> assertThat(doubt.reason())
                                        .contains("no Service leads to shop/orders TCP 8080")));
        Snapshot served = Snapshot.ofText("cluster", CLUSTER).with(MeshObjectsTest.compiled(posture));
        assertThat(traffic(posture, served).verdict().toString()).doesNotContain("no Service leads to");
    }

    @Test
    void MESH_99_a_destination_rule_without_the_meshs_mtls_blocks_the_gateway() {
        Snapshot ruled = closed(POSTURE)
                .with(Snapshot.ofText(
                        "rule",
                        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: shop}\n"
                                + "spec: {host: orders, trafficPolicy: {tls: {mode: DISABLE}}}\n"));
        assertThat(traffic(ruled).verdict()).isInstanceOf(Verdict.Violated.class);
    }

    @Test
    void a_port_turned_to_plain_tcp_stays_closed_and_blocks_the_gateway() {
        Snapshot renamed = Snapshot.ofText("cluster", CLUSTER.replace("name: http", "name: tcp"))
                .with(MeshObjectsTest.compiled(POSTURE));
        assertThat(verdicts(examine(renamed))).isEqualTo("PLAINTEXT Proven, IDENTITY Proven, TAMPER Proven");
        assertThat(traffic(renamed).verdict()).isInstanceOf(Verdict.Violated.class);
    }
}
