package io.zta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zta.intent.Enforcement;
import io.zta.intent.Gateway;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Port;
import io.zta.intent.PostureException;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class PostureTest {
    private static final String HEAD =
            "apiVersion: zta.io/v1alpha1\nkind: ZeroTrustPosture\nmetadata: {name: default, namespace: shop}\nspec:\n";

    /** Calls that can stand in one posture together, in any order. */
    private static final List<UnaryOperator<Posture>> CALLS = List.of(
            Intents::denyDirectAccess,
            p -> p.onlyWorkloads(Workload.labelled("app", "orders").andLabelled("tier", "1")),
            p -> p.onPorts(8080, 9090),
            p -> p.throughGateway(Gateway.gatewayApi("edge", "public", "istio")),
            p -> p.allowFrom(Workload.labelled("app", "web").in("web").as("web"))
                    .onPort(8080),
            p -> p.allowFrom(Workload.inNamespace("batch"))
                    .to(Workload.labelled("app", "orders"))
                    .onAnyPort(),
            p -> p.allowFrom(Workload.all()).onPort(Port.udp(5353)),
            Intents::denyEgress,
            p -> p.strictMtls(),
            p -> p.requireJwt(TokenIssuer.of("https://issuer.example")
                    .keys("{\"keys\":[]}")
                    .forAudiences("a", "b")),
            p -> p.authorizedBy("opa"),
            p -> p.podSecurity(PodSecurity.RESTRICTED),
            p -> p.noExecFor("developers"),
            p -> p.noExecFor(Subject.user("jane: \"doe\"")),
            p -> p.keepExecFor(Subject.serviceAccount("ops", "backup")),
            p -> p.denyByNameOnly(),
            p -> p.admission(Enforcement.WARN),
            p -> p.appliedBy(Subject.serviceAccount("ci", "deployer")),
            p -> p.audit(),
            p -> p.breakGlass(Subject.group("oncall"), Duration.ofMinutes(90), Subject.group("leads")),
            p -> p.repairDrift());

    private static Posture refuse(String spec) {
        return Posture.parse("posture.yaml", HEAD + spec);
    }

    @Test
    void every_call_survives_the_round_trip_through_yaml_in_any_order() {
        Random random = new Random(42);
        for (int round = 0; round < 500; round++) {
            List<UnaryOperator<Posture>> calls = new ArrayList<>(CALLS);
            Collections.shuffle(calls, random);
            Posture posture = ZeroTrust.namespaces("shop", "pay").denyDirectAccess();
            for (UnaryOperator<Posture> call : calls.subList(0, 1 + random.nextInt(calls.size()))) {
                posture = call.apply(posture);
            }
            if (!posture.toString().contains("denyEgress")) {
                posture = posture.named("strict").upTo(Phase.MESH);
            }
            assertThat(Posture.parse("round.yaml", posture.toYaml())).isEqualTo(posture);
            assertThat(Posture.parse("round.yaml", posture.toYaml()).toYaml()).isEqualTo(posture.toYaml());
        }
    }

    @Test
    void the_order_of_calls_does_not_matter() {
        assertThat(ZeroTrust.namespace("a").strictMtls().denyDirectAccess())
                .isEqualTo(ZeroTrust.namespace("a").denyDirectAccess().strictMtls())
                .hasSameHashCodeAs(ZeroTrust.namespace("a").denyDirectAccess().strictMtls());
    }

    @Test
    void a_call_leaves_the_posture_it_was_called_on_as_it_was() {
        Posture before = ZeroTrust.namespace("a").denyDirectAccess();
        Posture after = before.strictMtls();
        assertThat(before).isNotEqualTo(after);
        assertThat(before.intents()).hasSize(1);
    }

    @Test
    void a_contradiction_fails_in_the_call_that_makes_it_and_names_both_sides() {
        Posture strict = ZeroTrust.namespace("default").strictMtls();
        assertThatThrownBy(strict::permissiveMtls)
                .isInstanceOf(PostureException.class)
                .hasMessage(
                        "permissiveMtls() contradicts strictMtls() set earlier for namespace \"default\". Leave one out.");
        assertThatThrownBy(() -> strict.noExecFor("ops").keepExecFor(Subject.group("ops")))
                .hasMessageContaining("keepExecFor(Group ops) contradicts noExecFor(Group ops)");
        assertThatThrownBy(() -> strict.onPorts(80).onPorts(81)).hasMessageContaining("contradicts onPorts(..)");
    }

    @Test
    void subjects_of_the_control_plane_are_refused() {
        assertThatThrownBy(() -> ZeroTrust.namespace("a").noExecFor("system:authenticated"))
                .hasMessageContaining("would bind the control plane");
    }

    @Test
    void names_that_no_namespace_can_have_are_refused() {
        for (String name : List.of("", "Shop", "a_b", "-a", "kube-system", "a".repeat(64))) {
            assertThatThrownBy(() -> ZeroTrust.namespace(name)).isInstanceOf(PostureException.class);
        }
    }

    @Test
    void the_yaml_of_the_design_reads_as_the_line_of_dsl() {
        Posture read =
                refuse("  denyDirectAccess: {}\n  strictMtls: {}\n  noExecFor: [{group: developers}]\n  audit: {}\n");
        assertThat(read)
                .isEqualTo(ZeroTrust.namespace("shop")
                        .denyDirectAccess()
                        .strictMtls()
                        .noExecFor("developers")
                        .audit());
    }

    @Test
    void json_reads_as_yaml_does() {
        Posture read = Posture.parse(
                "posture.json",
                "{\"apiVersion\":\"zta.io/v1alpha1\",\"kind\":\"ZeroTrustPosture\",\"metadata\":{\"namespace\":\"a\"},"
                        + "\"spec\":{\"denyDirectAccess\":{\"ports\":[8080]}}}");
        assertThat(read).isEqualTo(ZeroTrust.namespace("a").denyDirectAccess().onPorts(8080));
    }

    @Test
    void mistakes_are_refused_with_line_and_column() {
        String[][] cases = {
            {"  strictMtl: {}\n", "posture.yaml:5:14: unknown key \"strictMtl\" in spec; known are"},
            {"  strictMtls: {}\n  strictMtls: {}\n", "posture.yaml:6:3: the key \"strictMtls\" stands twice"},
            {"  strictMtls: {mode: x}\n", "unknown key \"mode\" in strictMtls, which takes none"},
            {"  strictMtls: yes please\n", "strictMtls must be a map (or {} for its defaults)"},
            {"  denyDirectAccess: {ports: [http]}\n", "posture.yaml:5:30: a port is a number"},
            {"  denyDirectAccess: {ports: [70000]}\n", "posture.yaml:5:30: A port is a number from 1 to 65535"},
            {"  denyDirectAccess: {ports: []}\n", "ports is empty"},
            {"  noExecFor: [developers]\n", "a subject must be a map"},
            {"  noExecFor: [{group: a, user: b}]\n", "a subject is one of"},
            {"  noExecFor: [{group: ['a']}]\n", "group must be text"},
            {"  phase: 9\n  strictMtls: {}\n", "phase must be one of [observe, network, mesh, api, audit]"},
            {"  breakGlass: [{subject: {group: a}, longest: soon}]\n", "a duration is written as in 1h, 30m or 1h30m"},
            {"  strictMtls: {}\n  permissiveMtls: {}\n", "posture.yaml:6:19: permissiveMtls() contradicts strictMtls()"
            },
            {"  {}\n", "this posture asks for nothing"},
            {"  requireJwt: {issuer: i, jwks: a, jwksUri: b}\n", "Istio takes one of them"},
            {"  allow: [{ports: [1]}]\n", "an entry of allow needs from"},
            {"  denyEgress: {allow: [{ports: [1]}]}\n", "needs either to: {..} or addresses"},
            {"  gateway: {kind: nginx}\n", "gateway.kind must be one of [istio, helm, gatewayApi, custom]"},
            {"  workloads: {}\n", "must be a map of labels"},
            {"  drift: heal\n", "drift must be report or repair"},
        };
        for (String[] row : cases) {
            assertThatThrownBy(() -> refuse(row[0]))
                    .isInstanceOf(PostureException.class)
                    .hasMessageContaining(row[1]);
        }
    }

    @Test
    void a_document_of_another_kind_is_named() {
        assertThatThrownBy(() -> Posture.parse("x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"))
                .hasMessageContaining("expected one document of apiVersion zta.io/v1alpha1, kind ZeroTrustPosture")
                .hasMessageContaining("Pod=1");
        assertThatThrownBy(() -> Posture.parse("x.yaml", "")).hasMessageContaining("found nothing of the kind");
        assertThatThrownBy(() -> Posture.parse("x.yaml", "a: [\n"))
                .hasMessageContaining("x.yaml:2:1: this document is not valid YAML");
    }

    @Test
    void a_missing_layer_is_an_error_that_names_the_artifact() {
        assertThatThrownBy(() -> ZeroTrust.namespace("default").strictMtls().manifests())
                .isInstanceOf(PostureException.class)
                .hasMessageContaining("Cannot compile strictMtls() for namespace \"default\"")
                .hasMessageContaining("Add io.zta:zta-istio");
    }
}
