package io.zta.verify.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import io.zta.snapshot.Snapshot;
import java.util.List;
import org.junit.jupiter.api.Test;

class LegitimateTrafficTest {
    private static final Posture POSTURE =
            ZeroTrust.namespace("shop").denyDirectAccess().strictMtls();
    private static final Posture TOKEN =
            POSTURE.requireJwt(TokenIssuer.of("https://good").keys("{}"));

    private static final String GATEWAY = """
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: istio-system}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: gateway, namespace: istio-system, labels: {app: istio-ingressgateway, istio: ingressgateway}}
            spec:
              serviceAccountName: istio-ingressgateway-service-account
              containers: [{name: istio-proxy, image: hub/proxyv2:1, args: [proxy, router]}]
            """;

    private static final String ANOTHER_ACCOUNT = GATEWAY.replace("istio-ingressgateway-service-account", "another");

    private static final String SHOP = """
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
            """ + pod("orders", true);

    private static String pod(String name, boolean sidecar) {
        String proxies = "  initContainers:\n"
                + "  - {name: istio-init, image: hub/proxyv2:1, args: [istio-iptables, -b, '*', -d, '15090,15021,15020']}\n"
                + "  - {name: istio-proxy, image: hub/proxyv2:1, restartPolicy: Always, args: [proxy, sidecar]}\n";
        return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: shop, labels: {app: " + name
                + "}, annotations: {sidecar.istio.io/status: '{}'}}\nspec:\n  serviceAccountName: " + name + "\n"
                + (sidecar ? proxies : "")
                + "  containers: [{name: app, image: app:1, ports: [{containerPort: 8080}]}]\n";
    }

    private static ClaimResult examine(Posture posture, String... more) {
        Snapshot snapshot = Snapshot.ofText("cluster", GATEWAY + SHOP)
                .with(Snapshot.ofText("rendered", posture.manifests().toYaml()))
                .with(Snapshot.ofText("more", String.join("", more)));
        List<ClaimResult> results = LegitimateTraffic.examine(posture, snapshot);
        assertThat(results).hasSize(1);
        return results.get(0);
    }

    private static List<Finding> findings(ClaimResult result) {
        assertThat(result.verdict()).isInstanceOf(Verdict.Violated.class);
        return ((Verdict.Violated) result.verdict()).findings();
    }

    private static void violated(String title, Posture posture, String more) {
        assertThat(findings(examine(posture, more)))
                .anySatisfy(finding -> assertThat(finding.title()).contains(title))
                .allSatisfy(finding -> {
                    assertThat(finding.witness()).isNotEmpty();
                    assertThat(finding.evidence()).isNotEmpty();
                });
    }

    @Test
    void the_gateway_gets_through_what_a_posture_compiles_to() {
        assertThat(examine(POSTURE).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(examine(TOKEN).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(examine(POSTURE).covered()).isEqualTo(2); // once by the network, once by the mesh
    }

    @Test
    void a_gateway_that_is_not_there_leaves_the_claim_unknown() {
        Snapshot without = Snapshot.ofText("cluster", SHOP)
                .with(Snapshot.ofText("rendered", POSTURE.manifests().toYaml()));
        ClaimResult result = LegitimateTraffic.examine(POSTURE, without).get(0);
        assertThat(result.verdict()).isInstanceOf(Verdict.Unknown.class);
        assertThat(((Verdict.Unknown) result.verdict()).doubts())
                .anySatisfy(doubt -> assertThat(doubt.reason()).contains("no pod of the gateway"));
    }

    @Test
    void a_namespace_without_anything_that_serves_proves_nothing() {
        Snapshot empty = Snapshot.ofText("cluster", GATEWAY);
        assertThat(LegitimateTraffic.examine(POSTURE, empty).get(0).verdict()).isInstanceOf(Verdict.Unknown.class);
    }

    @Test
    void a_policy_that_looks_for_the_gateway_in_the_wrong_namespace_cuts_it_off() {
        Snapshot cut = Snapshot.ofText("cluster", GATEWAY + SHOP + """
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: deny-direct-access, namespace: shop}
                spec:
                  podSelector: {}
                  ingress: [{from: [{podSelector: {matchLabels: {app: istio-ingressgateway}}}]}]
                """);
        List<Finding> findings =
                findings(LegitimateTraffic.examine(POSTURE, cut).get(0));
        assertThat(findings).extracting(Finding::id).containsOnly("ZTA-NET-040");
        assertThat(findings.get(0).evidence())
                .anySatisfy(evidence -> assertThat(evidence.object()).contains("shop/deny-direct-access"));
    }

    @Test
    void the_gateways_own_egress_rules_count() {
        violated("is cut off from the gateway", POSTURE, """
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: nothing-out, namespace: istio-system}
                spec: {podSelector: {}, policyTypes: [Egress]}
                """);
    }

    @Test
    void a_gateway_under_another_service_account_is_refused() {
        Snapshot other = Snapshot.ofText("cluster", ANOTHER_ACCOUNT + SHOP);
        Snapshot both =
                other.with(Snapshot.ofText("rendered", POSTURE.manifests().toYaml()));
        assertThat(findings(LegitimateTraffic.examine(POSTURE, both).get(0)))
                .anySatisfy(finding -> assertThat(finding.title()).contains("does not let the gateway"));
    }

    @Test
    void who_wears_the_gateways_labels_is_not_the_gateway() {
        Posture network = ZeroTrust.namespace("shop").denyDirectAccess();
        Snapshot worn = Snapshot.ofText("cluster", ANOTHER_ACCOUNT + SHOP)
                .with(Snapshot.ofText("rendered", network.manifests().toYaml()));
        ClaimResult result = LegitimateTraffic.examine(network, worn).get(0);
        assertThat(result.verdict()).isInstanceOf(Verdict.Unknown.class);
        assertThat(((Verdict.Unknown) result.verdict()).doubts())
                .anySatisfy(doubt -> assertThat(doubt.reason()).contains("need not be the gateway"));
        String beside = ANOTHER_ACCOUNT.replace("name: gateway", "name: second");
        assertThat(examine(POSTURE, beside).verdict()).isInstanceOf(Verdict.Proven.class);
    }

    @Test
    void an_allowed_peer_gets_in_with_a_sidecar_and_not_without() {
        Posture posture =
                POSTURE.allowFrom(Workload.labelled("app", "web").as("web")).onPort(8080);
        assertThat(examine(posture, pod("web", true)).verdict()).isInstanceOf(Verdict.Proven.class);
        violated("the allowed peer Pod shop/web through on TCP 8080", posture, pod("web", false));
    }

    @Test
    void a_port_served_as_plain_tcp_blocks_everyone_where_a_token_is_required() {
        String tcp = """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
                spec: {selector: {app: orders}, ports: [{name: tcp, port: 80, targetPort: 8080}]}
                """;
        violated("does not let the gateway", TOKEN, tcp);
        assertThat(examine(POSTURE, tcp).verdict()).isInstanceOf(Verdict.Proven.class);
    }

    @Test
    void a_gateway_that_keeps_the_token_to_itself_is_found() {
        String own = """
                ---
                apiVersion: security.istio.io/v1
                kind: RequestAuthentication
                metadata: {name: edge, namespace: istio-system}
                spec:
                  selector: {matchLabels: {istio: ingressgateway}}
                  jwtRules: [{issuer: 'https://good', jwks: '{}', forwardOriginalToken: %s}]
                """;
        violated("take the token out of requests", TOKEN, own.formatted("false"));
        assertThat(examine(TOKEN, own.formatted("true")).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(examine(POSTURE, own.formatted("false")).verdict()).isInstanceOf(Verdict.Proven.class);
    }

    private static String rule(String namespace, String spec) {
        return "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: "
                + namespace + "}\nspec: " + spec + "\n";
    }

    @Test
    void destination_rules_that_turn_the_meshs_mtls_off_cut_the_gateway_off() {
        String off = "{host: orders.shop.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}";
        String reason = "sends it without the mesh's mTLS";
        violated(reason, POSTURE, rule("shop", off));
        violated(reason, POSTURE, rule("istio-system", off));
        violated(reason, POSTURE, rule("istio-system", "{host: '*.local', trafficPolicy: {tls: {mode: SIMPLE}}}"));
        violated(
                reason,
                POSTURE,
                rule(
                        "shop",
                        "{host: orders, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}}"));
    }

    @Test
    void destination_rules_that_leave_it_on_or_act_elsewhere_do_not() {
        for (String more : List.of(
                rule("shop", "{host: orders, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}"),
                rule("elsewhere", "{host: orders.shop.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}"),
                rule("istio-system", "{host: orders, trafficPolicy: {tls: {mode: DISABLE}}}"),
                rule("shop", "{host: orders, exportTo: ['.'], trafficPolicy: {tls: {mode: DISABLE}}}"),
                rule(
                        "shop",
                        "{host: orders, trafficPolicy: {portLevelSettings: [{port: {number: 81}, tls: {mode: DISABLE}}]}}"))) {
            assertThat(examine(POSTURE, more).verdict()).as(more).isInstanceOf(Verdict.Proven.class);
        }
    }

    @Test
    void a_subset_without_mtls_or_an_unreadable_mode_leaves_it_unknown() {
        for (String more : List.of(
                rule("shop", "{host: orders, trafficPolicy: {tls: {mode: ISTIO_MUTAUL}}}"),
                rule(
                        "shop",
                        "{host: orders, subsets: [{name: v1, labels: {app: orders}, trafficPolicy: {tls: {mode: DISABLE}}}]}"))) {
            assertThat(examine(POSTURE, more).verdict()).as(more).isInstanceOf(Verdict.Unknown.class);
        }
    }

    @Test
    void a_mesh_that_sends_no_mtls_by_itself_needs_a_rule_for_it() {
        String manual = """
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: istio, namespace: istio-system}
                data: {mesh: "enableAutoMtls: false"}
                """;
        violated("sends no mTLS", POSTURE, manual);
        String asked = rule("shop", "{host: orders, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}");
        assertThat(examine(POSTURE, manual, asked).verdict()).isInstanceOf(Verdict.Proven.class);
    }
}
