package io.zta.istio;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Severity;
import io.zta.finding.Verdict;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class MeshClaimsTest {
    /** Rules of docs/semantics/mesh.md that these tests cover. */
    static final Set<String> IDS =
            Set.of("MESH-42", "MESH-43", "MESH-46", "MESH-94", "MESH-96", "MESH-97", "MESH-98", "MESH-99");

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

    /** The posture's objects, each of a kind put onto the pods of one label instead of the namespace. */
    private static Snapshot byLabel(String kind) {
        Snapshot all = closed(POSTURE);
        Node selector = Node.object(Map.of("matchLabels", Node.object(Map.of("app", Node.text("orders")))));
        for (Resource policy : all.resources(new GroupKind("security.istio.io", kind), "shop")) {
            Map<String, Node> spec = new LinkedHashMap<>(policy.spec().fields());
            spec.put("selector", selector);
            Map<String, Node> tree = new LinkedHashMap<>(policy.tree().fields());
            tree.put("spec", Node.object(spec));
            all = all.with(List.of(Resource.of(Node.object(tree), policy.origin())));
        }
        return all;
    }

    @Test
    void a_workload_of_a_kind_that_is_not_read_leaves_no_proof() {
        Snapshot more = closed(POSTURE).with(Snapshot.ofText("more", """
                apiVersion: serving.knative.dev/v1
                kind: Service
                metadata: {name: k, namespace: shop}
                spec: {template: {spec: {containers: [{image: "a:1"}]}}}
                """));
        assertThat(verdicts(examine(closed(POSTURE)))).contains("PLAINTEXT Proven", "IDENTITY Proven");
        assertThat(verdicts(examine(more))).contains("PLAINTEXT Unknown", "IDENTITY Unknown");
    }

    @Test
    void no_two_kinds_of_findings_share_an_id() {
        assertThat(MeshFinding.values())
                .extracting(kind ->
                        kind.of(Severity.NOTE, "", "", List.of(), List.of()).id())
                .doesNotHaveDuplicates();
    }

    @TestFactory
    Stream<DynamicTest> policies_that_select_by_label_leave_out_a_pod_without_it() {
        return Stream.of("PeerAuthentication", "AuthorizationPolicy")
                .map(kind -> DynamicTest.dynamicTest(
                        kind,
                        () -> assertThat(findings(byLabel(kind))).anySatisfy(finding -> {
                            assertThat(finding.id()).isEqualTo("ZTA-MESH-018");
                            assertThat(finding.bypass()).isEqualTo("NET-label");
                        })));
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
    void a_container_passes_for_the_injectors_only_in_its_place() {
        for (String list : List.of("containers", "ephemeralContainers")) {
            for (String name : List.of("istio-init", "istio-validation")) {
                opens(
                        "MESH-netadmin",
                        pod(
                                "",
                                list + ": [{name: " + name + ", image: hub/proxyv2:1, args: [istio-iptables, -b, '*'],"
                                        + " securityContext: {privileged: true}}]"));
            }
        }
        opens(
                "MESH-netadmin",
                pod(
                        ", {name: istio-validation, image: hub/proxyv2:1, command: [sh], securityContext: {privileged: true}}",
                        "containers: []"));
        opens("MESH-netadmin", pod("", "containers: [{name: a, securityContext: {capabilities: {add: [CAP_BPF]}}}]"));
        assertThat(
                        verdicts(
                                examine(
                                        closed(POSTURE)
                                                .with(
                                                        Snapshot.ofText(
                                                                "x",
                                                                CLUSTER.substring(CLUSTER.lastIndexOf("---"))
                                                                        .replace(
                                                                                "image: hub/proxyv2:1, args: [istio-iptables",
                                                                                "image: hub/proxyv2:1, securityContext: {capabilities: {add: [NET_ADMIN]}}, args: [istio-iptables"))))))
                .isEqualTo("PLAINTEXT Proven, IDENTITY Proven, TAMPER Proven");
    }

    /** The pod of the cluster with more init containers, and other fields. */
    private static String pod(String init, String fields) {
        return "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: shop, annotations: {sidecar.istio.io/status: '{}'}}\n"
                + "spec:\n  initContainers: [{name: istio-init, image: hub/proxyv2:1, args: [istio-iptables, -b, '*', -d, '15020']},"
                + " {name: istio-proxy, image: hub/proxyv2:1, restartPolicy: Always, args: [proxy, sidecar]}" + init
                + "]\n  " + fields + "\n";
    }

    @Test
    void MESH_49_ports_among_the_sidecars_own_that_it_does_not_take_are_looked_at() {
        opens(
                "MESH-port",
                "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: w, namespace: shop}\n"
                        + "spec: {selector: {matchLabels: {app: orders}}, portLevelMtls: {'15033': {mode: PERMISSIVE}}}\n");
        opens("MESH-capture", pod("", "containers: [{name: a, ports: [{containerPort: 15008}]}]"));
        opens(
                "MESH-capture",
                "apiVersion: v1\nkind: Service\nmetadata: {name: tunnel, namespace: shop}\n"
                        + "spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 15008}]}\n");
    }

    private static final String NET = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
            + "metadata: {name: only-tcp, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress], ingress: [%s]}\n";

    @Test
    void MESH_46_a_port_that_is_not_TCP_is_open_past_the_sidecar() {
        for (String protocol : List.of("UDP", "SCTP")) {
            String declared = CLUSTER.replace(
                    "[{containerPort: 8080}]",
                    "[{containerPort: 8080}, {containerPort: 5353, protocol: " + protocol + "}]");
            String served = CLUSTER
                    + "---\napiVersion: v1\nkind: Service\nmetadata: {name: dns, namespace: shop}\nspec: {selector:"
                    + " {app: orders}, ports: [{port: 53, targetPort: 5353, protocol: " + protocol + "}]}\n";
            for (String cluster : List.of(declared, served)) {
                Snapshot open = Snapshot.ofText("cluster", cluster).with(MeshObjectsTest.compiled(POSTURE));
                assertThat(open.damages()).isEmpty();
                assertThat(verdicts(examine(open))).isEqualTo("PLAINTEXT Violated, IDENTITY Violated, TAMPER Proven");
                assertThat(findings(open)).allSatisfy(finding -> {
                    assertThat(finding.bypass()).isEqualTo("MESH-udp");
                    assertThat(finding.title()).contains("takes " + protocol + " 5353 past its sidecar");
                    assertThat(finding.witness().get(0).toString()).contains("0.0.0.0");
                });
                assertThat(verdicts(examine(open.with(
                                Snapshot.ofText("np", NET.formatted("{ports: [{port: 8080, protocol: TCP}]}"))))))
                        .isEqualTo("PLAINTEXT Proven, IDENTITY Proven, TAMPER Proven");
                assertThat(verdicts(examine(open.with(Snapshot.ofText(
                                "np",
                                NET.formatted("{from: [{podSelector: {}}], ports: [{port: 5353, protocol: " + protocol
                                                + "}]}")
                                        + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n"
                                        + "spec: {containers: [{name: a}]}\n")))))
                        .startsWith("PLAINTEXT Violated, IDENTITY Violated");
            }
        }
    }

    @Test
    void MESH_46_a_number_that_is_allowed_for_TCP_is_open_for_UDP() {
        Snapshot open = Snapshot.ofText(
                        "cluster",
                        CLUSTER.replace(
                                "[{containerPort: 8080}]",
                                "[{containerPort: 8080}, {containerPort: 8080, protocol: UDP}]"))
                .with(MeshObjectsTest.compiled(POSTURE));
        assertThat(findings(open)).extracting(Finding::bypass).containsOnly("MESH-udp");
    }

    @Test
    void MESH_46_what_other_policies_let_in_is_unknown() {
        Snapshot closed = Snapshot.ofText(
                        "cluster",
                        CLUSTER.replace(
                                "[{containerPort: 8080}]",
                                "[{containerPort: 8080}, {containerPort: 5353, protocol: UDP}]"))
                .with(MeshObjectsTest.compiled(POSTURE))
                .with(Snapshot.ofText("np", NET.formatted("{ports: [{port: 8080, protocol: TCP}]}")));
        assertThat(verdicts(examine(closed))).startsWith("PLAINTEXT Proven, IDENTITY Proven");
        assertThat(verdicts(examine(closed.with(Snapshot.ofText(
                        "tier",
                        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\n"
                                + "spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}\n")))))
                .startsWith("PLAINTEXT Unknown, IDENTITY Unknown");
    }

    @Test
    void MESH_46_a_port_that_the_posture_allows_is_left_to_the_network() {
        Posture posture = ZeroTrust.namespace("shop")
                .strictMtls()
                .allowFrom(Workload.labelled("app", "web"))
                .onPort(io.zta.intent.Port.udp(5353));
        Snapshot open = Snapshot.ofText(
                        "cluster",
                        CLUSTER.replace(
                                "[{containerPort: 8080}]",
                                "[{containerPort: 8080}, {containerPort: 5353, protocol: UDP}]"))
                .with(MeshObjectsTest.compiled(posture));
        assertThat(new MeshLayer().examine(posture, open))
                .filteredOn(result -> result.claim() == Claim.PLAINTEXT)
                .singleElement()
                .satisfies(result -> assertThat(result.verdict()).isInstanceOf(Verdict.Proven.class))
                .satisfies(result -> assertThat(result.assumptions())
                        .anySatisfy(line -> assertThat(line).contains("UDP 5353", "NetworkPolicies alone")));
    }

    @Test
    void what_the_mesh_leaves_open_is_assumed_in_words() {
        Snapshot bare = closed(POSTURE);
        assertThat(assumptions(bare))
                .anySatisfy(line -> assertThat(line).contains("certificate authority"))
                .anySatisfy(line -> assertThat(line).contains("token issuer's keys"))
                .anySatisfy(line -> assertThat(line).contains("no ConfigMap istio."))
                .anySatisfy(line -> assertThat(line).startsWith("hub/proxyv2:1 is Istio's proxy"));
        String mesh = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
                + "data: {mesh: '{trustDomainAliases: [old.local], caCertificates: [{pem: x}]}'}\n";
        assertThat(assumptions(bare.with(Snapshot.ofText("mesh", mesh))))
                .anySatisfy(line -> assertThat(line).contains("[old.local]"))
                .anySatisfy(line -> assertThat(line).contains("caCertificates"))
                .noneSatisfy(line -> assertThat(line).contains("no ConfigMap istio."));
    }

    private static List<String> assumptions(Snapshot snapshot) {
        return examine(snapshot).stream()
                .filter(result -> result.claim() == Claim.IDENTITY)
                .flatMap(result -> result.assumptions().stream())
                .toList();
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
    void MESH_96_another_kind_of_workload_by_the_gateways_name_and_labels_is_not_the_gateway() {
        String gateway = "{serviceAccountName: istio-ingressgateway-service-account, containers: [{name: istio-proxy,"
                + " image: hub/proxyv2:1, args: [proxy, router]}]}";
        String labels = "{app: istio-ingressgateway, istio: ingressgateway}";
        String genuine =
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istio-ingressgateway, namespace: istio-system}\n"
                        + "spec: {template: {metadata: {labels: " + labels + "}, spec: " + gateway + "}}\n";
        assertThat(findings(closed(POSTURE).with(Snapshot.ofText("gateway", genuine))))
                .isEmpty();
        opens(
                "MESH-worn",
                genuine + "---\n"
                        + genuine.replace("Deployment", "StatefulSet")
                                .replace("name: istio-proxy", "name: app")
                                .replace("[proxy, router]", "[]"));
    }

    @Test
    void what_is_no_way_in_is_not_named() {
        for (String harmless : List.of(
                "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: w, namespace: shop}\n"
                        + "spec: {jwtRules: [{issuer: 'https://other', jwks: '{}'}]}\n",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: istio-system}\nspec: {containers: [{name: a}]}\n")) {
            assertThat(findings(closed(POSTURE).with(Snapshot.ofText("more", harmless))))
                    .as(harmless)
                    .isEmpty();
        }
        opens(
                "MESH-issuer",
                "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: w, namespace: shop}\n"
                        + "spec: {jwtRules: [{jwks: '{other}'}]}\n");
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
    void MESH_98_a_route_by_another_name_is_noted() {
        String net = "apiVersion: networking.istio.io/v1\n";
        String meta = "metadata: {name: r, namespace: evil}\n";
        String bound = net + "kind: VirtualService\n" + meta
                + "spec: {hosts: [a], gateways: [evil/g], http: [{route: [{destination: {host: %s}}]}]}\n---\n";
        String address = CLUSTER.substring(CLUSTER.lastIndexOf("---")) + "status: {podIP: 10.0.0.9}\n---\n";
        String entry = net + "kind: ServiceEntry\n" + meta + "spec: {hosts: [evil.example], %s}\n";
        String alias = "apiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: evil}\n"
                + "spec: {type: ExternalName, externalName: orders.shop.svc.cluster.local}\n";
        List<String> routes = List.of(
                net + "kind: VirtualService\n" + meta
                        + "spec: {http: [{route: [{destination: {host: orders.shop.svc.cluster.local}}]}]}\n",
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n" + meta
                        + "spec: {rules: [{backendRefs: [{group: networking.istio.io, kind: Hostname, name: orders.shop.svc.cluster.local, port: 80}]}]}\n",
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n" + meta
                        + "spec: {rules: [{backendRefs: [{name: alias, port: 80}]}]}\n---\n" + alias,
                bound.formatted("alias.evil.svc.cluster.local") + alias,
                bound.formatted("alias") + alias,
                bound.formatted("evil.example")
                        + address
                        + entry.formatted("resolution: STATIC, endpoints: [{address: 10.0.0.9}]"),
                bound.formatted("evil.example") + address + entry.formatted("addresses: [10.0.0.9]"),
                bound.formatted("evil.example")
                        + entry.formatted("resolution: DNS, endpoints: [{address: orders.shop.svc.cluster.local}]"));
        for (String route : routes) {
            Snapshot routed = closed(POSTURE).with(Snapshot.ofText("route", route));
            assertThat(routed.damages()).isEmpty();
            assertThat(new MeshLayer().notes(POSTURE, routed))
                    .as(route)
                    .extracting(Finding::bypass)
                    .containsOnlyOnce("MESH-route");
        }
        for (String harmless : List.of(
                bound.formatted("evil.example"),
                bound.formatted("alias") + alias.replace("orders.shop", "orders.evil"),
                bound.formatted("evil.example") + entry.formatted("endpoints: [{address: 10.0.0.8}]"))) {
            assertThat(new MeshLayer().notes(POSTURE, closed(POSTURE).with(Snapshot.ofText("route", harmless))))
                    .as(harmless)
                    .extracting(Finding::bypass)
                    .doesNotContain("MESH-route");
        }
    }

    private static final String GATEWAY =
            "principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]";

    private static String security(String kind, String name, String spec) {
        return "---\napiVersion: security.istio.io/v1\nkind: " + kind + "\nmetadata: {name: " + name
                + ", namespace: shop}\nspec: " + spec + "\n";
    }

    /** What somebody has who closed the mesh by hand, without guards, and lets in from these sources. */
    private static Snapshot byHand(String source, String more) {
        String cluster = CLUSTER
                + security("PeerAuthentication", "strict", "{mtls: {mode: STRICT}}")
                + security("RequestAuthentication", "tokens", "{jwtRules: [{issuer: 'https://good', jwks: '{}'}]}")
                + security("AuthorizationPolicy", "nothing", "{}")
                + security(
                        "AuthorizationPolicy",
                        "allow",
                        "{rules: [{from: [" + source + "], to: [{operation: {ports: ['8080']}}]}]}")
                + more;
        Snapshot snapshot = Snapshot.ofText("cluster", cluster);
        assertThat(snapshot.damages()).isEmpty();
        return snapshot;
    }

    private static final String BOTH = "{source: {" + GATEWAY + ", requestPrincipals: ['https://good/*']}}";

    private static ClaimResult identity(Posture posture, Snapshot snapshot) {
        return new MeshLayer()
                .examine(posture, snapshot).stream()
                        .filter(result -> result.claim() == Claim.IDENTITY)
                        .findFirst()
                        .orElseThrow();
    }

    private static List<String> titles(ClaimResult result) {
        return result.verdict() instanceof Verdict.Violated violated
                ? violated.findings().stream()
                        .map(finding -> finding.id() + " " + finding.title())
                        .toList()
                : List.of(result.verdict().toString());
    }

    @TestFactory
    Stream<DynamicTest> each_identity_too_many_is_named() {
        record Case(String what, Snapshot snapshot, String expected) {}
        return Stream.of(
                        new Case("none", byHand(BOTH, ""), "ZTA-MESH-016 is closed by its ALLOW policies alone"),
                        new Case(
                                "every principal",
                                byHand("{source: {principals: ['*'], requestPrincipals: ['https://good/*']}}", ""),
                                "ZTA-MESH-010 lets in the identity"),
                        new Case(
                                "a namespace",
                                byHand(
                                        "{source: {namespaces: [istio-system], requestPrincipals: ['https://good/*']}}",
                                        ""),
                                "ZTA-MESH-010 lets in the identity cluster.local/ns/istio-system/sa/default"),
                        new Case(
                                "a further source",
                                byHand(BOTH + ", {source: {serviceAccounts: ['tools/debug']}}", ""),
                                "ZTA-MESH-010 lets in the identity cluster.local/ns/tools/sa/debug"),
                        new Case("no token", byHand("{source: {" + GATEWAY + "}}", ""), "without a token"),
                        new Case(
                                "any issuer",
                                byHand(
                                        "{source: {" + GATEWAY + ", requestPrincipals: ['*']}}",
                                        security(
                                                "RequestAuthentication",
                                                "more",
                                                "{jwtRules: [{issuer: 'https://bad', jwks: '{}'}]}")),
                                "with a token of https://bad"),
                        new Case(
                                "a second ALLOW",
                                byHand(BOTH, security("AuthorizationPolicy", "second", "{rules: [{}]}")),
                                "ZTA-MESH-010 lets in the identity"),
                        new Case(
                                "one for some requests",
                                byHand(
                                        BOTH,
                                        security(
                                                "AuthorizationPolicy",
                                                "second",
                                                "{rules: [{to: [{operation: {paths: [/health]}}]}]}")),
                                ", for some requests or addresses"),
                        new Case(
                                "plaintext",
                                byHand(
                                        BOTH,
                                        security(
                                                        "PeerAuthentication",
                                                        "weak",
                                                        "{selector: {matchLabels: {app: orders}}, mtls: {mode: PERMISSIVE}}")
                                                + security("AuthorizationPolicy", "second", "{rules: [{}]}")),
                                "ZTA-MESH-010 lets in clients without an identity"),
                        new Case(
                                "what is not evaluated",
                                byHand(
                                        BOTH,
                                        "---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\n"
                                                + "metadata: {name: f, namespace: shop}\nspec: {configPatches: [{applyTo: HTTP_FILTER}]}\n"),
                                "EnvoyFilter shop/f changes the sidecar"),
                        new Case(
                                "a port served as TCP",
                                byHand(
                                        "{source: {" + GATEWAY + "}}",
                                        "---\napiVersion: v1\nkind: Service\nmetadata: {name: older, namespace: shop,"
                                                + " creationTimestamp: '2020-01-01T00:00:00Z'}\nspec: {selector: {app: orders},"
                                                + " ports: [{name: tcp, port: 80, targetPort: 8080}]}\n"),
                                "ZTA-MESH-011 is served as plain TCP"),
                        new Case(
                                "a pod without a sidecar",
                                byHand(
                                        BOTH,
                                        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: shop}\n"
                                                + "spec: {containers: [{name: a}]}\n"),
                                "ZTA-MESH-003 lets anybody in"))
                .map(one -> DynamicTest.dynamicTest(
                        one.what(),
                        () -> assertThat(titles(identity(POSTURE, one.snapshot())))
                                .as(one.what())
                                .anySatisfy(title -> assertThat(title).contains(one.expected()))));
    }

    @Test
    void a_dry_run_is_quoted_where_it_would_have_refused() {
        String dry = security(
                        "AuthorizationPolicy",
                        "guard",
                        "{action: DENY, rules: [{from: [{source: {notPrincipals: [x]}}]}]}")
                .replace("name: guard,", "name: guard, annotations: {istio.io/dry-run: 'true'},");
        Snapshot snapshot = byHand("{source: {principals: ['*']}}", dry);
        assertThat(((Verdict.Violated) identity(POSTURE, snapshot).verdict()).findings())
                .filteredOn(finding -> finding.id().equals("ZTA-MESH-010"))
                .isNotEmpty()
                .allSatisfy(finding ->
                        assertThat(finding.evidence().get(0).toString()).contains("istio.io/dry-run", "not enforced"));
    }

    @Test
    void without_mTLS_asked_for_a_missing_guard_on_tokens_is_named_and_no_default() {
        Posture tokens = ZeroTrust.namespace("shop")
                .onPorts(8080)
                .requireJwt(TokenIssuer.of("https://good").keys("{}"));
        Snapshot compiled = Snapshot.ofText("cluster", CLUSTER).with(MeshObjectsTest.compiled(tokens));
        assertThat(identity(tokens, compiled).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(titles(identity(tokens, byHand("{source: {requestPrincipals: ['https://good/*']}}", ""))))
                .containsExactly(
                        "ZTA-MESH-016 is closed by its ALLOW policies alone: one further ALLOW opens shop/orders");
    }

    @Test
    void who_decides_outside_is_unknown_and_has_to_be_asked() {
        String mesh = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
                + "data: {mesh: '{extensionProviders: [{name: opa, envoyExtAuthzGrpc: {service: opa, port: 1}}]}'}\n";
        String ask = security("AuthorizationPolicy", "ask", "{action: CUSTOM, provider: {name: opa}, rules: [{}]}");
        Snapshot open = byHand("{source: {principals: ['*']}}", mesh + ask);
        assertThat(identity(POSTURE, open).verdict())
                .isInstanceOfSatisfying(
                        Verdict.Unknown.class,
                        unknown -> assertThat(unknown.doubts())
                                .anySatisfy(doubt ->
                                        assertThat(doubt.reason()).contains("if the external authorizer opa lets it")));
        Posture asking = POSTURE.authorizedBy("opa");
        Snapshot compiled = closed(asking).with(Snapshot.ofText("mesh", mesh));
        assertThat(identity(asking, compiled).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(identity(asking, compiled).assumptions())
                .contains("The external authorizer opa decides as it should.");
        assertThat(titles(identity(asking, closed(POSTURE).with(Snapshot.ofText("mesh", mesh)))))
                .anySatisfy(title -> assertThat(title)
                        .contains("ZTA-MESH-017 takes requests on TCP 8080 that are not put to the authorizer opa"));
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
