package io.zta.network;

import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Pods that are not there and that anyone with the right to create pods could make: for each peer that a policy of a
 * protected namespace or of a tier lets in or out to, one that wears just the labels asked for, in each sort of namespace that the peer
 * takes. A policy is judged by whom it would let through, not by who happens to run.
 */
final class Strangers {
    private static final String NAME = "(any pod)";
    /** In a range that is given to nobody: what addresses may do is judged apart, range by range. */
    private static final String ADDRESS = "240.0.0.1";

    private static final String NEW_NAMESPACE = "(a new namespace)";

    private Strangers() {}

    static boolean includes(Pod pod) {
        return pod.name().startsWith(NAME);
    }

    /** Whether {@code namespace/name} names one of them. */
    static boolean isNamed(String display) {
        return display.contains("/" + NAME);
    }

    /** The snapshot with the pods that the policies of a posture's namespaces would let through in a direction. */
    static Snapshot joinedTo(Snapshot snapshot, Posture posture, Direction direction) {
        Set<String> told = toldApart(posture);
        Set<Map.Entry<String, Map<String, String>>> pods = new LinkedHashSet<>();
        Map<String, String> made = new LinkedHashMap<>();
        for (String namespace : posture.namespaces()) {
            for (Resource policy : snapshot.resources(GroupKind.NETWORK_POLICY, namespace)) {
                for (Node rule : policy.spec().get(direction.field()).items()) {
                    for (Node peer : rule.get(direction.peers()).items()) {
                        add(snapshot, told, namespace, peer, pods, made);
                    }
                }
            }
        }
        for (GroupKind kind : TierReader.KINDS) {
            for (Resource policy : snapshot.resources(kind)) {
                for (Node rule : policy.spec().get(direction.field()).items()) {
                    for (Node peer : rule.get(direction.peers()).items()) {
                        add(snapshot, told, "", ofTier(peer), pods, made);
                    }
                }
            }
        }
        List<Resource> more = new ArrayList<>();
        if (!made.isEmpty()) {
            more.add(resource("Namespace", "", NEW_NAMESPACE, made, Map.of()));
        }
        int number = 0;
        for (Map.Entry<String, Map<String, String>> pod : pods) {
            number++;
            Node containers = Node.array(List.of(Node.object(Map.of("name", Node.text("app")))));
            more.add(resource(
                    "Pod",
                    pod.getKey(),
                    NAME + number,
                    pod.getValue(),
                    Map.of(
                            "spec", Node.object(Map.of("containers", containers)),
                            "status", Node.object(Map.of("podIP", Node.text(ADDRESS))))));
        }
        return more.isEmpty() ? snapshot : snapshot.with(more);
    }

    /** Namespaces in which the posture allows somebody; all others are alike to it. */
    private static Set<String> toldApart(Posture posture) {
        Set<String> names = new LinkedHashSet<>(posture.namespaces());
        posture.gateway().map(Gateway::namespace).ifPresent(names::add);
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            allow.from().namespace().ifPresent(names::add);
        }
        for (Intent.AllowTo allow : posture.intents(Intent.AllowTo.class)) {
            allow.to().namespace().ifPresent(names::add);
        }
        if (posture.asks(Intent.DenyEgress.class)) {
            names.addAll(List.of("kube-system", "istio-system")); // the cluster's DNS, the mesh's control plane
        }
        return names;
    }

    /** A peer of a tier in the words of a NetworkPolicy; one that is no pods' stays as it is. */
    private static Node ofTier(Node peer) {
        Node pods = peer.get("pods");
        if (!pods.isObject() && !peer.get("namespaces").isObject()) {
            return Node.object(Map.of("ipBlock", peer));
        }
        Node namespaces = pods.isObject() ? pods.get("namespaceSelector") : peer.get("namespaces");
        return Node.object(Map.of(
                "namespaceSelector",
                namespaces.isAbsent() ? Node.object(Map.of()) : namespaces,
                "podSelector",
                pods.get("podSelector")));
    }

    private static void add(
            Snapshot snapshot,
            Set<String> told,
            String own,
            Node peer,
            Set<Map.Entry<String, Map<String, String>>> pods,
            Map<String, String> made) {
        if (peer.get("ipBlock").isPresent()) {
            return;
        }
        Map<String, String> labels = worn(peer.get("podSelector"));
        Node namespaces = peer.get("namespaceSelector");
        if (namespaces.isAbsent()) {
            pods.add(Map.entry(own, labels));
            return;
        }
        Selector selector = Selector.of(namespaces);
        Optional<String> other = Optional.empty();
        for (String name : snapshot.namespaces()) {
            if (!selector.matches(snapshot.namespaceLabels(name))) {
                continue;
            }
            if (told.contains(name)) {
                pods.add(Map.entry(name, labels));
            } else if (other.isEmpty()) {
                other = Optional.of(name);
            }
        }
        other.ifPresent(name -> pods.add(Map.entry(name, labels)));
        Map<String, String> named = worn(namespaces);
        if (other.isEmpty() && !named.containsKey("kubernetes.io/metadata.name")) {
            made.putAll(named); // whoever makes a namespace labels it
            pods.add(Map.entry(NEW_NAMESPACE, labels));
        }
    }

    /** The fewest labels that a selector asks for. */
    private static Map<String, String> worn(Node selector) {
        Map<String, String> labels =
                new LinkedHashMap<>(selector.get("matchLabels").textMap());
        for (Node expression : selector.get("matchExpressions").items()) {
            String key = expression.get("key").textOr("");
            switch (expression.get("operator").textOr("")) {
                case "In" ->
                    expression.get("values").texts().stream().findFirst().ifPresent(v -> labels.put(key, v));
                case "Exists" -> labels.putIfAbsent(key, "");
                default -> {
                    // what must not be there is not there
                }
            }
        }
        return labels;
    }

    private static Resource resource(
            String kind, String namespace, String name, Map<String, String> labels, Map<String, Node> more) {
        Map<String, Node> texts = new LinkedHashMap<>();
        labels.forEach((key, value) -> texts.put(key, Node.text(value)));
        Map<String, Node> metadata = new LinkedHashMap<>();
        metadata.put("name", Node.text(name));
        if (!namespace.isEmpty()) {
            metadata.put("namespace", Node.text(namespace));
        }
        metadata.put("labels", Node.object(texts));
        Map<String, Node> tree = new LinkedHashMap<>();
        tree.put("apiVersion", Node.text("v1"));
        tree.put("kind", Node.text(kind));
        tree.put("metadata", Node.object(metadata));
        tree.putAll(more);
        return Resource.of(Node.object(tree), Origin.MEMORY);
    }
}
