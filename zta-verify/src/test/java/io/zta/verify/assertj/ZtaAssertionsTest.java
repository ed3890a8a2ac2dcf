package io.zta.verify.assertj;

import static io.zta.verify.assertj.ZtaAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.intent.Gateway;
import io.zta.intent.Workload;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Verifier;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The assertions that users write, each once passing and once failing with what is open. */
final class ZtaAssertionsTest {
    private static final Path RECORD = Path.of("../examples/record");
    private static final Snapshot OPEN = Snapshot.of(RECORD.resolve("phase-0"));
    private static final Snapshot CLOSED = Snapshot.of(RECORD.resolve("posture"));
    private static final Posture DIRECT = ZeroTrust.namespace("default").denyDirectAccess();

    private static void fails(ThrowingCallable assertion, String... texts) {
        assertThatThrownBy(assertion).isInstanceOf(AssertionError.class).hasMessageContainingAll(texts);
    }

    @Test
    void a_closed_cluster_violates_nothing_and_an_open_one_fails_with_the_way_in() {
        assertThat(CLOSED).doesNotViolate(DIRECT);
        fails(
                () -> assertThat(OPEN).as("the shop").satisfies(DIRECT),
                "[the shop]",
                "expected every claim to be proven",
                "ZTA-NET-001",
                "witness",
                "tools/debug");
        fails(() -> assertThat(OPEN).doesNotViolate(DIRECT), "expected no claim to be violated", "ZTA-NET-001");
    }

    @Test
    void a_namespace_is_reachable_only_from_its_gateway() {
        assertThat(CLOSED).namespace("default").isReachableOnlyFrom(Gateway.istio());
        fails(
                () -> assertThat(OPEN).namespace("default").isReachableOnlyFrom(Gateway.istio()),
                "expected namespace default to be reachable only from",
                "tools/debug[Deployment] reaches default/catalog[Deployment] on All Connections");
    }

    @Test
    void peers_are_named_by_namespace_and_label() {
        assertThat(CLOSED)
                .namespace("default")
                .isReachableOnlyFrom(Workload.inNamespace("istio-system").andLabelled("app", "istio-ingressgateway"));
        fails(
                () -> assertThat(CLOSED).namespace("default").isReachableOnlyFrom(Workload.inNamespace("tools")),
                "istio-system/istio-ingressgateway[Deployment] reaches default/");
    }

    @Test
    void a_namespace_without_pods_proves_nothing() {
        fails(
                () -> assertThat(CLOSED).namespace("elsewhere").isReachableOnlyFrom(Gateway.istio()),
                "namespace elsewhere has no pod, so nothing was checked");
    }

    @Test
    void a_namespace_that_is_not_there_proves_nothing() {
        fails(
                () -> assertThat(CLOSED)
                        .satisfies(ZeroTrust.namespace("defualt").noExecFor("developers")),
                "expected every claim to be proven",
                "the snapshot holds nothing of namespace defualt");
        fails(() -> assertThat(CLOSED).namespace("defualt").acceptsNoPlaintext(), "namespace defualt");
        fails(() -> assertThat(CLOSED).namespace("defualt").nobodyCanExec(), "namespace defualt");
        fails(
                () -> assertThat(CLOSED).namespace("defualt").isReachableOnlyFrom(Gateway.istio()),
                "nothing was checked");
    }

    @Test
    void what_could_not_be_read_fails() {
        Snapshot damaged = CLOSED.with(Snapshot.ofText("broken.yaml", "kind: [\n"));
        fails(
                () -> assertThat(damaged).namespace("default").isReachableOnlyFrom(Gateway.istio()),
                "not known",
                "broken.yaml");
    }

    @Test
    void nobody_can_exec_but_those_named() {
        fails(
                () -> assertThat(OPEN).namespace("default").nobodyCanExecExcept("oncall"),
                "expected nobody but [oncall] to get into containers of namespace default",
                "Group developers");
    }

    @Test
    void a_grant_to_everybody_is_never_overlooked() {
        fails(
                () -> assertThat(Snapshot.of(RECORD.resolve("phase-0")).with(Snapshot.ofText("all.yaml", """
                        apiVersion: rbac.authorization.k8s.io/v1
                        kind: ClusterRoleBinding
                        metadata: {name: everybody}
                        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
                        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
                        """)))
                        .namespace("default")
                        .nobodyCanExecExcept("developers"),
                "Group system:authenticated may exec by",
                "ClusterRoleBinding everybody");
    }

    @Test
    void a_snapshot_without_bindings_proves_nothing() {
        fails(
                () -> assertThat(Snapshot.ofText("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"))
                        .namespace("default")
                        .nobodyCanExec(),
                "holds no binding");
    }

    @Test
    void nobody_can_exec_where_nobody_holds_the_right() {
        assertThat(Snapshot.ofText("rbac.yaml", """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: shell, namespace: shop}
                rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: oncall, namespace: shop}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shell}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: oncall}]
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: kube-apiserver-a, namespace: kube-system, labels: {component: kube-apiserver}}
                spec: {containers: [{name: kube-apiserver, command: [kube-apiserver, "--authorization-mode=Node,RBAC"]}]}
                """)).namespace("shop").nobodyCanExecExcept("oncall");
    }

    @Test
    void plaintext_is_told_from_mtls() {
        fails(() -> assertThat(OPEN).namespace("default").acceptsNoPlaintext(), "ZTA-MESH-001", "permissive");
    }

    @Test
    void what_opens_between_two_snapshots_is_told() {
        assertThat(CLOSED).opensNothingSince(OPEN);
        fails(() -> assertThat(OPEN).opensNothingSince(CLOSED), "expected nothing to open", "ways open");
    }

    @Test
    void reports_are_asked_for_claims_and_findings() {
        assertThat(Verifier.verify(DIRECT, CLOSED)).isNotViolated().proves(Claim.DIRECT_ACCESS);
        assertThat(Verifier.verify(DIRECT, OPEN)).hasFinding("ZTA-NET-001");
        fails(() -> assertThat(Verifier.verify(DIRECT, OPEN)).proves(Claim.DIRECT_ACCESS), "direct-access");
        fails(() -> assertThat(Verifier.verify(DIRECT, OPEN)).proves(Claim.RECORDED), "recorded");
        fails(() -> assertThat(Verifier.verify(DIRECT, CLOSED)).hasFinding("ZTA-NET-999"), "ZTA-NET-999");
    }
}
