package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceCondition;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.intent.Workload;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.Planner;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What each gate on roles and admission is there for, on a real cluster, with the gate and without it. */
class AdmissionAccidentsIT {
    private static final String POLICY = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: zta-test-%1$s-NS}
            spec:
              failurePolicy: Fail
              matchConstraints:
                namespaceSelector: {matchLabels: {%2$s}}
                resourceRules: [{apiGroups: ["%3$s"], apiVersions: [v1], operations: [%4$s], resources: [%5$s]}]
              validations: [{expression: "%6$s", message: refused by the test}]
            """;
    private static final String BINDING = """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: zta-test-%s-NS}
            spec: {policyName: zta-test-%1$s-NS, validationActions: [%2$s]}
            """;
    private static final String OWN = "kubernetes.io/metadata.name: NS";
    private static final String CONTROLLERS = "request.userInfo.username in"
            + " ['system:serviceaccount:kube-system:namespace-controller',"
            + " 'system:serviceaccount:kube-system:generic-garbage-collector']";
    private static AccidentScene scene;

    @BeforeAll
    static void open() {
        scene = new AccidentScene("zta-adm");
    }

    @AfterAll
    static void close() {
        if (scene != null) {
            scene.close();
        }
    }

    private static Compiled policy(
            String name, String selector, String group, String operations, String resources, String expression) {
        return scene.compiled(
                Phase.API, true, POLICY.formatted(name, selector, group, operations, resources, expression));
    }

    private static Compiled binding(String name, String actions) {
        return scene.compiled(Phase.API, true, BINDING.formatted(name, actions));
    }

    private static Posture posture() {
        return ZeroTrust.namespace(scene.namespace).noExecFor("developers").withoutGuard();
    }

    @Test
    void a_guard_that_binds_who_applies_keeps_it_from_changing_what_it_wrote() {
        String name = scene.namespace + "-applier";
        HasMetadata role = scene.object("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: %s}
                rules:
                - apiGroups: ["", apps, batch, networking.k8s.io, security.istio.io, networking.istio.io, rbac.authorization.k8s.io, admissionregistration.k8s.io, apiregistration.k8s.io, discovery.k8s.io, coordination.k8s.io, telemetry.istio.io, extensions.istio.io, cilium.io, gateway.networking.k8s.io, containers.zta.io]
                  resources: ["*"]
                  verbs: ["*"]
                """.formatted(name));
        HasMetadata bound = scene.object("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: %1$s}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %1$s}
                subjects: [{kind: User, name: %1$s, apiGroup: rbac.authorization.k8s.io}]
                """.formatted(name));
        scene.admin.resource(role).create();
        scene.admin.resource(bound).create();
        Posture posture = ZeroTrust.namespace(scene.outside).denyDirectAccess().noExecFor("developers");
        try (KubernetesClient applier = LiveCluster.as(name, "system:authenticated")) {
            Plan plan = Planner.plan(posture, applier, ApplySeam.mechanicsOnly());
            assertThat(plan.gate("APPLY-08").evidence().toString())
                    .contains(name + " may not apply postures.zta.io in " + scene.outside);
            assertThat(Planner.plan(posture, applier).gate("APPLY-08").refused())
                    .as("with the gate")
                    .isTrue();

            scene.applier(applier).apply(plan);
            Scene.await("it may not delete what it wrote", () -> guarded(applier));
            Posture changed = posture.allowFrom(Workload.labelled("app", "new")).onPort(8080);
            assertThat(Planner.plan(changed, applier).objections().refusals().toString())
                    .as("nor change it")
                    .contains("ValidatingAdmissionPolicy", "denied request");
        } finally {
            scene.admin.resource(bound).delete();
            scene.admin.resource(role).delete();
        }
        scene.applier().rollback(posture);
    }

    private static boolean guarded(KubernetesClient applier) {
        try {
            applier.network()
                    .v1()
                    .networkPolicies()
                    .inNamespace(scene.outside)
                    .dryRun()
                    .delete();
            return false;
        } catch (KubernetesClientException e) {
            return String.valueOf(e.getMessage()).contains("ValidatingAdmissionPolicy");
        }
    }

    @Test
    void a_policy_that_does_not_compile_denies_all_it_judges() {
        Compiled broken = policy("broken", OWN, "", "CREATE", "configmaps", "object.spec.size() > 0");
        Compiled denies = binding("broken", "Deny");
        String map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fresh, namespace: NS}";
        scene.write(broken);
        scene.write(denies);
        try {
            Scene.await("no ConfigMap is taken any more", () -> !scene.takes(scene.admin, map));
        } finally {
            scene.delete(denies, broken);
        }
        Scene.await("it is over", () -> scene.takes(scene.admin, map));

        scene.stopped(
                scene.planning(posture(), broken, binding("broken", "Deny, Warn")),
                Map.of("APPLY-09", "has validationActions [Deny, Warn]"));
        Plan plan = scene.planning(posture(), broken, denies).with(ApplySeam.mechanicsOnly());
        List<String> failures = scene.failuresWhile(() -> scene.takes(scene.admin, map), () -> {
            ApplyException undone = catchThrowableOfType(
                    ApplyException.class, () -> scene.applier().apply(plan));
            assertThat(undone.reason()).isEqualTo(ApplyException.Reason.UNDONE);
            assertThat(undone.details().toString()).contains("undefined field 'spec'");
        });
        assertThat(failures).as("it only ever warned").isEmpty();
        assertThat(scene.admin.resource(broken.object()).get()).isNull();
    }

    @Test
    void a_restricted_role_changes_nothing_while_another_binding_grants_entry() {
        String[] developers = {"developers", "system:authenticated"};
        List<HasMetadata> roles = posture().manifests().objects().stream()
                .filter(object -> object.getKind().startsWith("Role"))
                .toList();
        assertThat(roles).isNotEmpty();
        roles.forEach(role -> scene.admin.resource(role).serverSideApply());
        try {
            assertThat(scene.enters("jane", developers)).as("as before").isTrue();
        } finally {
            roles.forEach(role -> scene.admin.resource(role).delete());
        }
        scene.stopped(scene.planning(posture()), Map.of("APPLY-10", "developers-edit"));
    }

    @Test
    void a_guard_that_forgets_the_control_plane_keeps_its_namespace_terminating() {
        KubernetesClient admin = scene.admin;
        String doomed = LiveCluster.scratchNamespace(admin, "zta-acc-gone", Map.of());
        Posture posture = ZeroTrust.namespace(doomed).noExecFor("developers-of-" + doomed);
        Compiled guard = policy(
                "gone",
                "kubernetes.io/metadata.name: " + doomed,
                "",
                "DELETE",
                "configmaps",
                "'system:masters' in request.userInfo.groups");
        Compiled denies = binding("gone", "Deny");
        try {
            scene.stopped(scene.planning(posture, guard, denies), Map.of("APPLY-17", "judges DELETE"));
            scene.write(guard);
            scene.write(denies);
            Scene.await("the guard is in force", () -> refusesDelete(doomed));
            admin.namespaces().withName(doomed).delete();
            Scene.await("the namespace can't be emptied", () -> {
                List<NamespaceCondition> conditions =
                        admin.namespaces().withName(doomed).get().getStatus().getConditions();
                return conditions.stream()
                        .anyMatch(condition -> condition.getType().equals("NamespaceDeletionContentFailure")
                                && condition.getStatus().equals("True"));
            });
        } finally {
            scene.delete(denies, guard);
            Leftovers.remove(admin, doomed);
        }
        Scene.await(
                "the namespace goes", () -> admin.namespaces().withName(doomed).get() == null);
    }

    private static boolean refusesDelete(String namespace) {
        try (KubernetesClient controller = LiveCluster.as(
                "system:serviceaccount:kube-system:namespace-controller",
                "system:serviceaccounts",
                "system:authenticated")) {
            controller
                    .configMaps()
                    .inNamespace(namespace)
                    .withName("kube-root-ca.crt")
                    .dryRun()
                    .delete();
            return false;
        } catch (KubernetesClientException e) {
            return String.valueOf(e.getMessage()).contains("refused by the test");
        }
    }

    @Test
    void a_policy_that_judges_updates_of_old_pods_keeps_them_from_ever_going() {
        Compiled policy = policy(
                "team",
                OWN,
                "",
                "CREATE, UPDATE",
                "pods",
                "has(object.metadata.labels) && 'team' in object.metadata.labels");
        Compiled denies = binding("team", "Deny");
        scene.stopped(scene.planning(posture(), policy, denies), Map.of("APPLY-18", "never looks at oldObject"));

        HasMetadata old = scene.object("""
                apiVersion: v1
                kind: Pod
                metadata: {name: old, namespace: NS, finalizers: [zta.test/kept]}
                spec: {nodeSelector: {no: node}, containers: [{name: app, image: "zta.test/agnhost:1"}]}
                """);
        scene.admin.resource(old).create();
        scene.write(policy);
        scene.write(denies);
        try {
            Scene.await("the policy is in force", () -> !finalized(old));
            scene.admin.resource(old).delete();
            assertThat(finalized(old)).as("its finalizer stays").isFalse();
            assertThat(scene.admin.resource(old).get().getMetadata().getDeletionTimestamp())
                    .as("and so does the pod, Terminating")
                    .isNotNull();
        } finally {
            scene.delete(denies, policy);
            Scene.await("without the policy it goes", () -> finalized(old));
        }
        Scene.await("it is gone", () -> scene.admin.resource(old).get() == null);
    }

    /** Takes the finalizer away. Only a change that is none until the pod is being deleted: a label is written beside it. */
    private static boolean finalized(HasMetadata pod) {
        try {
            HasMetadata live = scene.admin.resource(pod).get();
            if (live.getMetadata().getDeletionTimestamp() == null) {
                scene.admin.resource(pod).dryRun().edit(edited -> {
                    edited.getMetadata().setAnnotations(Map.of("touched", "yes"));
                    return edited;
                });
                return true;
            }
            scene.admin.resource(pod).edit(edited -> {
                edited.getMetadata().setFinalizers(List.of());
                return edited;
            });
            return true;
        } catch (KubernetesClientException e) {
            return false;
        }
    }

    @Test
    void a_guard_on_deletion_alone_is_undone_by_an_owner_and_one_by_label_without_the_label() {
        Compiled guarded = scene.compiled(Phase.NETWORK, true, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: guarded, namespace: NS}
                spec: {podSelector: {matchLabels: {app: nobody}}, policyTypes: [Ingress]}
                """);
        Compiled policy =
                policy("kept", "guarded: 'yes'", "networking.k8s.io", "DELETE", "networkpolicies", CONTROLLERS);
        Compiled denies = binding("kept", "Deny");
        Plan plan = scene.stopped(
                scene.planning(posture(), policy, denies),
                Map.of("APPLY-20", "does not judge CREATE of networkpolicies, UPDATE of networkpolicies"));
        assertThat(plan.gate("APPLY-20").evidence().toString()).contains("selects namespaces by guarded");

        label("yes");
        scene.write(guarded);
        scene.write(policy);
        scene.write(denies);
        try (KubernetesClient developer = Scene.developer()) {
            Scene.await("the guard is in force", () -> !deletes(developer, guarded, true));
            developer.resource(guarded.object()).edit(edited -> {
                edited.getMetadata()
                        .setOwnerReferences(List.of(new OwnerReferenceBuilder()
                                .withApiVersion("v1")
                                .withKind("ConfigMap")
                                .withName("missing")
                                .withUid(UUID.randomUUID().toString())
                                .build()));
                return edited;
            });
            Scene.await(
                    "the garbage collector undoes what a developer may not",
                    () -> scene.admin.resource(guarded.object()).get() == null);

            scene.write(guarded);
            assertThat(deletes(developer, guarded, true)).isFalse();
            label(null);
            Scene.await("without the label nothing is guarded", () -> deletes(developer, guarded, true));
        } finally {
            scene.delete(denies, policy, guarded);
        }
    }

    private static void label(@org.jspecify.annotations.Nullable String value) {
        scene.admin.namespaces().withName(scene.namespace).edit(edited -> {
            edited.getMetadata().getLabels().put("guarded", value == null ? "no" : value);
            return edited;
        });
    }

    private static boolean deletes(KubernetesClient client, Compiled object, boolean dryRun) {
        try {
            client.resource(object.object()).dryRun(dryRun).delete();
            return true;
        } catch (KubernetesClientException e) {
            assertThat(e).hasMessageContaining("refused by the test");
            return false;
        }
    }

    @Test
    void a_pipeline_that_lives_on_exec_loses_it() {
        String account = "system:serviceaccount:" + scene.namespace + ":ci";
        String[] groups = {"system:serviceaccounts", "system:serviceaccounts:" + scene.namespace, "system:authenticated"
        };
        scene.accident(
                posture(),
                scene.planning(posture()),
                Map.of("APPLY-22", "ServiceAccount " + scene.namespace + "/ci", "APPLY-10", "developers-edit"),
                "ci gets into orders",
                () -> scene.enters(account, groups));
    }
}
