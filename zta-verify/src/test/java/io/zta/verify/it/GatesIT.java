package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Subject;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each accident that can be set up on a live cluster: its gate names it, and nothing was written. */
class GatesIT {
    private static KubernetesClient client;
    private static String namespace;

    @BeforeAll
    static void shop() {
        client = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(client, "zta-gates", Map.of());
        load("""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: orders}
                spec:
                  selector: {matchLabels: {app: orders}}
                  template:
                    metadata: {labels: {app: orders}}
                    spec:
                      containers:
                      - {name: app, image: zta.test/agnhost:1, imagePullPolicy: Never, args: [netexec, --http-port=8080], ports: [{containerPort: 8080}]}
                  replicas: 0
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: orders}
                spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec:
                  selector: {matchLabels: {app: web}}
                  template:
                    metadata: {labels: {app: web}}
                    spec:
                      containers:
                      - name: app
                        image: zta.test/agnhost:1
                        imagePullPolicy: Never
                        env: [{name: ORDERS_URL, value: "http://orders/api"}]
                  replicas: 0
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: devs}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
                subjects: [{kind: Group, name: developers, apiGroup: rbac.authorization.k8s.io}, {kind: ServiceAccount, name: backup, namespace: %s}]
                """.formatted(namespace));
    }

    private static void load(String yaml) {
        client.load(new java.io.ByteArrayInputStream(yaml.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .inNamespace(namespace)
                .serverSideApply();
    }

    @AfterAll
    static void away() {
        Leftovers.remove(client, namespace);
        client.close();
    }

    private static Plan refused(Posture posture, String gate, String... evidence) {
        Plan plan = Planner.plan(posture, client);
        assertThat(plan.gate(gate).refused()).as(plan.toText()).isTrue();
        assertThat(plan.gate(gate).evidence().toString()).contains(evidence);
        ApplyException stopped = catchThrowableOfType(
                ApplyException.class, () -> Applier.with(client).apply(plan));
        assertThat(stopped.reason()).isEqualTo(ApplyException.Reason.GATE);
        assertThat(stopped).hasMessageContaining(gate);
        assertThat(client.network()
                        .v1()
                        .networkPolicies()
                        .inNamespace(namespace)
                        .list()
                        .getItems())
                .isEmpty();
        return plan;
    }

    @Test
    void a_flow_that_an_environment_variable_names_is_not_cut_off_silently() {
        Posture posture = ZeroTrust.namespace(namespace).denyDirectAccess().upTo(Phase.NETWORK);
        Plan plan = refused(
                posture,
                "APPLY-03",
                namespace + "/web[Deployment] -> " + namespace + "/orders[Deployment]",
                "http://orders/api");
        assertThat(plan.impact().ends()).isNotEmpty();
        String flow = plan.impact().ends().stream()
                .map(Object::toString)
                .filter(line -> line.startsWith(namespace + "/web[Deployment] -> " + namespace + "/orders"))
                .findFirst()
                .orElseThrow();
        Plan named = Planner.plan(posture, client, PlanOptions.none().givingUp(flow));
        assertThat(named.gate("APPLY-03").refused()).isFalse();
        Plan allowed = Planner.plan(
                ZeroTrust.namespace(namespace)
                        .denyDirectAccess()
                        .allowFrom(io.zta.intent.Workload.labelled("app", "web"))
                        .onPort(8080)
                        .upTo(Phase.NETWORK),
                client);
        assertThat(allowed.gate("APPLY-03").refused()).as(allowed.toText()).isFalse();
    }

    @Test
    void the_backend_of_a_webhook_is_not_isolated_from_the_api_server() {
        String name = namespace + "-hook";
        load("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: %s}
                webhooks:
                - name: hook.zta.test
                  clientConfig: {service: {name: orders, namespace: %s, path: /}}
                  admissionReviewVersions: [v1]
                  sideEffects: None
                  failurePolicy: Ignore
                  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: no-such-namespace}}
                  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
                """.formatted(name, namespace));
        try {
            refused(
                    ZeroTrust.namespace(namespace).denyDirectAccess().upTo(Phase.NETWORK),
                    "APPLY-02",
                    "ValidatingWebhookConfiguration " + name + " -> " + namespace + "/orders[Deployment]");
        } finally {
            client.admissionRegistration()
                    .v1()
                    .validatingWebhookConfigurations()
                    .withName(name)
                    .delete();
        }
    }

    @Test
    void grants_that_remain_and_those_who_live_on_exec_are_named_before_admission_denies() {
        Posture posture = ZeroTrust.namespace(namespace).noExecFor("developers");
        Plan plan = refused(
                posture,
                "APPLY-10",
                "Group developers: create pods/exec in " + namespace + " by RoleBinding " + namespace + "/devs");
        assertThat(plan.gate("APPLY-22").evidence().toString())
                .contains("ServiceAccount " + namespace + "/backup loses entry to " + namespace);
        Plan kept = Planner.plan(posture.keepExecFor(Subject.serviceAccount(namespace, "backup")), client);
        assertThat(kept.gate("APPLY-22").refused()).as(kept.toText()).isFalse();
    }

    @Test
    void an_applier_whom_its_own_guard_would_lock_out_is_named() {
        String name = namespace + "-applier";
        load("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: %1$s}
                rules:
                - apiGroups: ["", apps, batch, networking.k8s.io, security.istio.io, networking.istio.io, rbac.authorization.k8s.io, admissionregistration.k8s.io, apiregistration.k8s.io, discovery.k8s.io, coordination.k8s.io, telemetry.istio.io, extensions.istio.io, cilium.io, gateway.networking.k8s.io]
                  resources: ["*"]
                  verbs: ["*"]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: %1$s}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %1$s}
                subjects: [{kind: User, name: %1$s, apiGroup: rbac.authorization.k8s.io}]
                """.formatted(name));
        try (KubernetesClient applier = LiveCluster.as(name, "system:authenticated")) {
            Posture posture = ZeroTrust.namespace(namespace).denyDirectAccess().noExecFor("developers");
            Plan plan = Planner.plan(posture, applier);
            assertThat(plan.gate("APPLY-08").refused()).as(plan.toText()).isTrue();
            assertThat(plan.gate("APPLY-08").evidence().toString())
                    .contains(name + " may not apply postures.zta.io in " + namespace);
            Plan named = Planner.plan(posture.appliedBy(Subject.user(name)), applier);
            assertThat(named.gate("APPLY-08").refused()).as(named.toText()).isFalse();
        } finally {
            client.rbac().clusterRoleBindings().withName(name).delete();
            client.rbac().clusterRoles().withName(name).delete();
        }
    }

    @Test
    void pod_security_is_not_enforced_where_injected_pods_have_istio_init() {
        Plan plan = Planner.plan(
                ZeroTrust.namespace(namespace)
                        .denyDirectAccess()
                        .strictMtls()
                        .podSecurity(PodSecurity.BASELINE)
                        .upTo(Phase.NETWORK),
                client);
        assertThat(plan.gate("APPLY-15").refused()).as(plan.toText()).isTrue();
    }

    @Test
    void every_gate_of_a_whole_posture_has_evidence_and_the_same_plan_gives_the_same_bytes() {
        Posture posture = ZeroTrust.namespace(namespace)
                .denyDirectAccess()
                .strictMtls()
                .noExecFor("developers")
                .audit();
        Plan plan = Planner.plan(posture, client);
        assertThat(plan.gates())
                .hasSize(22)
                .allSatisfy(gate -> assertThat(gate.evidence()).isNotEmpty());
        assertThat(plan.objections().refusals())
                .as("the API server takes every compiled object")
                .isEmpty();
        assertThat(plan.toJson()).isEqualTo(Planner.plan(posture, client).toJson());
        assertThat(List.of("APPLY-17", "APPLY-18", "APPLY-20"))
                .as(plan.toText())
                .allSatisfy(id -> assertThat(plan.gate(id).refused()).isFalse());
    }
}
