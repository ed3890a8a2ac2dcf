package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
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
import java.util.Optional;
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
    static final String RESCUER = "rescuer";

    final KubernetesClient admin;
    final Gateway gateway;
    final Logins logins;
    final String run;
    final String namespace;
    final String outside;
    final String host;
    private final Options options;
    private final List<HasMetadata> made = new ArrayList<>();
    private final List<HasMetadata> posture = new ArrayList<>();
    private Optional<OwnerReference> owner = Optional.empty();

    Arena(KubernetesClient admin, Gateway gateway, Options options, String run) {
        this.admin = admin;
        this.gateway = gateway;
        this.options = options;
        this.run = run;
        this.namespace = "zta-attack-" + run;
        this.outside = "zta-attack-" + run + "-out";
        this.logins = new Logins(admin);
        this.host = "orders." + namespace + ".test";
    }

    /** Makes all of it and waits until it works. */
    void open() {
        leftovers();
        Namespace out = namespace(outside, Map.of());
        owner = Deadline.after(lifetime(), admin, outside);
        owner.ifPresent(reference -> admin.resource(out)
                .edit(found -> new NamespaceBuilder(found)
                        .editMetadata()
                        .addToOwnerReferences(reference)
                        .endMetadata()
                        .build()));
        namespace(namespace, Map.of("istio-injection", "enabled"));
        for (String document : fill(ProbeJobs.text("arena.yaml")).split("(?m)^---\\s*$")) {
            HasMetadata object = Serialization.unmarshal(document, GenericKubernetesResource.class);
            made.add(admin.resource(object).create());
        }
        await("a ready pod of the application", () -> !pods().isEmpty());
        made.stream()
                .filter(object -> object.getKind().equals("Pod"))
                .map(HasMetadata::getMetadata)
                .forEach(meta -> await(
                        meta.getNamespace() + "/" + meta.getName(),
                        () -> ready(admin.pods()
                                .inNamespace(meta.getNamespace())
                                .withName(meta.getName())
                                .get())));
    }

    /** After which the cluster itself takes away what is left. */
    private Duration lifetime() {
        return options.timeLimit().multipliedBy(2);
    }

    /** The pod in the gateway's namespace that is not the gateway. */
    String beside() {
        return "zta-beside-" + run;
    }

    /** What an earlier run was killed before it could take away, where the cluster has not done it already. */
    private void leftovers() {
        Instant old = Instant.now().minus(lifetime());
        admin.namespaces().withLabel(RUN_LABEL).list().getItems().stream()
                .filter(found -> Instant.parse(found.getMetadata().getCreationTimestamp())
                        .isBefore(old))
                .forEach(found -> admin.resource(found).delete());
    }

    private Namespace namespace(String name, Map<String, String> labels) {
        Namespace created = admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withLabels(labels)
                        .addToLabels(RUN_LABEL, run)
                        .withOwnerReferences(owner.stream().toList())
                        .endMetadata()
                        .build())
                .create();
        made.add(created);
        await(
                "the default service account of " + name,
                () -> admin.serviceAccounts()
                                .inNamespace(name)
                                .withName("default")
                                .get()
                        != null);
        return created;
    }

    private static String yaml(OwnerReference owner) {
        return "[{apiVersion: " + owner.getApiVersion() + ", kind: " + owner.getKind() + ", name: \"" + owner.getName()
                + "\", uid: " + owner.getUid() + "}]";
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
                .replace("@RUN@", namespace)
                .replace("@BESIDE@", beside())
                .replace("@OWNER@", owner.map(Arena::yaml).orElse("[]"))
                .replace("@IMAGE@", options.image())
                .replace("@PULL@", options.pullPolicy());
    }

    /** Applies the posture's objects. */
    void apply(List<HasMetadata> objects) {
        for (HasMetadata object : objects) {
            posture.add(object);
            // What lies in the scratch namespaces goes with them.
            if (object.getMetadata().getNamespace() == null
                    || !object.getMetadata().getNamespace().startsWith(namespace)) {
                object.getMetadata().setOwnerReferences(owner.stream().toList());
            }
            admin.resource(object).forceConflicts().serverSideApply();
        }
    }

    /** What takes away what this run makes; empty where the cluster has nothing for that. */
    List<OwnerReference> owner() {
        return owner.stream().toList();
    }

    /** The attacker, by a token of its own; as somebody else where a name is given. */
    KubernetesClient attacker(String as) {
        return logins.withToken(Logins.token(outside, ATTACKER, admin), as);
    }

    /** The pod of the application. */
    Pod orders() {
        return pods().stream()
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the application has no ready pod"));
    }

    private List<Pod> pods() {
        return admin.pods().inNamespace(namespace).withLabel("app", "orders").list().getItems().stream()
                .filter(Arena::ready)
                .toList();
    }

    String address() {
        return orders().getStatus().getPodIP();
    }

    /** The gateway's Service. */
    String entrance() {
        return gateway.name() + "." + gateway.namespace() + ".svc.cluster.local";
    }

    /** A request in a shell, by {@code nc} or what stands for it. */
    static String request(String nc, String place, int port, String hostHeader, String path) {
        return "(printf 'GET " + path + " HTTP/1.1\\r\\nHost: " + hostHeader
                + "\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | timeout 4 " + nc + " -w 3 " + place + " " + port;
    }

    /** Whether a pod gets an answer from the application at that place. */
    boolean fetches(String from, String pod, String place, int port, String hostHeader) {
        return fetches(from, pod, place, port, hostHeader, "/hostname");
    }

    boolean fetches(String from, String pod, String place, int port, String hostHeader, String path) {
        return ran(admin, from, pod, request("nc", place, port, hostHeader, path))
                .contains(" 200 ");
    }

    /** Whether a pod opens a connection; by UDP, whether it is answered. */
    boolean connects(String from, String pod, String place, String protocol) {
        return ran(
                        admin,
                        from,
                        pod,
                        "agnhost connect " + place + " --timeout=3s --protocol=" + protocol + " && echo connected")
                .contains("connected");
    }

    /** What a script said that came to its end; one that did not has shown nothing. */
    static String ran(KubernetesClient client, String in, String pod, String script) {
        String said = exec(client, in, pod, "sh", "-c", script + "; echo; echo over");
        if (!said.contains("over")) {
            throw new IllegalStateException("what pod " + in + "/" + pod + " was told to try did not come to its end");
        }
        return said;
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
        logins.close();
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
}
