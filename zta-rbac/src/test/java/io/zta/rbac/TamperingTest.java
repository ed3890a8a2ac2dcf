package io.zta.rbac;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Manifests;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.Subject;
import io.zta.rbac.admission.Admission;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Claim 6: who can undo a posture. Rows of RBAC-26, RBAC-27, RBAC-38 and RBAC-39; that of reads is in the bundled case. */
class TamperingTest {
    private static final Posture POSTURE = ZeroTrust.namespace("shop").noExecFor("developers");

    private static String guard(Posture posture) {
        return new ApiLayer()
                .compile(posture).stream()
                        .map(entry -> "---\n" + Manifests.yaml(entry.object()))
                        .collect(Collectors.joining());
    }

    private static String role(String verbs, String group, String resources) {
        return """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: r}
                rules: [{apiGroups: ['%s'], resources: [%s], verbs: [%s]}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: b}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}]
                """.formatted(group, resources, verbs);
    }

    private static ClaimResult examine(Posture posture, String more) {
        Snapshot snapshot = Snapshot.ofText("cluster", guard(posture) + more);
        return Tampering.examine(posture, snapshot, Admission.of(snapshot, Rbac.of(snapshot)));
    }

    @Test
    void nobody_but_the_trusted_base_can_undo_what_is_guarded() {
        assertThat(examine(POSTURE, "").verdict()).isInstanceOf(Verdict.Proven.class);
    }

    @Test
    void admission_refuses_who_may_write_roles_by_rbac() {
        String more = role("create, update, patch, delete", "rbac.authorization.k8s.io", "roles, rolebindings");
        assertThat(examine(POSTURE, more).verdict()).isInstanceOf(Verdict.Proven.class);
        Snapshot bare = Snapshot.ofText("cluster", more);
        assertThat(Tampering.examine(POSTURE, bare, AdmissionVerdicts.NONE).verdict())
                .isInstanceOf(Verdict.Violated.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "delete | admissionregistration.k8s.io | validatingadmissionpolicies         | API-webhook",
                "deletecollection | admissionregistration.k8s.io | validatingadmissionpolicies        | API-webhook",
                "deletecollection | admissionregistration.k8s.io | validatingadmissionpolicybindings  | API-webhook",
                "create | admissionregistration.k8s.io | mutatingwebhookconfigurations       | API-webhook",
                "get    |                              | nodes/proxy                         | API-node",
                "'*'    | '*'                          | '*'                                 | API-webhook"
            })
    void what_no_admission_policy_can_guard_is_found_in_the_grants(
            String verbs, String group, String resources, String bypass) {
        String quoted = verbs.equals("*") ? "'*'" : verbs;
        Verdict verdict = examine(
                        POSTURE, role(quoted, group == null ? "" : group, resources.equals("*") ? "'*'" : resources))
                .verdict();
        assertThat(verdict).isInstanceOf(Verdict.Violated.class);
        List<Finding> findings = ((Verdict.Violated) verdict).findings();
        assertThat(findings).extracting(Finding::bypass).contains(bypass);
        assertThat(findings).allSatisfy(finding -> {
            assertThat(finding.evidence()).isNotEmpty();
            assertThat(finding.witness()).isNotEmpty();
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "create | policy.networking.k8s.io | adminnetworkpolicies",
                "patch  | policy.networking.k8s.io | clusternetworkpolicies",
                "update | cilium.io                | ciliumclusterwidenetworkpolicies",
                "create | projectcalico.org        | globalnetworkpolicies",
                "create | crd.projectcalico.org    | globalnetworkpolicies"
            })
    void cluster_wide_policies_open_what_the_guard_of_a_namespace_closes(String verb, String group, String kind) {
        Posture posture = ZeroTrust.namespace("shop").denyDirectAccess().noExecFor("developers");
        assertThat(examine(posture, "").verdict()).isInstanceOf(Verdict.Proven.class);
        Verdict verdict = examine(posture, role(verb, group, kind)).verdict();
        assertThat(((Verdict.Violated) verdict).findings())
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.bypass() + " " + finding.id()).isEqualTo("NET-tier ZTA-API-017"));
        String plugin = role(verb, group, kind)
                .replace(
                        "{apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}",
                        "{kind: ServiceAccount, namespace: kube-system, name: cilium-operator}");
        assertThat(examine(posture, plugin).verdict()).isInstanceOf(Verdict.Proven.class);
        String inside = role(verb, group, kind)
                .replace("kind: ClusterRoleBinding\nmetadata: {", "kind: RoleBinding\nmetadata: {namespace: shop, ");
        assertThat(examine(posture, inside).verdict())
                .as("a RoleBinding grants nothing of a kind without namespaces")
                .isInstanceOf(Verdict.Proven.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"patch", "update", "deletecollection", "delete"})
    void a_right_to_take_a_policy_away_by_one_verb_is_seen_without_the_others(String held) {
        Posture posture = ZeroTrust.namespace("shop").denyDirectAccess();
        String more = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
                + role(held, "networking.k8s.io", "networkpolicies");
        Snapshot bare = Snapshot.ofText("cluster", more);
        assertThat(Tampering.examine(posture, bare, AdmissionVerdicts.NONE).verdict())
                .isInstanceOf(Verdict.Violated.class);
    }

    @Test
    void rights_to_write_nodes_or_api_services_leave_the_claim_unknown() {
        assertThat(examine(POSTURE, role("patch", "", "nodes/status")).verdict())
                .isInstanceOf(Verdict.Unknown.class);
        assertThat(examine(POSTURE, role("create", "apiregistration.k8s.io", "apiservices"))
                        .verdict())
                .isInstanceOf(Verdict.Unknown.class);
    }

    @Test
    void who_applies_the_posture_is_trusted_and_who_can_become_them_is_not() {
        Posture applied = ZeroTrust.namespace("shop")
                .noExecFor("developers")
                .appliedBy(Subject.serviceAccount("platform", "applier"));
        String everything = """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: applier}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
                subjects: [{kind: ServiceAccount, namespace: platform, name: applier}]
                """;
        assertThat(examine(applied, everything).verdict()).isInstanceOf(Verdict.Proven.class);
        Verdict stolen = examine(applied, everything + role("create", "", "serviceaccounts/token"))
                .verdict();
        assertThat(stolen).isInstanceOf(Verdict.Violated.class);
        assertThat(((Verdict.Violated) stolen).findings())
                .extracting(Finding::bypass)
                .contains("API-token");
    }

    @Test
    void a_mutating_webhook_is_trusted_by_name_and_a_mutating_policy_is_not_evaluated() {
        ClaimResult webhook = examine(POSTURE, """
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: MutatingWebhookConfiguration
                metadata: {name: vault}
                webhooks: [{name: vault.example.com, clientConfig: {url: 'https://vault'}}]
                """);
        assertThat(webhook.verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(webhook.assumptions())
                .anyMatch(assumption -> assumption.contains("MutatingWebhookConfiguration vault"));
        String policy = """
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: MutatingAdmissionPolicy
                metadata: {name: rewrite}
                spec: {matchConstraints: {}}
                """;
        String binding =
                policy.replace("Policy\n", "PolicyBinding\n").replace("matchConstraints: {}", "policyName: rewrite");
        assertThat(examine(POSTURE, policy).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(examine(POSTURE, policy + binding).verdict()).isInstanceOf(Verdict.Unknown.class);
    }
}
