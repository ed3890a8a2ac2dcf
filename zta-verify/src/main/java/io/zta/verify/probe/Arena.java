package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.intent.Gateway;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Scratch namespaces with a meshed application behind the gateway, a pipeline's account, strangers, and an attacker with an
 * account of its own, who holds {@code edit} where the application is and the further grants that attacks ask for.
 */
final class Arena implements AutoCloseable {
    static final String RUN_LABEL = "zta.io/red-team";
    static final String ATTACKER = "attacker";
    static final String PIPELINE = "pipeline";

    final KubernetesClient admin;
    final Gateway gateway;
    final String run;
    final String namespace;
    final String outside;
    final String host;
    private final Options options;
    private final List<HasMetadata> made = new ArrayList<>();
    private final List<HasMetadata> posture = new ArrayList<>();
    private final List<KubernetesClient> clients = new ArrayList<>();

    Arena(KubernetesClient admin, Gateway gateway, Options options, String run) {
        this.admin = admin;
        this.gateway = gateway;
        this.options = options;
        this.run = run;
        this.namespace = "zta-attack-" + run;
        this.outside = "zta-attack-" + run + "-out";
        this.host = "orders." + namespace + ".test";
    }

    /** Makes all of it and waits until it works. */
    void open() {
        leftovers();
        namespace(namespace, Map.of("istio-injection", "enabled"));
        namespace(outside, Map.of());
        create(fill(OBJECTS));
        create(pod("neighbour", namespace, "{app: neighbour}", false)
                + pod("worn-inside", namespace, yaml(gateway.labels()), false)
                + pod("stranger", outside, "{app: stranger}", false)
                + pod("worn", outside, yaml(gateway.labels()), false)
                + pod("on-node", outside, "{app: on-node}", true)
                + pod(beside(), gateway.namespace(), "{app: " + beside() + "}", false));
        awaitReady(namespace, "app=orders");
        for (String name : List.of("neighbour", "worn-inside")) {
            await(
                    name,
                    () -> ready(
                            admin.pods().inNamespace(namespace).withName(name).get()));
        }
        for (String name : List.of("stranger", "worn", "on-node")) {
            await(
                    name,
                    () -> ready(admin.pods().inNamespace(outside).withName(name).get()));
        }
        await(
                beside(),
                () -> ready(admin.pods()
                        .inNamespace(gateway.namespace())
                        .withName(beside())
                        .get()));
    }

    /** The pod in the gateway's namespace that is not the gateway. */
    String beside() {
        return "zta-beside-" + run;
    }

    /** What an earlier run was killed before it could take away; a run never lasts longer than its limit. */
    private void leftovers() {
        Instant old = Instant.now().minus(options.timeLimit().multipliedBy(2));
        admin.namespaces().withLabel(RUN_LABEL).list().getItems().stream()
                .filter(found -> Instant.parse(found.getMetadata().getCreationTimestamp())
                        .isBefore(old))
                .forEach(found -> admin.resource(found).delete());
    }

    private void namespace(String name, Map<String, String> labels) {
        made.add(admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withLabels(labels)
                        .addToLabels(RUN_LABEL, run)
                        .endMetadata()
                        .build())
                .create());
        await(
                "the default service account of " + name,
                () -> admin.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
    }

    private String pod(String name, String in, String labels, boolean onNode) {
        return """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: %s, labels: %s}
                spec:
                  hostNetwork: %s
                  terminationGracePeriodSeconds: 1
                  containers: [{name: app, image: "%s", imagePullPolicy: %s, command: [agnhost, pause]}]
                """.formatted(name, in, labels, onNode, options.image(), options.pullPolicy());
    }

    private static String yaml(Map<String, String> labels) {
        return labels.entrySet().stream()
                .map(label -> "\"" + label.getKey() + "\": \"" + label.getValue() + "\"")
                .collect(Collectors.joining(", ", "{", "}"));
    }

    /** Text with the names of this run. */
    String fill(String text) {
        return text.replace("@NS@", namespace)
                .replace("@OUT@", outside)
                .replace("@HOST@", host)
                .replace("@HOME@", gateway.namespace())
                .replace("@GATEWAY-LABELS@", yaml(gateway.labels()))
                .replace("@ACCOUNT@", gateway.serviceAccount())
                .replace("@RUN@", "zta-attack-" + run)
                .replace("@IMAGE@", options.image())
                .replace("@PULL@", options.pullPolicy());
    }

    private void create(String yaml) {
        for (String document : yaml.split("(?m)^---\\s*$")) {
            if (!document.isBlank()) {
                HasMetadata object = Serialization.unmarshal(document, GenericKubernetesResource.class);
                made.add(admin.resource(object).create());
            }
        }
    }

    /** Applies the posture's objects. */
    void apply(List<HasMetadata> objects) {
        for (HasMetadata object : objects) {
            posture.add(object);
            admin.resource(object).forceConflicts().serverSideApply();
        }
    }

    /** The attacker, by a token of its own; as somebody else where a name is given. */
    KubernetesClient attacker(String as) {
        return withToken(token(outside, ATTACKER, admin), as);
    }

    static String token(String in, String account, KubernetesClient by) {
        return by.serviceAccounts()
                .inNamespace(in)
                .withName(account)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
    }

    /** A client with that token. */
    KubernetesClient withToken(String token, String as) {
        Config own = admin.getConfiguration();
        ConfigBuilder config = new ConfigBuilder(Config.empty())
                .withMasterUrl(own.getMasterUrl())
                .withCaCertData(own.getCaCertData())
                .withCaCertFile(own.getCaCertFile())
                .withTrustCerts(own.isTrustCerts())
                .withOauthToken(token);
        if (!as.isEmpty()) {
            config = config.withImpersonateUsername(as);
        }
        KubernetesClient client =
                new KubernetesClientBuilder().withConfig(config.build()).build();
        synchronized (clients) {
            clients.add(client);
        }
        return client;
    }

    /** The pod of the application. */
    Pod orders() {
        return admin.pods().inNamespace(namespace).withLabel("app", "orders").list().getItems().stream()
                .filter(Arena::ready)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the application has no ready pod"));
    }

    /** Whether a pod gets an answer from the application at that place. */
    boolean fetches(String from, String pod, String place, int port, String hostHeader) {
        String script = "(printf 'GET /hostname HTTP/1.1\\r\\nHost: " + hostHeader
                + "\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | timeout 4 nc -w 3 " + place + " " + port;
        return exec(admin, from, pod, "sh", "-c", script).contains(" 200 ");
    }

    /** Runs a command in the container {@code app} as somebody; its output. */
    static String exec(KubernetesClient client, String in, String pod, String... command) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ExecWatch watch = client.pods()
                .inNamespace(in)
                .withName(pod)
                .inContainer("app")
                .writingOutput(out)
                .writingError(out)
                .exec(command)) {
            watch.exitCode().get(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            return "";
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private void awaitReady(String in, String label) {
        String[] pair = label.split("=", 2);
        await(
                "a ready pod " + label + " in " + in,
                () -> admin.pods().inNamespace(in).withLabel(pair[0], pair[1]).list().getItems().stream()
                        .anyMatch(Arena::ready));
    }

    static boolean ready(@org.jspecify.annotations.Nullable Pod pod) {
        return pod != null
                && pod.getMetadata().getDeletionTimestamp() == null
                && pod.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Ready")
                                && condition.getStatus().equals("True"));
    }

    private void await(String what, BooleanSupplier state) {
        if (!within(Duration.ofSeconds(90), state)) {
            throw new Prober.ProbeSetupException("the attacks can't begin: waited 90 seconds for " + what
                    + "; name an image that this cluster has with --image");
        }
    }

    /** Waits until it is so; whether it came to be in time. */
    static boolean within(Duration limit, BooleanSupplier state) {
        Instant end = Instant.now().plus(limit);
        while (Instant.now().isBefore(end)) {
            try {
                if (state.getAsBoolean()) {
                    return true;
                }
                Thread.sleep(250);
            } catch (KubernetesClientException e) {
                // Asked again: an API server that is away for a moment comes back.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }

    @Override
    public void close() {
        clients.forEach(KubernetesClient::close);
        List<HasMetadata> all = new ArrayList<>(made);
        all.addAll(posture);
        Collections.reverse(all);
        for (HasMetadata object : all) {
            try {
                admin.resource(object).withGracePeriod(0).delete();
            } catch (KubernetesClientException e) {
                // The rest is still to be deleted; the namespaces are found by their label and go with the next run.
            }
        }
    }

    private static final String OBJECTS = """
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: attacker, namespace: @OUT@}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: patcher, namespace: @OUT@}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: pipeline, namespace: @NS@}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: orders, namespace: @NS@}
            spec:
              replicas: 1
              selector: {matchLabels: {app: orders}}
              template:
                metadata: {labels: {app: orders}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: app
                    image: "@IMAGE@"
                    imagePullPolicy: @PULL@
                    command: [agnhost, netexec, --http-port=8080]
                    ports: [{containerPort: 8080, name: http}]
                    readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders, namespace: @NS@}
            spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: orders, namespace: @NS@}
            spec:
              selector: @GATEWAY-LABELS@
              servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["@HOST@"]}]
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: orders, namespace: @NS@}
            spec:
              hosts: ["@HOST@"]
              gateways: [orders]
              http: [{route: [{destination: {host: orders.@NS@.svc.cluster.local, port: {number: 80}}}]}]
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: someones, namespace: @NS@}
            spec: {podSelector: {matchLabels: {app: nobody}}, policyTypes: [Ingress]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: attacker-edit, namespace: @NS@}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
            subjects: [{kind: ServiceAccount, name: attacker, namespace: @OUT@}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: pipeline-edit, namespace: @NS@}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
            subjects: [{kind: ServiceAccount, name: pipeline, namespace: @NS@}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: attacker-more, namespace: @NS@}
            rules:
            - {apiGroups: [""], resources: [pods/ephemeralcontainers], verbs: [patch, update, get]}
            - {apiGroups: [security.istio.io, networking.istio.io], resources: ["*"], verbs: ["*"]}
            - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [create, escalate, bind]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: attacker-more, namespace: @NS@}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: attacker-more}
            subjects: [{kind: ServiceAccount, name: attacker, namespace: @OUT@}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: patcher, namespace: @NS@}
            rules: [{apiGroups: [""], resources: [pods], resourceNames: [limited], verbs: [create, patch]}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: patcher, namespace: @NS@}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: patcher}
            subjects: [{kind: ServiceAccount, name: patcher, namespace: @OUT@}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: @RUN@, namespace: @HOME@}
            rules:
            - {apiGroups: [""], resources: [pods, secrets, serviceaccounts/token], verbs: [create]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: @RUN@, namespace: @HOME@}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: @RUN@}
            subjects: [{kind: ServiceAccount, name: attacker, namespace: @OUT@}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: @RUN@}
            rules:
            - {apiGroups: [""], resources: [nodes/proxy], verbs: [get]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: @RUN@}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: @RUN@}
            subjects: [{kind: ServiceAccount, name: attacker, namespace: @OUT@}]
            """;
}
