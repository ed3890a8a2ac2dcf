package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.verify.apply.Applier;
import io.zta.verify.apply.ApplyException;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.Planner;
import io.zta.verify.apply.StepProbe;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What each gate on the writes themselves is there for, on a real cluster, with the gate and without it. */
class WriteAccidentsIT {
    private static AccidentScene scene;
    private static Compiled deny;
    private static Compiled allow;

    @BeforeAll
    static void open() {
        scene = new AccidentScene("zta-wri", "legacy");
        deny = scene.compiled(Phase.NETWORK, true, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: zta-deny, namespace: NS}
                spec: {podSelector: {}, policyTypes: [Ingress]}
                """);
        allow = allows("zta-allow");
    }

    @AfterAll
    static void close() {
        if (scene != null) {
            scene.close();
        }
    }

    private static Compiled allows(String name) {
        return scene.compiled(Phase.NETWORK, false, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: NS}
                spec:
                  podSelector: {}
                  policyTypes: [Ingress]
                  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: OUT}}}]}]
                """.formatted(name));
    }

    private static Posture posture(Phase phase) {
        return ZeroTrust.namespace(scene.namespace).denyDirectAccess().upTo(phase);
    }

    private static Plan plan(Phase phase, Compiled... objects) {
        return scene.planning(posture(phase), objects).with(ApplySeam.mechanicsOnly());
    }

    private static void served() {
        Scene.await("legacy is served", () -> scene.served("legacy"));
    }

    private static void cutOff() {
        Scene.await("legacy is cut off", Duration.ofSeconds(30), () -> !scene.served("legacy"));
    }

    @Test
    void a_field_of_somebody_else_that_is_overwritten_cuts_off_whom_they_let_in() {
        Compiled theirs = allows("callers");
        scene.admin.resource(theirs.object()).fieldManager("team").serverSideApply();
        Compiled ours = scene.compiled(Phase.NETWORK, true, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: callers, namespace: NS}
                spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}
                """);
        try {
            served();
            scene.stopped(
                    scene.planning(posture(Phase.NETWORK), ours),
                    Map.of("APPLY-11", "callers: .spec.ingress is owned by team"));
            served();

            PlanOptions forced = ApplySeam.mechanicsOnly().forcing("NetworkPolicy " + scene.namespace + "/callers");
            scene.applier().apply(scene.planning(posture(Phase.NETWORK), ours).with(forced));
            cutOff();
            scene.applier().rollback(posture(Phase.NETWORK));
            served();
        } finally {
            scene.delete(theirs);
        }
    }

    @Test
    void pruning_by_name_takes_away_what_somebody_made_again() {
        scene.applier().apply(plan(Phase.NETWORK, deny, allow));
        try {
            scene.delete(allow);
            scene.admin.resource(allow.object()).create();
            served();
            Plan back = plan(Phase.OBSERVE);
            assertThat(back.gate("APPLY-12").evidence().toString())
                    .contains("zta-allow is left: it is not the one we wrote");

            scene.delete(allow); // as pruning by name or label would
            cutOff();
            scene.admin.resource(allow.object()).create();
            served();
            List<String> failures = scene.failuresWhile(
                    () -> scene.served("legacy"), () -> scene.applier().apply(plan(Phase.OBSERVE)));
            assertThat(failures).isEmpty();
            assertThat(scene.policies()).containsExactly("zta-allow");
        } finally {
            scene.delete(allow, deny);
        }
    }

    @Test
    void half_an_apply_stays_half_where_no_state_was_kept() throws IOException {
        HasMetadata role = scene.object("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: NS-reader}
                rules: [{apiGroups: ["*"], resources: ["*"], verbs: [get, list]}]
                """);
        HasMetadata bound = scene.object("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: NS-reader}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NS-reader}
                subjects: [{kind: User, name: NS-reader, apiGroup: rbac.authorization.k8s.io}]
                """);
        scene.admin.resource(role).create();
        scene.admin.resource(bound).create();
        try (KubernetesClient reader = LiveCluster.as(scene.namespace + "-reader", "system:authenticated")) {
            served();
            assertThat(Planner.plan(posture(Phase.NETWORK), reader)
                            .gate("APPLY-13")
                            .evidence()
                            .toString())
                    .contains("the state before each write can't be kept");
            scene.write(deny);
            assertThat(catchThrowableOfType(
                            KubernetesClientException.class,
                            () -> reader.resource(allow.object()).serverSideApply()))
                    .isNotNull();
            cutOff(); // and nothing knows how to go on, or back
        } finally {
            scene.delete(deny);
            scene.admin.resource(bound).delete();
            scene.admin.resource(role).delete();
        }
        served();

        Plan plan = plan(Phase.NETWORK, deny, allow);
        try (ApiProxy proxy = new ApiProxy(scene.admin);
                KubernetesClient client = proxy.client()) {
            proxy.when(
                    (method, path) -> method.equals("PATCH") && path.contains("/zta-allow?") && !path.contains("dryRun")
                            ? new ApiProxy.Fault.Answer(403, "Forbidden", "zta-allow is forbidden")
                            : null);
            List<String> failures = scene.failuresWhile(() -> scene.served("legacy"), () -> {
                ApplyException undone = catchThrowableOfType(
                        ApplyException.class, () -> scene.applier(client).apply(plan));
                assertThat(undone)
                        .hasMessageContaining("zta-allow is forbidden")
                        .hasMessageContaining("was undone");
                scene.applier().rollback(posture(Phase.NETWORK));
            });
            assertThat(failures).isEmpty();
        }
        assertThat(scene.policies()).isEmpty();
    }

    @Test
    void of_two_that_write_at_once_the_one_who_was_told_of_success_may_have_lost() throws Exception {
        served();
        scene.write(allow);
        scene.write(deny); // the first is done, and what it let in is served
        served();
        scene.delete(allow); // the second, whose posture has no such caller, takes away what it does not know
        cutOff();
        scene.delete(deny);
        served();

        Plan plan = plan(Phase.NETWORK, deny, allow);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        StepProbe slow = (posture, step, client) -> {
            inside.countDown();
            try {
                leave.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return List.of();
        };
        CompletableFuture<?> first =
                CompletableFuture.runAsync(() -> scene.applier().withProbe(slow).apply(plan));
        try {
            assertThat(inside.await(60, TimeUnit.SECONDS)).isTrue();
            Plan other = plan(Phase.NETWORK, deny);
            assertThat(other.gate("APPLY-14").evidence().toString()).contains(scene.namespace + " holds");
            Applier second = Applier.with(scene.admin).withLease("second", Duration.ofSeconds(3));
            ApplyException held = catchThrowableOfType(ApplyException.class, () -> second.apply(other));
            assertThat(held.reason()).isEqualTo(ApplyException.Reason.HELD);
        } finally {
            leave.countDown();
            first.get(90, TimeUnit.SECONDS);
        }
        served();
        scene.applier().rollback(posture(Phase.NETWORK));
    }

    @Test
    void an_inventory_that_others_write_gives_back_what_they_wrote() {
        HasMetadata callers = scene.object(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: callers, namespace: NS}\ndata: {who: gateway-only}");
        Compiled ours = scene.compiled(
                Phase.NETWORK,
                false,
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: callers, namespace: NS}\ndata: {who: nobody}");
        String attacker = scene.namespace + "-attacker";
        HasMetadata edit = scene.object("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: NS-edit, namespace: zta-system}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
                subjects: [{kind: User, name: NS-attacker, apiGroup: rbac.authorization.k8s.io}]
                """);
        scene.admin.resource(callers).fieldManager("team").serverSideApply();
        PlanOptions forced = ApplySeam.mechanicsOnly().forcing("ConfigMap " + scene.namespace + "/callers");
        scene.applier().apply(scene.planning(posture(Phase.NETWORK), ours).with(forced));
        scene.admin.resource(edit).create();
        try (KubernetesClient stranger = LiveCluster.as(attacker, "system:authenticated")) {
            assertThat(scene.planning(posture(Phase.NETWORK))
                            .with(PlanOptions.none())
                            .gate("APPLY-19")
                            .evidence()
                            .toString())
                    .contains(attacker);
            int edited = 0;
            for (ConfigMap part : stranger.configMaps()
                    .inNamespace("zta-system")
                    .withLabel("zta.io/inventory", scene.namespace)
                    .list()
                    .getItems()) {
                String text = part.getData().toString();
                if (text.contains("gateway-only")) {
                    UnaryOperator<ConfigMap> opens = map -> {
                        map.getData().replaceAll((key, value) -> value.replace("gateway-only", "everybody"));
                        return map;
                    };
                    stranger.resource(part).edit(opens);
                    edited++;
                }
            }
            assertThat(edited).as("inventories that a stranger edited").isPositive();
        } finally {
            scene.admin.resource(edit).delete();
        }
        scene.applier().rollback(posture(Phase.NETWORK));
        assertThat(((ConfigMap) scene.admin.resource(callers).get()).getData()).containsEntry("who", "everybody");
    }

    @Test
    void a_session_that_was_open_before_outlives_the_apply() throws Exception {
        Posture posture =
                ZeroTrust.namespace(scene.namespace).noExecFor("developers").withoutGuard();
        String[] groups = {"developers", "system:authenticated"};
        String pod =
                scene.scene.pod(scene.namespace, "app=orders").getMetadata().getName();
        Path log = LiveCluster.kubeconfig().resolveSibling("audit/audit.log");
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        try (KubernetesClient jane = LiveCluster.as("jane", groups);
                ExecWatch session = jane.pods()
                        .inNamespace(scene.namespace)
                        .withName(pod)
                        .inContainer("app")
                        .redirectingInput()
                        .writingOutput(heard)
                        .exec("sh", "-c", "while read line; do echo heard $line; done")) {
            say(session, heard, "before");
            Plan plan = scene.planning(posture)
                    .with(PlanOptions.none()
                            .withAuditLog(log)
                            .overriding("APPLY-10")
                            .overriding("APPLY-19")
                            .overriding("APPLY-22"));
            assertThat(plan.refused()).as(plan.toText()).isEmpty();
            assertThat(plan.gate("APPLY-21").evidence().toString())
                    .as("the plan names who is inside")
                    .contains("open since before", "jane", pod);
            scene.applier().apply(plan);
            try {
                Scene.await("nobody gets in any more", () -> !scene.enters("jane", groups));
                say(session, heard, "after");
            } finally {
                scene.applier().rollback(posture);
            }
        }
    }

    private static void say(ExecWatch session, ByteArrayOutputStream heard, String word) throws IOException {
        session.getInput().write((word + "\n").getBytes(StandardCharsets.UTF_8));
        session.getInput().flush();
        Scene.await(
                "the session answers " + word,
                () -> heard.toString(StandardCharsets.UTF_8).contains("heard " + word));
    }
}
