package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The objects of the line of the README: the shop goes on working, members of the group get in neither as such nor without
 * the group, attempts are recorded, and what is proven of the cluster agrees. What strangers try is the red team's.
 */
class PostureUseIT {
    private static final String NAME = "zta-alone-" + Long.toString(System.nanoTime() % 1_679_616L, 36);
    private static Scene scene;
    private static String namespace;
    private static String targetPod;
    private static String gateway;
    private static List<HasMetadata> elsewhere = List.of();

    @BeforeAll
    static void stage() {
        scene = new Scene("zta-use");
        namespace = scene.namespace;
        scene.create("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: developer-alone, namespace: NS}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: developer}]
                """.replace("NS", namespace));
        elsewhere = Scene.create(scene.admin, """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: NAME}
                rules: [{apiGroups: [""], resources: [users], resourceNames: [developer], verbs: [impersonate]}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: NAME}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NAME}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
                """.replace("NAME", NAME));
        targetPod = scene.pod(namespace, "app=orders").getMetadata().getName();
        gateway = scene.pod("istio-system", "app=istio-ingressgateway")
                .getStatus()
                .getPodIP();
        Scene.await(
                "the gateway knows the way to the shop",
                () -> request(gateway, 8080, scene.host).contains(" 200"));
    }

    @AfterAll
    static void strike() {
        if (scene != null) {
            elsewhere.forEach(object -> scene.admin.resource(object).delete());
            scene.close();
        }
    }

    /** The user {@code developer} of the cluster, as somebody else where a name is given. */
    private static KubernetesClient developer(String as) {
        try {
            Path kubeconfig = LiveCluster.kubeconfig().resolveSibling("developer.kubeconfig");
            if (!Files.isReadable(kubeconfig)) {
                return as.isEmpty() ? Scene.developer() : LiveCluster.as(as);
            }
            Config config = Config.fromKubeconfig(Files.readString(kubeconfig));
            return LiveCluster.client(
                    as.isEmpty()
                            ? config
                            : new ConfigBuilder(config)
                                    .withImpersonateUsername(as)
                                    .build());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Each attack tells whether it got through. */
    private static Map<String, Supplier<Boolean>> attacks() {
        Map<String, Supplier<Boolean>> attacks = new LinkedHashMap<>();
        attacks.put("exec", () -> enters(""));
        attacks.put("exec as oneself without the group", () -> enters("developer"));
        return attacks;
    }

    /** What must go on working. */
    private static Map<String, Supplier<Boolean>> uses() {
        Map<String, Supplier<Boolean>> uses = new LinkedHashMap<>();
        uses.put("gateway to app", () -> request(gateway, 8080, scene.host).contains(" 200"));
        uses.put("the kubelet's probe", () -> Scene.ready(scene.pod(namespace, "app=orders")));
        uses.put("CI ships a probed deployment", PostureUseIT::ships);
        uses.put("developers read logs", () -> passes("GET", "/log?container=app"));
        return uses;
    }

    @Test
    void members_get_in_before_and_not_after_and_the_shop_works() throws Exception {
        Posture posture = ZeroTrust.namespace(namespace)
                .denyDirectAccess()
                .strictMtls()
                .noExecFor("developers")
                .audit();
        Map<String, Supplier<Boolean>> attacks = attacks();
        Map<String, Supplier<Boolean>> uses = uses();
        assertThat(outcomes(uses)).as("uses before").doesNotContainValue(false);
        Map<String, Boolean> before = outcomes(attacks);
        assertThat(before).as("attacks before").doesNotContainValue(false);

        scene.apply(posture);
        Scene.await("admission in force", () -> attacks.values().stream().noneMatch(Supplier::get));

        Map<String, Boolean> after = outcomes(attacks);
        Map<String, Boolean> still = outcomes(uses);
        before.keySet().forEach(name -> System.out.println((after.get(name) ? "OPEN   " : "closed ") + name));
        assertThat(after).as("attacks after").doesNotContainValue(true);
        assertThat(still).as("uses after").doesNotContainValue(false);

        unrelated_accounts_gain_nothing();
        attempts_are_recorded();
        static_verdicts_agree(posture);
    }

    private static void unrelated_accounts_gain_nothing() {
        for (String resource : List.of("pods/exec", "containers", "postures")) {
            String[] parts = resource.split("/");
            String verb = resource.equals("containers") ? "enter" : resource.equals("postures") ? "apply" : "create";
            var review = scene.admin
                    .authorization()
                    .v1()
                    .subjectAccessReview()
                    .create(new SubjectAccessReviewBuilder()
                            .withNewSpec()
                            .withUser("system:serviceaccount:" + scene.outside + ":default")
                            .withGroups(
                                    "system:serviceaccounts",
                                    "system:serviceaccounts:" + scene.outside,
                                    "system:authenticated")
                            .withNewResourceAttributes()
                            .withNamespace(namespace)
                            .withGroup(verb.equals("create") ? "" : "zta.io")
                            .withResource(parts[0])
                            .withSubresource(parts.length > 1 ? parts[1] : null)
                            .withVerb(verb)
                            .endResourceAttributes()
                            .endSpec()
                            .build());
            assertThat(review.getStatus().getAllowed())
                    .as(verb + " " + resource)
                    .isFalse();
        }
    }

    private static void attempts_are_recorded() {
        String marker = "marker-" + namespace;
        passes("POST", "/exec?command=" + marker + "&stdout=true&container=app");
        Path log = LiveCluster.kubeconfig().resolveSibling("audit").resolve("audit.log");
        Scene.await("the attempt in the audit log", () -> {
            try (Stream<String> lines = Files.lines(log)) {
                return lines.anyMatch(line -> line.contains(marker) && line.contains("\"code\":403"));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    /** What was closed is proven on what the cluster holds, as far as this test's own strangers let it. */
    private static void static_verdicts_agree(Posture posture) {
        Snapshot cluster = Snapshot.of(scene.admin);
        assertThat(io.zta.verify.Verifier.verify(posture, cluster).claims())
                .filteredOn(result -> List.of(
                                io.zta.finding.Claim.DIRECT_ACCESS,
                                io.zta.finding.Claim.PLAINTEXT,
                                io.zta.finding.Claim.LEGITIMATE_TRAFFIC)
                        .contains(result.claim()))
                .allSatisfy(result -> assertThat(result.verdict())
                        .as(result.claim().toString())
                        .isInstanceOf(io.zta.finding.Verdict.Proven.class));
    }

    private static Map<String, Boolean> outcomes(Map<String, Supplier<Boolean>> table) {
        Map<String, Boolean> outcomes = new TreeMap<>();
        table.entrySet().parallelStream().forEach(entry -> {
            boolean outcome = entry.getValue().get();
            synchronized (outcomes) {
                outcomes.put(entry.getKey(), outcome);
            }
        });
        return outcomes;
    }

    private static String request(String address, int port, String host) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), 4000);
            socket.setSoTimeout(4000);
            socket.getOutputStream()
                    .write(("GET /hostname HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1).split("\r\n", 2)[0];
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Whether a member of the group is let past authorization and admission. */
    private static boolean passes(String method, String path) {
        try (KubernetesClient developer = developer("")) {
            developer.raw(
                    "/api/v1/namespaces/" + namespace + "/pods/" + targetPod + path,
                    method,
                    method.equals("GET") ? null : Map.of());
            return true;
        } catch (KubernetesClientException e) {
            return e.getCode() != 403 && e.getCode() != 0;
        }
    }

    private static boolean enters(String as) {
        try (KubernetesClient client = developer(as)) {
            return Scene.exec(client, namespace, targetPod, "app", "echo", "inside")
                    .contains("inside");
        } catch (KubernetesClientException e) {
            // A refused upgrade has no status of its own in this client.
            java.io.StringWriter trace = new java.io.StringWriter();
            e.printStackTrace(new java.io.PrintWriter(trace));
            if (trace.toString().contains("status code 403") || e.getCode() == 403) {
                return false;
            }
            throw e;
        }
    }

    private static boolean ships() {
        try (KubernetesClient ci = LiveCluster.as(
                "system:serviceaccount:" + namespace + ":ci",
                "system:serviceaccounts",
                "system:serviceaccounts:" + namespace,
                "system:authenticated")) {
            Scene.create(ci, """
                    apiVersion: apps/v1
                    kind: Deployment
                    metadata: {name: shipped, namespace: NS}
                    spec:
                      selector: {matchLabels: {app: shipped}}
                      template:
                        metadata: {labels: {app: shipped}}
                        spec:
                          terminationGracePeriodSeconds: 1
                          containers:
                          - name: app
                            image: zta.test/agnhost:1
                            imagePullPolicy: Never
                            command: [agnhost, netexec, --http-port=8080]
                            ports: [{containerPort: 8080, name: http}]
                            readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
                    """.replace("NS", namespace));
            scene.awaitReady(namespace, "app=shipped");
            ci.apps().deployments().inNamespace(namespace).withName("shipped").delete();
            Scene.await(
                    "the shipped pod gone",
                    () -> ci.pods()
                            .inNamespace(namespace)
                            .withLabel("app", "shipped")
                            .list()
                            .getItems()
                            .isEmpty());
            return true;
        }
    }
}
