package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
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
 * The objects of the line of the README against real attacks: each gets through before they are applied, with the grants it
 * needs, and none after; legitimate uses work before and after.
 */
class PostureAttackIT {
    private static final String GATEWAY_HOME = "istio-system";
    private static final String GATEWAY_ACCOUNT = "istio-ingressgateway-service-account";
    private static Scene scene;
    private static KubernetesClient developer;
    private static String namespace;
    private static String target;
    private static String targetPod;
    private static String service;
    private static String gateway;
    private static List<HasMetadata> elsewhere = List.of();
    private static final String ANOTHER = "zta-another-" + Long.toString(System.nanoTime() % 1_679_616L, 36);

    @BeforeAll
    static void stage() {
        scene = new Scene("zta-attack");
        namespace = scene.namespace;
        developer = developer("");
        scene.create(pod("neighbour", namespace, "{app: neighbour}")
                + pod("worn-inside", namespace, "{app: istio-ingressgateway, istio: ingressgateway}")
                + pod("stranger", scene.outside, "{app: stranger}")
                + pod("worn", scene.outside, "{app: istio-ingressgateway, istio: ingressgateway}")
                + pod(ANOTHER, GATEWAY_HOME, "{app: " + ANOTHER + "}")
                + """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: more, namespace: NS}
                rules:
                - {apiGroups: [""], resources: [pods/ephemeralcontainers], verbs: [patch, update, get]}
                - {apiGroups: [security.istio.io], resources: ["*"], verbs: ["*"]}
                - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [create, escalate, bind]}
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: developers-more, namespace: NS}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: more}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: someones, namespace: NS}
                spec: {podSelector: {matchLabels: {app: nobody}}, policyTypes: [Ingress]}
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: developer-alone, namespace: NS}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: developer}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: patcher, namespace: NS}
                rules: [{apiGroups: [""], resources: [pods], resourceNames: [limited], verbs: [create, patch]}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: patcher, namespace: NS}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: patcher}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: patcher}]
                """.replace("NS", namespace));
        elsewhere = Scene.create(scene.admin, """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: NAME}
                rules:
                - {apiGroups: [""], resources: [nodes/proxy], verbs: [get]}
                - {apiGroups: [""], resources: [users], resourceNames: [developer], verbs: [impersonate]}
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: NAME}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NAME}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: NAME, namespace: HOME}
                rules:
                - {apiGroups: [""], resources: [pods, secrets, serviceaccounts/token], verbs: [create]}
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: NAME, namespace: HOME}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: NAME}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
                """.replace("NAME", ANOTHER).replace("HOME", GATEWAY_HOME));
        for (String name : List.of("neighbour", "worn-inside")) {
            Scene.await(name, () -> Scene.ready(Scene.pod(scene.admin, namespace, name)));
        }
        for (String name : List.of("stranger", "worn")) {
            Scene.await(name, () -> Scene.ready(Scene.pod(scene.admin, scene.outside, name)));
        }
        Scene.await(ANOTHER, () -> Scene.ready(Scene.pod(scene.admin, GATEWAY_HOME, ANOTHER)));
        Pod orders = scene.pod(namespace, "app=orders");
        targetPod = orders.getMetadata().getName();
        target = orders.getStatus().getPodIP();
        service = "orders." + namespace + ".svc.cluster.local";
        gateway =
                scene.pod(GATEWAY_HOME, "app=istio-ingressgateway").getStatus().getPodIP();
    }

    @AfterAll
    static void strike() {
        if (scene != null) {
            elsewhere.forEach(object -> scene.admin.resource(object).delete());
            scene.admin
                    .pods()
                    .inNamespace(GATEWAY_HOME)
                    .withName(ANOTHER)
                    .withGracePeriod(0)
                    .delete();
            scene.close();
        }
    }

    private static String pod(String name, String in, String labels) {
        return """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: %s, labels: %s}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: app, image: zta.test/agnhost:1, imagePullPolicy: Never, command: [agnhost, netexec, --http-port=8080]}]
                """.formatted(name, in, labels);
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
        attacks.put("stranger by pod IP", () -> fetches(scene.outside, "stranger", target, 8080));
        attacks.put("stranger by Service", () -> fetches(scene.outside, "stranger", service, 80));
        attacks.put("neighbour by pod IP", () -> fetches(namespace, "neighbour", target, 8080));
        attacks.put("neighbour by Service", () -> fetches(namespace, "neighbour", service, 80));
        attacks.put("gateway's labels worn elsewhere, by pod IP", () -> fetches(scene.outside, "worn", target, 8080));
        attacks.put("gateway's labels worn elsewhere, by Service", () -> fetches(scene.outside, "worn", service, 80));
        attacks.put(
                "gateway's labels worn beside it, by pod IP", () -> fetches(namespace, "worn-inside", target, 8080));
        attacks.put(
                "gateway's labels worn beside it, by Service", () -> fetches(namespace, "worn-inside", service, 80));
        attacks.put(
                "another pod of the gateway's namespace, by pod IP",
                () -> fetches(GATEWAY_HOME, ANOTHER, target, 8080));
        attacks.put(
                "another pod of the gateway's namespace, by Service",
                () -> fetches(GATEWAY_HOME, ANOTHER, service, 80));
        attacks.put("node by pod IP", () -> request(target, 8080, "orders").contains(" 200"));
        attacks.put("exec", () -> enters(developer));
        attacks.put("exec by POST", () -> passes(developer, "POST", "/exec?command=true&stdout=true&container=app"));
        attacks.put("attach", () -> passes(developer, "POST", "/attach?stdout=true&container=app"));
        attacks.put("port-forward", () -> passes(developer, "POST", "/portforward?ports=8080"));
        attacks.put("pod proxy", () -> passes(developer, "GET", ":8080/proxy/hostname"));
        attacks.put(
                "service proxy",
                () -> raw(developer, "GET", "/api/v1/namespaces/" + namespace + "/services/orders:80/proxy/hostname"));
        attacks.put("node proxy", () -> raw(developer, "GET", "/api/v1/nodes/" + node() + "/proxy/healthz"));
        attacks.put("ephemeral container", PostureAttackIT::ephemeral);
        attacks.put("exec as oneself without the group", () -> {
            try (KubernetesClient alone = developer("developer")) {
                return enters(alone);
            }
        });
        attacks.put("exec as the CI account by impersonation", () -> {
            try (KubernetesClient ci = developer("system:serviceaccount:" + namespace + ":ci")) {
                return enters(ci);
            }
        });
        attacks.put("exec as the CI account by a minted token", PostureAttackIT::minted);
        attacks.put(
                "a token of the gateway's account minted",
                () -> does(() -> developer
                        .serviceAccounts()
                        .inNamespace(GATEWAY_HOME)
                        .withName(GATEWAY_ACCOUNT)
                        .tokenRequest(new TokenRequestBuilder()
                                .withNewSpec()
                                .withExpirationSeconds(600L)
                                .endSpec()
                                .build())));
        attacks.put(
                "a token Secret of the gateway's account",
                () -> creates("""
                apiVersion: v1
                kind: Secret
                metadata: {name: worn, namespace: HOME, annotations: {kubernetes.io/service-account.name: ACCOUNT}}
                type: kubernetes.io/service-account-token
                """.replace("HOME", GATEWAY_HOME).replace("ACCOUNT", GATEWAY_ACCOUNT)));
        attacks.put("a pod with the gateway's labels beside it", () -> creates("""
                apiVersion: v1
                kind: Pod
                metadata: {name: worn, namespace: HOME, labels: {app: istio-ingressgateway, istio: ingressgateway}}
                spec: {containers: [{name: app, image: 'zta.test/agnhost:1', imagePullPolicy: Never}]}
                """.replace("HOME", GATEWAY_HOME)));
        attacks.put("a role that lets enter written", () -> creates("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: enter-again, namespace: NS}
                rules: [{apiGroups: [zta.io], resources: [containers], verbs: [enter]}]
                """));
        attacks.put(
                "a pod made by server-side apply, by one whose grant is limited to its name", PostureAttackIT::patched);
        attacks.put(
                "a NetworkPolicy deleted",
                () -> does(() -> developer
                        .network()
                        .networkPolicies()
                        .inNamespace(namespace)
                        .withName("someones")
                        .dryRun()
                        .delete()));
        attacks.put(
                "a NetworkPolicy orphaned to the collector",
                () -> does(() -> developer
                        .network()
                        .networkPolicies()
                        .inNamespace(namespace)
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
                                .build())));
        attacks.put("a NetworkPolicy that opens", () -> creates("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: opening, namespace: NS}
                spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
                """));
        attacks.put("a PERMISSIVE policy", () -> creates("""
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: permissive, namespace: NS}
                spec: {selector: {matchLabels: {app: orders}}, mtls: {mode: PERMISSIVE}}
                """));
        attacks.put("an ALLOW for everybody", () -> creates("""
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: allow-all, namespace: NS}
                spec: {action: ALLOW, rules: [{}]}
                """));
        attacks.put(
                "a pod without sidecar behind the Service",
                () -> creates(behind("labels: {app: orders, sidecar.istio.io/inject: 'false'}", "")));
        attacks.put(
                "a capture opt-out",
                () -> creates(behind(
                        "labels: {app: orders}, annotations: {traffic.sidecar.istio.io/excludeInboundPorts: '8080'}",
                        "")));
        attacks.put(
                "a sidecar's image replaced",
                () -> creates(behind(
                        "labels: {app: orders}, annotations: {sidecar.istio.io/proxyImage: zta.test/agnhost:1}", "")));
        attacks.put(
                "a sidecar faked",
                () -> creates(behind(
                        "labels: {app: orders, sidecar.istio.io/inject: 'false'}",
                        ", {name: istio-proxy, image: 'zta.test/agnhost:1', imagePullPolicy: Never}")));
        attacks.put(
                "a port turned to plain TCP",
                () -> does(() -> developer
                        .services()
                        .inNamespace(namespace)
                        .withName("orders")
                        .dryRun()
                        .edit(found -> new ServiceBuilder(found)
                                .editSpec()
                                .editFirstPort()
                                .withName("tcp-http")
                                .endPort()
                                .endSpec()
                                .build())));
        return attacks;
    }

    /** What must go on working. */
    private static Map<String, Supplier<Boolean>> uses() {
        Map<String, Supplier<Boolean>> uses = new LinkedHashMap<>();
        uses.put("gateway to app", () -> request(gateway, 8080, scene.host).contains(" 200"));
        uses.put("the kubelet's probe", () -> Scene.ready(scene.pod(namespace, "app=orders")));
        uses.put(
                "names resolve",
                () -> Scene.exec(scene.admin, namespace, "neighbour", "app", "nslookup", service)
                        .contains("Name:"));
        uses.put("CI ships a probed deployment", PostureAttackIT::ships);
        uses.put("developers read logs", () -> passes(developer, "GET", "/log?container=app"));
        return uses;
    }

    @Test
    void every_attack_gets_through_before_and_none_after_and_the_shop_works() throws Exception {
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
        Scene.await(
                "admission in force", () -> !passes(developer, "POST", "/exec?command=true&stdout=true&container=app"));
        Scene.await(
                "policies in force, and connections from before drained",
                () -> attacks.entrySet().stream()
                        .filter(attack -> attack.getKey().contains("by Service"))
                        .noneMatch(attack -> attack.getValue().get()));

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
        passes(developer, "POST", "/exec?command=" + marker + "&stdout=true&container=app");
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

    /** Whether a pod gets an answer from the application. */
    private static boolean fetches(String from, String pod, String host, int port) {
        String script = "(printf 'GET /hostname HTTP/1.1\\r\\nHost: " + host
                + "\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1)" + " | timeout 4 nc -w 3 " + host + " " + port;
        return Scene.exec(scene.admin, from, pod, "app", "sh", "-c", script).contains(" 200 ");
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

    private static boolean passes(KubernetesClient client, String method, String path) {
        return raw(client, method, "/api/v1/namespaces/" + namespace + "/pods/" + targetPod + path);
    }

    /** Whether a request gets past authorization and admission: a stream that is not upgraded is a 400 of the handler's. */
    private static boolean raw(KubernetesClient client, String method, String path) {
        try {
            client.raw(path, method, method.equals("GET") ? null : Map.of());
            return true;
        } catch (KubernetesClientException e) {
            return e.getCode() != 403 && e.getCode() != 0;
        }
    }

    private static boolean enters(KubernetesClient client) {
        try {
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

    private static boolean ephemeral() {
        return does(() -> developer
                .pods()
                .inNamespace(namespace)
                .withName(targetPod)
                .ephemeralContainers()
                .edit(pod -> new PodBuilder(pod)
                        .editSpec()
                        .addToEphemeralContainers(new EphemeralContainerBuilder()
                                .withName("debug-" + Long.toString(System.nanoTime(), 36))
                                .withImage(Scene.IMAGE)
                                .withImagePullPolicy("Never")
                                .build())
                        .endSpec()
                        .build()));
    }

    private static boolean minted() {
        String token = developer
                .serviceAccounts()
                .inNamespace(namespace)
                .withName("ci")
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        Config admin = LiveCluster.apiServer();
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(admin.getMasterUrl())
                .withCaCertData(admin.getCaCertData())
                .withCaCertFile(admin.getCaCertFile())
                .withOauthToken(token)
                .build();
        try (KubernetesClient ci = LiveCluster.client(config)) {
            return enters(ci);
        }
    }

    private static String node() {
        return scene.pod(namespace, "app=orders").getSpec().getNodeName();
    }

    /** A POST has no name, so a grant limited to one gives it nothing; server-side apply has the name. */
    private static boolean patched() {
        try (KubernetesClient patcher = LiveCluster.as("patcher", "system:authenticated")) {
            HasMetadata pod = Serialization.unmarshal("""
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: limited, namespace: NS, labels: {app: orders, sidecar.istio.io/inject: 'false'}}
                    spec: {containers: [{name: app, image: 'zta.test/agnhost:1', imagePullPolicy: Never}]}
                    """.replace("NS", namespace), GenericKubernetesResource.class);
            return does(() -> patcher.resource(pod).dryRun().serverSideApply());
        }
    }

    private static boolean creates(String yaml) {
        HasMetadata object = Serialization.unmarshal(yaml.replace("NS", namespace), GenericKubernetesResource.class);
        return does(() -> developer.resource(object).dryRun().create());
    }

    private static String behind(String metadata, String more) {
        return "apiVersion: v1\nkind: Pod\nmetadata: {name: behind, namespace: NS, " + metadata + "}\n"
                + "spec: {containers: [{name: app, image: 'zta.test/agnhost:1', imagePullPolicy: Never}" + more
                + "]}\n";
    }

    private static boolean does(Runnable deed) {
        try {
            deed.run();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == 403 || e.getCode() == 422) {
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
