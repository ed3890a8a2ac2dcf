package io.zta.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.finding.Finding;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the verifier says of the bundled case: the cluster as the record finds it, its manifests, and the posture's. */
class BundledCaseTest {
    private static final Posture POSTURE = Posture.read(Path.of("record/posture.yaml"));
    private static final Report RECORD = verify("record-manifests");

    private static Report verify(String directory) {
        return Verifier.verify(POSTURE, Snapshot.of(Path.of("record").resolve(directory)));
    }

    @Test
    void the_cluster_as_it_is_found_is_open() {
        assertThat(verify("phase-0").outcome()).isEqualTo(Report.Outcome.VIOLATED);
        assertThat(verify("phase-0").findings())
                .extracting(Finding::bypass)
                .contains("NET-direct", "MESH-plaintext", "API-exec", "AUD-blind");
    }

    @Test
    void the_records_manifests_leave_it_open() {
        assertThat(RECORD.outcome()).isEqualTo(Report.Outcome.VIOLATED);
    }

    /** A part of the title, the kind of object it is about, and the row of the catalogue. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "looks for the gateway in namespace default      | NetworkPolicy",
                "names namespaces by a label that none carries   | NetworkPolicy",
                "by a label that whoever may edit pods may       | NetworkPolicy",
                "verbs                                           | Role",
                "to every identity that can log in               | ClusterRoleBinding",
                "lets Group developers into containers           | RoleBinding",
                "does not record get on pods/exec                | Policy"
            })
    void every_fault_of_the_records_manifests_is_named(String title, String kind) {
        assertThat(RECORD.findings()).anySatisfy(finding -> {
            assertThat(finding.title()).contains(title.strip());
            assertThat(finding.object()).contains(kind.strip());
            assertThat(finding.evidence()).isNotEmpty();
            assertThat(finding.fix()).isNotBlank();
        });
    }

    @Test
    void with_the_postures_objects_all_is_proven() {
        assertThat(verify("posture").outcome()).isEqualTo(Report.Outcome.PROVEN);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: open}, spec: {priority: 5, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}}",
                "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: odd, namespace: default}, spec: {mtls: {mode: SOMETHING}}}",
                "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: odd, namespace: default}, spec: {endpointSelector: {}}}"
            })
    void what_cannot_be_judged_makes_it_unknown(String more) {
        Snapshot snapshot = Snapshot.of(Path.of("record/posture")).with(Snapshot.ofText("more", more));
        assertThat(Verifier.verify(POSTURE, snapshot).outcome()).isEqualTo(Report.Outcome.UNKNOWN);
    }

    /** Rights over what lies outside the namespace: no guard of a namespace is asked. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "apiextensions.k8s.io         | customresourcedefinitions        | delete           | API-policy",
                "apiextensions.k8s.io         | customresourcedefinitions        | patch            | API-policy",
                "admissionregistration.k8s.io | validatingadmissionpolicies      | deletecollection | API-webhook",
                "cilium.io                    | ciliumclusterwidenetworkpolicies | create           | NET-tier",
                "''                           | secrets                          | get              | MESH-worn",
                "''                           | secrets                          | watch            | MESH-worn"
            })
    void a_right_that_no_guard_reaches_undoes_the_posture(String group, String kind, String verb, String bypass) {
        String grant = """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: operator}
                rules: [{apiGroups: ["%s"], resources: [%s], verbs: [%s]}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: operator}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operator}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody}]
                """.formatted(group, kind, verb);
        Snapshot snapshot = Snapshot.of(Path.of("record/posture")).with(Snapshot.ofText("grant", grant));
        assertThat(Verifier.verify(POSTURE, snapshot).findings())
                .extracting(Finding::bypass)
                .contains(bypass);
    }

    @Test
    void a_pod_in_the_gateways_labels_is_not_the_gateway() {
        Snapshot snapshot = Snapshot.of(Path.of("record/posture")).with(Snapshot.ofText("fake", """
                apiVersion: v1
                kind: Pod
                metadata:
                  name: fake
                  namespace: istio-system
                  labels: {app: istio-ingressgateway, istio: ingressgateway}
                spec: {serviceAccountName: default, containers: [{name: a, image: a}]}
                """));
        assertThat(Verifier.verify(POSTURE, snapshot).findings())
                .extracting(Finding::id)
                .contains("ZTA-NET-003");
    }
}
