package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.WebSocketHandshakeException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.verify.probe.Attack.Attempt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the attacker can do in an arena, each deed answered by whether it was let through. */
final class Attacker {
    static final String EDIT = "edit";
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration EFFECT = Duration.ofSeconds(12);

    final Arena arena;
    final KubernetesClient client;

    Attacker(Arena arena, KubernetesClient client) {
        this.arena = arena;
        this.client = client;
    }

    /** A pod of the protected namespace, as YAML. */
    static String pod(String metadata, String spec, String container) {
        return "apiVersion: v1\nkind: Pod\nmetadata: {name: behind, namespace: @NS@, " + metadata + "}\n" + "spec: {"
                + spec + "containers: [{name: app, image: '@IMAGE@'" + container + "}]}\n";
    }

    HasMetadata object(String yaml) {
        return Serialization.unmarshal(arena.fill(yaml), GenericKubernetesResource.class);
    }

    /** Creates an object; a dry run, decided all the same. */
    boolean creates(String yaml) {
        return does(() -> client.resource(object(yaml)).dryRun().create());
    }

    /** Whether the API server let it through. Any other failure than a refusal tells nothing. */
    static boolean does(Runnable deed) {
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

    /** Makes objects for real, tries what they are for until it works or has had its time, and takes them away. */
    boolean stages(String yaml, Attempt effect) throws Exception {
        List<HasMetadata> made = new ArrayList<>();
        try {
            for (String document : yaml.split("(?m)^---\\s*$")) {
                HasMetadata object = object(document);
                if (!does(() -> made.add(client.resource(object).create()))) {
                    return false;
                }
            }
            for (HasMetadata object : made) {
                if (object.getKind().equals("Pod")) {
                    started(object);
                }
            }
            return Arena.within(EFFECT, () -> attempt(effect));
        } finally {
            for (HasMetadata object : made) {
                arena.admin.resource(object).withGracePeriod(0).delete();
            }
        }
    }

    private static boolean attempt(Attempt effect) {
        try {
            return effect.getsThrough();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    /** A pod that never ran has shown nothing. */
    private void started(HasMetadata object) {
        String in = object.getMetadata().getNamespace();
        String name = object.getMetadata().getName();
        boolean runs = Arena.within(START, () -> {
            Pod pod = arena.admin.pods().inNamespace(in).withName(name).get();
            return pod != null && "Running".equals(pod.getStatus().getPhase());
        });
        if (!runs) {
            throw new IllegalStateException("the pod " + in + "/" + name + " did not start");
        }
    }

    /** A request to the application's pod. */
    boolean passes(String method, String path) {
        return raw(
                client,
                method,
                "/api/v1/namespaces/" + arena.namespace + "/pods/"
                        + arena.orders().getMetadata().getName() + path);
    }

    /** Whether a request gets past authorization and admission: a stream that is not upgraded is a 400 of the handler's. */
    static boolean raw(KubernetesClient client, String method, String path) {
        try {
            client.raw(path, method, method.equals("GET") ? null : Map.of());
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == 0 || e.getCode() == 401) {
                throw e;
            }
            return e.getCode() != 403;
        }
    }

    /** Whether somebody runs a command in the application's container. */
    boolean enters(KubernetesClient somebody) {
        return enters(somebody, "echo", "inside").contains("inside");
    }

    /** What a command in the application's container says to somebody; nothing where he was not let in. */
    String enters(KubernetesClient somebody, String... command) {
        try {
            return Arena.exec(
                    somebody, arena.namespace, arena.orders().getMetadata().getName(), command);
        } catch (KubernetesClientException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof WebSocketHandshakeException handshake
                        && handshake.getResponse().code() == 403) {
                    return "";
                }
            }
            if (e.getCode() == 403) {
                return "";
            }
            throw e;
        }
    }
}
