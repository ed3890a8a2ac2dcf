package io.zta.istio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.compile.Manifests;
import io.zta.intent.Enforcement;
import io.zta.intent.Gateway;
import io.zta.intent.PostureException;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MeshObjectsTest {
    static Snapshot compiled(Posture posture) {
        return Snapshot.ofText("compiled", yaml(posture));
    }

    static String yaml(Posture posture) {
        return new MeshLayer()
                .compile(posture).stream()
                        .map(Compiled::object)
                        .map(Manifests::yaml)
                        .collect(Collectors.joining("---\n", "---\n", ""));
    }

    private static Node policy(Posture posture, String name) {
        return compiled(posture)
                .find(GroupKind.AUTHORIZATION_POLICY, "shop", name)
                .orElseThrow()
                .spec();
    }

    @Test
    void strict_mtls_is_five_objects_of_the_mesh_and_a_rule_on_pods() {
        Snapshot snapshot = compiled(ZeroTrust.namespace("shop").strictMtls());
        List<String> names = snapshot.resources().map(Resource::display).toList();
        assertThat(names)
                .containsExactlyInAnyOrder(
                        "PeerAuthentication shop/zta-strict-mtls",
                        "AuthorizationPolicy shop/zta-allow-nothing",
                        "AuthorizationPolicy shop/zta-allow-gateway",
                        "AuthorizationPolicy shop/zta-guard-identity",
                        "ValidatingAdmissionPolicy zta-sidecar-shop",
                        "ValidatingAdmissionPolicyBinding zta-sidecar-shop");
    }

    @Test
    void allow_nothing_keeps_its_empty_spec() {
        Node spec = policy(ZeroTrust.namespace("shop").strictMtls(), "zta-allow-nothing");
        assertThat(spec.isObject()).isTrue();
        assertThat(spec.size()).isZero();
    }

    @Test
    void gateway_and_token_stand_in_one_source() {
        Posture posture = ZeroTrust.namespace("shop")
                .strictMtls()
                .onPorts(8080)
                .requireJwt(TokenIssuer.of("https://issuer.example"));
        assertThat(policy(posture, "zta-allow-gateway").toString())
                .isEqualTo("{rules: [{from: [{source: {principals: [cluster.local/ns/istio-system/sa/"
                        + "istio-ingressgateway-service-account], requestPrincipals: [https://issuer.example/*]}}],"
                        + " to: [{operation: {ports: [\"8080\"]}}]}]}");
        assertThat(policy(posture, "zta-guard-token").toString())
                .isEqualTo("{action: DENY, rules: [{from: [{source: {notRequestPrincipals:"
                        + " [https://issuer.example/*]}}], to: [{operation: {ports: [\"8080\"]}}]}]}");
        assertThat(policy(posture, "zta-guard-identity").toString())
                .isEqualTo("{action: DENY, rules: [{from: [{source: {notPrincipals:"
                        + " [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]}}]}]}");
    }

    @Test
    void allowed_peers_are_known_by_service_account_else_by_namespace() {
        Posture posture = ZeroTrust.namespace("shop")
                .strictMtls()
                .withoutGateway()
                .allowFrom(Workload.labelled("app", "web").as("web"))
                .onPort(8080)
                .allowFrom(Workload.inNamespace("jobs"))
                .onPort(9090);
        assertThat(policy(posture, "zta-allow-web-web").toString())
                .contains("principals: [cluster.local/ns/shop/sa/web]")
                .contains("ports: [\"8080\"]");
        assertThat(policy(posture, "zta-allow-jobs").toString()).contains("principals: [cluster.local/ns/jobs/*]");
        assertThat(policy(posture, "zta-guard-identity").toString())
                .contains("notPrincipals: [cluster.local/ns/jobs/*, cluster.local/ns/shop/sa/web]");
    }

    @Test
    void without_anybody_allowed_the_guard_denies_everybody() {
        Posture posture = ZeroTrust.namespace("shop").strictMtls().withoutGateway();
        assertThat(policy(posture, "zta-guard-identity").toString()).isEqualTo("{action: DENY, rules: [{}]}");
    }

    @Test
    void only_some_workloads_are_selected_by_their_label_everywhere() {
        Posture posture = ZeroTrust.namespace("shop").strictMtls().onlyWorkloads(Workload.labelled("app", "orders"));
        Snapshot snapshot = compiled(posture);
        snapshot.resources(GroupKind.AUTHORIZATION_POLICY)
                .forEach(policy -> assertThat(policy.spec()
                                .at("selector", "matchLabels", "app")
                                .textOr(""))
                        .as(policy.display())
                        .isEqualTo("orders"));
        assertThat(snapshot.resources(GroupKind.PEER_AUTHENTICATION)
                        .get(0)
                        .spec()
                        .get("selector")
                        .toString())
                .isEqualTo("{matchLabels: {app: orders}}");
    }

    @Test
    void an_external_authorizer_decides_as_well() {
        Posture posture = ZeroTrust.namespace("shop").strictMtls().authorizedBy("opa");
        assertThat(policy(posture, "zta-authorizer").toString())
                .isEqualTo("{provider: {name: opa}, action: CUSTOM, rules: [{}]}");
    }

    @Test
    void a_warning_binding_warns_and_audits() {
        Posture posture = ZeroTrust.namespace("shop").strictMtls().admission(Enforcement.WARN);
        assertThat(compiled(posture)
                        .resources(GroupKind.VALIDATING_ADMISSION_POLICY_BINDING)
                        .get(0)
                        .spec()
                        .get("validationActions")
                        .toString())
                .isEqualTo("[Warn, Audit]");
    }

    @Test
    void a_gateway_inside_the_protected_namespace_is_refused() {
        Posture posture =
                ZeroTrust.namespace("shop").strictMtls().throughGateway(Gateway.gatewayApi("shop", "front", "istio"));
        assertThatThrownBy(() -> new MeshLayer().compile(posture))
                .isInstanceOf(PostureException.class)
                .hasMessageContaining("Move it to a namespace of its own");
    }

    @Test
    void permissive_mtls_is_one_object() {
        assertThat(compiled(ZeroTrust.namespace("shop").permissiveMtls())
                        .resources()
                        .map(Resource::display))
                .containsExactly("PeerAuthentication shop/zta-permissive-mtls");
    }

    @Test
    void the_same_posture_gives_the_same_bytes() {
        Posture posture = ZeroTrust.namespace("shop").strictMtls().requireJwt(TokenIssuer.of("https://issuer.example"));
        assertThat(yaml(posture)).isEqualTo(yaml(posture)).doesNotContain("status:");
    }
}
