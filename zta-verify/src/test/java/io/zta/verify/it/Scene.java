package io.zta.verify.it;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.Posture;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A scratch namespace with a meshed application {@code orders} behind the real gateway, a namespace of strangers beside it,
 * a group {@code developers} that holds {@code edit}, and a service account {@code ci} that holds it too.
 */
final class Scene implements AutoCloseable {
    static final String IMAGE = "zta.test/agnhost:1";
    final KubernetesClient admin = LiveCluster.admin();
    final String namespace;
    final String outside;
    final String host;
    private final List<HasMetadata> applied = new ArrayList<>();

    Scene(String prefix) {
        namespace = LiveCluster.scratchNamespace(admin, prefix, Map.of("istio-injection", "enabled"));
        outside = LiveCluster.scratchNamespace(admin, prefix + "-out", Map.of());
        host = "orders." + namespace + ".test";
        serviceAccount(namespace);
        serviceAccount(outside);
        create(template().replace("NS", namespace).replace("HOST", host));
        awaitReady(namespace, "app=orders");
    }

    private void serviceAccount(String name) {
        await(
                "the default service account of " + name,
                () -> admin.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
    }

    private static String template() {
        return """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: orders, namespace: NS}
            spec:
              replicas: 1
              selector: {matchLabels: {app: orders}}
              template:
                metadata: {labels: {app: orders}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: app
                    image: zta.test/agnhost:1
                    imagePullPolicy: Never
                    command: [agnhost, netexec, --http-port=8080, --udp-port=8081]
                    ports: [{containerPort: 8080, name: http}]
                    readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders, namespace: NS}
            spec:
              selector: {app: orders}
              ports: [{name: http, port: 80, targetPort: 8080}]
            ---
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: orders, namespace: NS}
            spec:
              selector: {istio: ingressgateway}
              servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["HOST"]}]
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: orders, namespace: NS}
            spec:
              hosts: ["HOST"]
              gateways: [orders]
              http: [{route: [{destination: {host: orders.NS.svc.cluster.local, port: {number: 80}}}]}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: developers-edit, namespace: NS}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: ci, namespace: NS}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: ci-edit, namespace: NS}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
            subjects: [{kind: ServiceAccount, name: ci, namespace: NS}]
            """;
    }

    /** A client of a member of {@code developers}. */
    static KubernetesClient developer() {
        return LiveCluster.as("jane", "developers", "system:authenticated");
    }

    /** Creates objects as the administrator. */
    void create(String yaml) {
        create(admin, yaml);
    }

    /** Creates objects as somebody; the objects as the server has them. */
    static List<HasMetadata> create(KubernetesClient client, String yaml) {
        List<HasMetadata> made = new ArrayList<>();
        for (String document : yaml.split("(?m)^---\\s*$")) {
            if (!document.isBlank()) {
                HasMetadata object = Serialization.unmarshal(document);
                made.add(client.resource(object).create());
            }
        }
        return made;
    }

    /** Applies what a posture compiles to, in its order. */
    void apply(Posture posture) {
        apply(posture.manifests().objects());
    }

    void apply(List<HasMetadata> objects) {
        for (HasMetadata object : objects) {
            applied.add(object);
            admin.resource(object).forceConflicts().serverSideApply();
        }
    }

    /** Takes away what was applied, the last first. */
    void remove() {
        remove(applied);
        applied.clear();
    }

    void remove(List<HasMetadata> objects) {
        List<HasMetadata> reversed = new ArrayList<>(objects);
        Collections.reverse(reversed);
        for (HasMetadata object : reversed) {
            if (!object.getKind().equals("Namespace")) {
                admin.resource(object).delete();
            }
        }
    }

    Pod pod(String inNamespace, String label) {
        String[] pair = label.split("=");
        return admin.pods().inNamespace(inNamespace).withLabel(pair[0], pair[1]).list().getItems().stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .findFirst()
                .orElseThrow();
    }

    /** A pod by its name. */
    static Pod pod(KubernetesClient client, String inNamespace, String name) {
        Pod pod = client.pods().inNamespace(inNamespace).withName(name).get();
        if (pod == null) {
            throw new KubernetesClientException("there is no pod " + inNamespace + "/" + name);
        }
        return pod;
    }

    void awaitReady(String inNamespace, String label) {
        await("a ready pod " + label + " in " + inNamespace, () -> {
            String[] pair = label.split("=");
            return admin.pods().inNamespace(inNamespace).withLabel(pair[0], pair[1]).list().getItems().stream()
                    .anyMatch(Scene::ready);
        });
    }

    static boolean ready(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() == null
                && pod.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Ready")
                                && condition.getStatus().equals("True"));
    }

    /** Waits up to a minute and a half; an API server that is away for a moment is asked again. */
    static void await(String what, Supplier<Boolean> state) {
        await(what, Duration.ofSeconds(90), state);
    }

    static void await(String what, Duration limit, Supplier<Boolean> state) {
        Instant end = Instant.now().plus(limit);
        String last = "";
        while (Instant.now().isBefore(end)) {
            try {
                if (state.get()) {
                    return;
                }
            } catch (KubernetesClientException e) {
                last = String.valueOf(e.getMessage());
            }
            try {
                Thread.sleep(250);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        throw new AssertionError("waited " + limit + " for " + what + " " + last);
    }

    /** Runs a command in a container as somebody; its output, both streams. */
    static String exec(KubernetesClient client, String inNamespace, String pod, String container, String... command) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ExecWatch watch = client.pods()
                .inNamespace(inNamespace)
                .withName(pod)
                .inContainer(container)
                .writingOutput(out)
                .writingError(out)
                .exec(command)) {
            watch.exitCode().get(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            return "FAILED " + e.getMessage() + " "
                    + (e.getCause() == null ? "" : e.getCause().getMessage());
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        try {
            remove();
        } finally {
            for (String name : List.of(namespace, outside)) {
                List<StatusDetails> gone =
                        admin.namespaces().withName(name).withGracePeriod(0).delete();
                if (gone.isEmpty()) {
                    System.out.println("namespace " + name + " was gone already");
                }
            }
            admin.close();
        }
    }
}
