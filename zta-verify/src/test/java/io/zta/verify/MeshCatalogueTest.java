package io.zta.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.TokenIssuer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Each way around the mesh that the catalogue names is found in a snapshot that has it, with the way that is open, and is
 * closed by the posture's objects: either they make it harmless where it stands, or they refuse whoever writes it anew.
 */
class MeshCatalogueTest {
    private static final Posture POSTURE = ZeroTrust.namespace("shop")
            .denyDirectAccess()
            .strictMtls()
            .requireJwt(TokenIssuer.of("https://good").keys("{}"));

    /** How the posture's objects close a way. */
    private enum Closed {
        /** The fault stands and does nothing beside them. */
        HARMLESS,
        /** The fault has to be taken away once; they refuse it from then on. */
        REFUSED,
        /** No object closes it: whom to trust is listed. */
        TRUSTED
    }

    private record Row(String bypass, String what, String fault, Closed closed) {}

    private static final String INIT =
            "{name: istio-init, image: hub/proxyv2:1, args: [istio-iptables, -b, '*', -d, '15090,15021,15020']}";
    private static final String PROXY =
            "{name: istio-proxy, image: hub/proxyv2:1, restartPolicy: Always, args: [proxy, sidecar]}";

    private static String pod(String namespace, String name, String annotations, String init, String spec) {
        return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + namespace
                + ", labels: {app: " + name + "}, annotations: {" + annotations + "}}\nspec:\n  initContainers: ["
                + init
                + "]\n  " + spec + "\n";
    }

    private static String orders(String annotations, String init, String container) {
        return pod(
                "shop",
                "orders",
                annotations,
                init,
                "containers: [{name: app, image: app:1, ports: [{containerPort: 8080}]" + container + "}]");
    }

    private static String object(String version, String kind, String namespace, String name, String spec) {
        return "---\napiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: "
                + namespace + "}\nspec: " + spec + "\n";
    }

    private static String security(String kind, String name, String spec) {
        return object("security.istio.io/v1", kind, "shop", name, spec);
    }

    private static final String STATUS = "sidecar.istio.io/status: '{}'";
    private static final String HEALTHY = """
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop, labels: {istio-injection: enabled}}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: istio-system}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: istio-ingressgateway-service-account, namespace: istio-system}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: gateway, namespace: istio-system, labels: {app: istio-ingressgateway, istio: ingressgateway}}
            spec:
              serviceAccountName: istio-ingressgateway-service-account
              containers: [{name: istio-proxy, image: hub/proxyv2:1, args: [proxy, router]}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: stranger, namespace: tools}
            spec: {containers: [{name: app, image: app:1}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
            spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
            """ + orders(STATUS, INIT + "," + PROXY, "");

    /** What somebody had who closed the mesh by hand: STRICT, the gateway's principal, a token. */
    private static final String BY_HAND = security("PeerAuthentication", "strict", "{mtls: {mode: STRICT}}")
            + security("RequestAuthentication", "tokens", "{jwtRules: [{issuer: 'https://good', jwks: '{}'}]}");

    private static final String INJECTOR =
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-sidecar-injector, namespace: istio-system}\n"
                    + "data: {values: '{\"global\": {\"hub\": \"hub\", \"tag\": \"1\", \"proxy\": {\"image\": \"proxyv2\"}}}'}\n";

    /** Another workload of the namespace, as a template. */
    private static String more(String labels, String annotations, String spec) {
        return object(
                "apps/v1",
                "Deployment",
                "shop",
                "more",
                "{template: {metadata: {labels: {app: more" + labels + "}, annotations: {" + annotations + "}}, spec: {"
                        + spec + "containers: [{name: app, image: app:1}]}}}");
    }

    private static String namespace(String labels) {
        return "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {" + labels + "}}\n";
    }

    private static String allow(String source) {
        return security("AuthorizationPolicy", "allow", "{rules: [{from: [{source: {" + source + "}}]}]}");
    }

    private static final String GATEWAY =
            "principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]";

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("MESH-plaintext", "no mode is set", allow(GATEWAY), Closed.HARMLESS));
        rows.add(new Row(
                "MESH-plaintext",
                "a workload is permissive",
                security(
                        "PeerAuthentication",
                        "weak",
                        "{selector: {matchLabels: {app: orders}}, mtls: {mode: PERMISSIVE}}"),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-port",
                "a port is turned off",
                security(
                        "PeerAuthentication",
                        "weak",
                        "{selector: {matchLabels: {app: orders}}, mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: DISABLE}}}"),
                Closed.REFUSED));
        rows.add(new Row("MESH-nosidecar", "a pod without a sidecar", orders("", "", ""), Closed.REFUSED));
        rows.add(new Row(
                "MESH-nosidecar",
                "a label opts out",
                more(", sidecar.istio.io/inject: 'false'", "", ""),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-nosidecar",
                "an annotation opts out",
                more("", "sidecar.istio.io/inject: 'false'", ""),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-nosidecar", "on the node's network", more("", "", "hostNetwork: true, "), Closed.REFUSED));
        rows.add(new Row(
                "MESH-nosidecar",
                "the namespace turned off",
                namespace("istio-injection: 'off'") + more("", "", ""),
                Closed.REFUSED));
        for (String annotation : List.of(
                "traffic.sidecar.istio.io/excludeInboundPorts: '8080'",
                "traffic.sidecar.istio.io/includeInboundPorts: ''",
                "traffic.sidecar.istio.io/includeInboundPorts: '9090'",
                "traffic.sidecar.istio.io/excludeInterfaces: eth0",
                "traffic.sidecar.istio.io/kubevirtInterfaces: eth0",
                "istio.io/reroute-virtual-interfaces: eth0",
                "sidecar.istio.io/interceptionMode: NONE",
                "proxy.istio.io/config: 'interceptionMode: NONE'",
                "status.sidecar.istio.io/port: '8080'",
                "inject.istio.io/templates: grpc-agent",
                "inject.istio.io/templates: 'sidecar,grpc-simple'")) {
            rows.add(new Row("MESH-capture", annotation, more("", annotation, ""), Closed.REFUSED));
        }
        rows.add(new Row(
                "MESH-capture",
                "past ambient mode",
                namespace("istio.io/dataplane-mode: ambient")
                        + more("", "ambient.istio.io/bypass-inbound-capture: 'true'", ""),
                Closed.REFUSED));
        for (String init : List.of(
                INIT.replace("15020'", "15020,8080'"),
                INIT.replace("'*'", "'9090'"),
                INIT.replace("-b", "-c, eth0, -b"),
                INIT.replace("istio-iptables", "istio-iptables, --skip-rule-apply"))) {
            rows.add(new Row(
                    "MESH-capture",
                    "a running pod with " + init,
                    orders(STATUS, init + "," + PROXY, ""),
                    Closed.REFUSED));
        }
        for (String proxy : List.of(
                PROXY.replace("args:", "env: [{name: DISABLE_ENVOY, value: 'true'}], args:"),
                PROXY.replace("proxy, sidecar", "proxy, router"))) {
            rows.add(new Row(
                    "MESH-capture",
                    "a running pod with " + proxy,
                    orders(STATUS, INIT + "," + proxy, ""),
                    Closed.REFUSED));
        }
        rows.add(new Row(
                "MESH-image",
                "the proxy's image is another",
                more("", "sidecar.istio.io/proxyImage: 'evil:1'", ""),
                Closed.REFUSED));
        for (String container : List.of("istio-proxy", "istio-init")) {
            String evil = (INIT + "," + PROXY)
                    .replace("name: " + container + ", image: hub/proxyv2:1", "name: " + container + ", image: evil:1");
            rows.add(
                    new Row("MESH-image", "a false " + container, INJECTOR + orders(STATUS, evil, ""), Closed.REFUSED));
        }
        String protocols = "ports: [{containerPort: 8080}, {containerPort: 5353, protocol: %s}]";
        for (String protocol : List.of("UDP", "SCTP")) {
            rows.add(new Row(
                    "MESH-udp",
                    "an application on " + protocol,
                    orders(STATUS, INIT + "," + PROXY, "")
                            .replace("ports: [{containerPort: 8080}]", protocols.formatted(protocol)),
                    Closed.HARMLESS));
        }
        rows.add(new Row(
                "MESH-capture",
                "an application on the port of the mesh's tunnels",
                orders(STATUS, INIT + "," + PROXY, "")
                        .replace(
                                "ports: [{containerPort: 8080}]",
                                "ports: [{containerPort: 8080}, {containerPort: 15008}]"),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-netadmin",
                "a container of the proxy's user",
                orders(STATUS, INIT + "," + PROXY, ", securityContext: {runAsUser: 1337}"),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-netadmin",
                "a privileged container",
                orders(STATUS, INIT + "," + PROXY, ", securityContext: {privileged: true}"),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-netadmin",
                "a container adds NET_ADMIN",
                orders(STATUS, INIT + "," + PROXY, ", securityContext: {capabilities: {add: [NET_ADMIN]}}"),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-identity", "every principal is allowed", BY_HAND + allow("principals: ['*']"), Closed.HARMLESS));
        rows.add(new Row(
                "MESH-identity",
                "a second ALLOW",
                BY_HAND
                        + allow(GATEWAY + ", requestPrincipals: ['https://good/*']")
                        + security("AuthorizationPolicy", "second", "{rules: [{}]}"),
                Closed.HARMLESS));
        rows.add(new Row(
                "MESH-identity", "tokens are checked and not asked for", BY_HAND + allow(GATEWAY), Closed.HARMLESS));
        rows.add(new Row(
                "MESH-identity",
                "a dry run",
                BY_HAND
                        + allow(GATEWAY + ", requestPrincipals: ['https://good/*']")
                                .replace("name: allow,", "name: allow, annotations: {istio.io/dry-run: 'true'},"),
                Closed.HARMLESS));
        rows.add(new Row(
                "MESH-issuer",
                "another issuer's tokens count",
                BY_HAND
                        + security(
                                "RequestAuthentication",
                                "more",
                                "{jwtRules: [{issuer: 'https://good', jwks: '{other keys}'}]}"),
                Closed.REFUSED));
        rows.add(new Row(
                "MESH-protocol",
                "the port is renamed",
                BY_HAND
                        + allow(GATEWAY)
                        + object(
                                "v1",
                                "Service",
                                "shop",
                                "orders",
                                "{selector: {app: orders}, ports: [{name: tcp, port: 80, targetPort: 8080}]}"),
                Closed.HARMLESS));
        rows.add(new Row(
                "MESH-worn",
                "a pod runs as the gateway's service account",
                object(
                        "v1",
                        "Pod",
                        "istio-system",
                        "worn",
                        "{serviceAccountName: istio-ingressgateway-service-account, containers: [{name: app, image: app:1}]}"),
                Closed.TRUSTED));
        rows.add(new Row(
                "MESH-route",
                "a route of another namespace",
                object(
                        "networking.istio.io/v1",
                        "VirtualService",
                        "tools",
                        "route",
                        "{gateways: [tools/edge], http: [{route: [{destination: {host: orders.shop.svc.cluster.local}}]}]}"),
                Closed.TRUSTED));
        rows.add(new Row("MESH-admin", "15020 is open to pods", "", Closed.HARMLESS));
        rows.add(new Row(
                "MESH-config",
                "a filter takes the check out",
                object(
                        "networking.istio.io/v1alpha3",
                        "EnvoyFilter",
                        "shop",
                        "open",
                        "{configPatches: [{applyTo: HTTP_FILTER, match: {listener: {filterChain: {filter: {subFilter: {name:"
                                + " envoy.filters.http.rbac}}}}}, patch: {operation: REMOVE}}]}"),
                Closed.REFUSED));
        return rows;
    }

    private static Snapshot snapshot(String fault, boolean protectedBy) {
        Snapshot cluster = Snapshot.ofText("cluster", HEALTHY);
        // Labels of the namespace are applied onto those it has; here they decide nothing.
        List<Resource> objects = Snapshot.ofText("rendered", POSTURE.manifests().toYaml())
                .resources()
                .filter(object -> !object.type().equals(GroupKind.NAMESPACE))
                .toList();
        Snapshot applied = protectedBy ? cluster.with(objects) : cluster;
        Snapshot whole = applied.with(Snapshot.ofText("fault", fault));
        assertThat(whole.damages()).isEmpty();
        return whole;
    }

    private static List<Finding> found(Snapshot snapshot, String bypass) {
        return found(Verifier.verify(POSTURE, snapshot), bypass);
    }

    private static List<Finding> found(Report report, String bypass) {
        List<Finding> all = new ArrayList<>(report.notes());
        for (ClaimResult result : report.claims()) {
            if (result.verdict() instanceof Verdict.Violated violated) {
                all.addAll(violated.findings());
            }
        }
        return all.stream().filter(finding -> finding.bypass().equals(bypass)).toList();
    }

    @TestFactory
    Stream<DynamicTest> each_way_is_found_with_its_witness() {
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(row.bypass() + " " + row.what(), () -> {
                    List<Finding> findings = found(snapshot(row.fault(), false), row.bypass());
                    assertThat(findings).isNotEmpty().allSatisfy(finding -> {
                        assertThat(finding.evidence()).isNotEmpty();
                        assertThat(finding.witness()).hasSizeGreaterThan(1);
                        assertThat(finding.fix()).isNotEmpty();
                    });
                }));
    }

    @TestFactory
    Stream<DynamicTest> the_postures_objects_close_it_or_say_who_is_trusted() {
        Report without = Verifier.verify(POSTURE, snapshot("", true));
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(row.bypass() + " " + row.what(), () -> {
                    List<Finding> beside = found(snapshot(row.fault(), true), row.bypass());
                    assertThat(found(without, row.bypass()))
                            .as("once the fault is gone")
                            .isEmpty();
                    if (row.closed() == Closed.HARMLESS) {
                        assertThat(beside).as("beside the posture's objects").isEmpty();
                    } else {
                        assertThat(beside).as("it is still there").isNotEmpty();
                    }
                    if (row.closed() == Closed.TRUSTED) {
                        assertThat(Catalogue.find(row.bypass()).orElseThrow().closing())
                                .isNotEqualTo(Catalogue.Closing.CLOSED);
                    }
                }));
    }

    /** Nothing is said of pods behind a waypoint or a node's proxy, whatever policies are attached to them. */
    @Test
    void ambient_mode_is_never_proven() {
        String waypoint = "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint";
        String attached = security(
                "AuthorizationPolicy",
                "at-waypoint",
                "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: waypoint}], rules: [{from: [{source: {"
                        + GATEWAY + "}}]}]}");
        for (String workload : List.of(orders("", "", ""), more("", "", ""))) {
            Report report = Verifier.verify(POSTURE, snapshot(namespace(waypoint) + workload + attached, true));
            assertThat(report.claims())
                    .filteredOn(
                            result -> List.of(Claim.PLAINTEXT, Claim.IDENTITY).contains(result.claim()))
                    .hasSize(2)
                    .allSatisfy(result -> assertThat(result.verdict()).isInstanceOf(Verdict.Unknown.class));
        }
        assertThat(Verifier.verify(POSTURE, snapshot(namespace(waypoint) + orders("", "", ""), true))
                        .claims())
                .filteredOn(result -> result.claim() == Claim.LEGITIMATE_TRAFFIC)
                .singleElement()
                .satisfies(result -> assertThat(result.verdict()).isInstanceOf(Verdict.Unknown.class));
    }

    @Test
    void without_the_rule_on_pods_the_claim_on_tampering_fails() {
        Snapshot whole = snapshot("", true);
        assertThat(tamper(whole)).as("all objects are there").doesNotContain("Violated");
        List<Resource> bindings = whole.resources(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING).stream()
                .filter(binding -> binding.name().startsWith("zta-sidecar-"))
                .toList();
        assertThat(bindings).isNotEmpty();
        for (Resource binding : bindings) {
            assertThat(tamper(whole.without(binding)))
                    .as("without " + binding.display())
                    .contains("Violated");
        }
    }

    private static List<String> tamper(Snapshot snapshot) {
        return Verifier.verify(POSTURE, snapshot).claims().stream()
                .filter(result -> result.claim() == Claim.TAMPER)
                .map(result -> result.verdict().getClass().getSimpleName())
                .toList();
    }

    @Test
    void every_row_of_the_mesh_in_the_catalogue_is_here() {
        TreeSet<String> here = new TreeSet<>();
        rows().forEach(row -> here.add(row.bypass()));
        TreeSet<String> there = new TreeSet<>();
        Catalogue.all().stream()
                .map(Catalogue.Bypass::id)
                .filter(id -> id.startsWith("MESH-"))
                .forEach(there::add);
        assertThat(here).isEqualTo(there);
    }
}
