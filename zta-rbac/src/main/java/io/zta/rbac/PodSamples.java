package io.zta.rbac;

import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Pods that somebody might create, to ask admission about: plain ones modelled on what runs in the namespace, since policies
 * on content let those through, and the same with root on the node. Not thread-safe.
 */
final class PodSamples {
    private static final int MODELS = 3;

    private final Snapshot snapshot;
    private final Map<String, List<Pod>> byNamespace = new HashMap<>();
    private final Map<String, List<Node>> plain = new HashMap<>();
    private final Map<String, List<Node>> onHost = new HashMap<>();
    private final Optional<Node> proxy;

    PodSamples(Snapshot snapshot) {
        this.snapshot = snapshot;
        for (Pod pod : Pods.of(snapshot).all()) {
            byNamespace
                    .computeIfAbsent(pod.namespace(), key -> new ArrayList<>())
                    .add(pod);
        }
        this.proxy = byNamespace.values().stream()
                .flatMap(List::stream)
                .flatMap(pod -> pod.allContainers().stream())
                .filter(container -> container.get("name").textOr("").equals("istio-proxy"))
                .findFirst();
    }

    /** The service accounts that pods of a namespace run as. */
    Set<String> accountsUsedIn(String namespace) {
        Set<String> accounts = new TreeSet<>();
        byNamespace.getOrDefault(namespace, List.of()).forEach(pod -> accounts.add(pod.serviceAccount()));
        return accounts;
    }

    /** Whether Pod Security refuses privileged pods and host paths in the namespace. */
    boolean podSecurityRefusesHost(String namespace) {
        String level = snapshot.namespaceLabels(namespace).getOrDefault("pod-security.kubernetes.io/enforce", "");
        return level.equals("baseline") || level.equals("restricted");
    }

    /** Pods without special rights, running as that service account. */
    List<Node> plain(String namespace, String account) {
        return plain.computeIfAbsent(namespace + "/" + account, key -> {
            List<Node> samples = new ArrayList<>();
            for (Shape base : bases(namespace)) {
                samples.add(base.pod(namespace, account, List.of(), Map.of()));
            }
            return samples;
        });
    }

    /** Pods that are root on their node, each in another way. */
    List<Node> onHost(String namespace) {
        return onHost.computeIfAbsent(namespace, key -> {
            List<Node> samples = new ArrayList<>();
            for (Shape base : bases(namespace)) {
                samples.add(
                        base.pod(namespace, "default", List.of(privileged()), Map.of("hostPID", Node.plain("true"))));
                samples.add(base.pod(namespace, "default", List.of(privileged()), Map.of()));
                Node volume = object("name", Node.text("host"), "hostPath", object("path", Node.text("/")));
                samples.add(base.pod(
                        namespace, "default", List.of(mounting()), Map.of("volumes", Node.array(List.of(volume)))));
            }
            return samples;
        });
    }

    /** A workload whose template is that pod. */
    static Node workload(Privilege.Part part, String namespace, Node pod) {
        Node template = object("metadata", pod.get("metadata"), "spec", pod.get("spec"));
        Node spec = object("template", template);
        if (part.resource().equals("cronjobs")) {
            spec = object("jobTemplate", object("spec", spec));
        }
        return object(
                "apiVersion",
                Node.text(part.group().isEmpty() ? "v1" : part.group() + "/v1"),
                "kind",
                Node.text(part.resource()),
                "metadata",
                object("name", Node.text("zta-sample"), "namespace", Node.text(namespace)),
                "spec",
                spec);
    }

    private List<Shape> bases(String namespace) {
        List<Shape> bases = new ArrayList<>();
        bases.add(new Shape(Map.of(), Map.of(), object("containers", Node.array(List.of(container())))));
        List<Pod> pods = byNamespace.getOrDefault(namespace, List.of());
        for (Pod pod : pods.subList(0, Math.min(MODELS, pods.size()))) {
            bases.add(new Shape(pod.labels(), pod.annotations(), pod.spec()));
        }
        boolean meshed = pods.stream()
                .flatMap(pod -> pod.allContainers().stream())
                .anyMatch(container -> container.get("name").textOr("").equals("istio-proxy"));
        if (!meshed && proxy.isPresent()) {
            bases.add(new Shape(
                    Map.of(), Map.of(), object("containers", Node.array(List.of(container(), proxy.get())))));
        }
        return bases;
    }

    private record Shape(Map<String, String> labels, Map<String, String> annotations, Node spec) {
        Node pod(String namespace, String account, List<Node> containers, Map<String, Node> more) {
            Map<String, Node> metadata = new LinkedHashMap<>();
            metadata.put("name", Node.text("zta-sample"));
            metadata.put("namespace", Node.text(namespace));
            metadata.put("labels", texts(labels));
            metadata.put("annotations", texts(annotations));
            Map<String, Node> fields = new LinkedHashMap<>(spec.fields());
            fields.put("serviceAccountName", Node.text(account));
            List<Node> all = new ArrayList<>(spec.get("containers").items());
            all.addAll(containers);
            fields.put("containers", Node.array(all));
            fields.putAll(more);
            return object(
                    "apiVersion",
                    Node.text("v1"),
                    "kind",
                    Node.text(GroupKind.POD.kind()),
                    "metadata",
                    Node.object(metadata),
                    "spec",
                    Node.object(fields));
        }
    }

    private static Node container() {
        return object("name", Node.text("sample"), "image", Node.text("sample"));
    }

    private static Node privileged() {
        return object(
                "name",
                Node.text("root"),
                "image",
                Node.text("sample"),
                "securityContext",
                object("privileged", Node.plain("true")));
    }

    private static Node mounting() {
        Node mount = object("name", Node.text("host"), "mountPath", Node.text("/host"));
        return object(
                "name", Node.text("root"), "image", Node.text("sample"), "volumeMounts", Node.array(List.of(mount)));
    }

    private static Node texts(Map<String, String> map) {
        Map<String, Node> fields = new LinkedHashMap<>();
        new java.util.TreeMap<>(map).forEach((key, value) -> fields.put(key, Node.text(value)));
        return Node.object(fields);
    }

    private static Node object(Object... fields) {
        Map<String, Node> map = new LinkedHashMap<>();
        for (int i = 0; i < fields.length; i += 2) {
            map.put((String) fields[i], (Node) fields[i + 1]);
        }
        return Node.object(map);
    }
}
