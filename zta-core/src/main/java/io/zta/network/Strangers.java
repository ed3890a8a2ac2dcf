package io.zta.network;

import io.zta.Posture;
import io.zta.finding.Doubt;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.network.Policy.Tier;
import io.zta.network.Rule.Action;
import io.zta.network.Rule.Peer;
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
import java.util.function.Predicate;

/**
 * Pods that are not there and that anyone with the right to create pods could make. Sources and destinations: for each peer
 * that a policy lets a protected namespace talk to, pods that wear just the labels asked for, in each sort of namespace that
 * the peer takes. Newcomers: a pod of the protected namespace that wears no label but those the posture protects by. A
 * policy is judged by whom it would let through, not by who happens to run.
 */
final class Strangers {
    private static final String NAME = "(any pod)";
    private static final String NEWCOMER = "(a pod made tomorrow)";
    /** In a range that is given to nobody: what addresses may do is judged apart, range by range. */
    private static final String ADDRESS = "240.0.0.1";

    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";
    private static final String NEW_NAMESPACE = "(a new namespace)";
    /** More than any selector in use has; what is beyond is said to be unknown. */
    private static final int MOST = 4096;

    /**
     * The snapshot with these pods in it.
     *
     * @param snapshot the snapshot
     * @param doubts why pods may be missing that could be made
     */
    record Joined(Snapshot snapshot, List<Doubt> doubts) {}

    private final Snapshot snapshot;
    private final Posture posture;
    private final Direction direction;
    private final List<Policy> policies;
    private final Set<String> told;
    private final Map<String, Map<String, String>> made = new LinkedHashMap<>();
    private final List<Doubt> doubts = new ArrayList<>();

    private Strangers(Snapshot snapshot, Posture posture, Direction direction) {
        this.snapshot = snapshot;
        this.posture = posture;
        this.direction = direction;
        this.policies = Reachability.of(snapshot).policies();
        this.told = toldApart();
    }

    static boolean includes(Pod pod) {
        return pod.name().startsWith(NAME) || isNewcomer(pod);
    }

    static boolean isNewcomer(Pod pod) {
        return pod.name().equals(NEWCOMER);
    }

    /** What a pod that was judged counts for: one that is not there is nothing that was looked at. */
    static int covered(Pod pod) {
        return isNewcomer(pod) ? 0 : 1;
    }

    /**
     * Judges the protected pods of a namespace, one of each kind, and where all are closed the newcomer too: else the same
     * way would be told once more.
     *
     * @param isClosed judges a pod; true where it was found closed, or unknown
     * @return whether all were, the newcomer too
     */
    static boolean judge(Posture posture, String namespace, Reachability reach, Predicate<Pod> isClosed) {
        List<Pod> pods = reach.kinds(reach.pods().in(namespace)).stream()
                .filter(pod -> !includes(pod) && posture.protects(namespace, pod.labels()))
                .toList();
        boolean closed = !pods.isEmpty();
        for (Pod pod : pods) {
            closed &= isClosed.test(pod);
        }
        return closed
                && reach.pods().in(namespace).stream()
                        .filter(Strangers::isNewcomer)
                        .allMatch(isClosed);
    }

    /** Whether {@code namespace/name} names one of them. */
    static boolean isNamed(String display) {
        return display.contains("/" + NAME);
    }

    /** The snapshot with the pods that the policies of a posture's namespaces would let through in a direction. */
    static Joined joinedTo(Snapshot snapshot, Posture posture, Direction direction) {
        return new Strangers(snapshot, posture, direction).joined();
    }

    private Joined joined() {
        Set<Worn> pods = new LinkedHashSet<>();
        for (Policy policy : policies) {
            boolean tier = policy.tier() == Tier.ADMIN || policy.tier() == Tier.BASELINE;
            if (tier || posture.namespaces().contains(policy.resource().namespace())) {
                for (Rule rule : policy.rules(direction).orElse(List.of())) {
                    if (rule.action() != Action.DENY) {
                        rule.peers().forEach(peer -> add(policy, peer, pods));
                    }
                }
            }
        }
        List<Resource> more = new ArrayList<>();
        made.forEach((name, labels) -> more.add(resource("Namespace", "", name, labels, Map.of())));
        int number = 0;
        for (Worn pod : pods) {
            number++;
            more.add(pod(pod, NAME + number));
        }
        for (String namespace : posture.namespaces()) {
            more.add(pod(new Worn(namespace, posture.workloads().labels()), NEWCOMER));
        }
        return new Joined(snapshot.with(more), doubts.stream().distinct().toList());
    }

    /**
     * A pod that could be made.
     *
     * @param namespace where
     * @param labels what it wears
     */
    private record Worn(String namespace, Map<String, String> labels) {}

    /** Namespaces in which the posture allows somebody; all others are alike to it, but not to a tier of policies. */
    private Set<String> toldApart() {
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
        if (policies.stream()
                .anyMatch(policy -> policy.tier() != Tier.NETWORK_POLICY && policy.tier() != Tier.UNLISTED)) {
            names.addAll(snapshot.namespaces());
        }
        return names;
    }

    private void add(Policy policy, Peer peer, Set<Worn> pods) {
        if (peer.kind() != Peer.Kind.PODS) {
            return;
        }
        List<Map<String, String>> outfits = worn(policy, peer, peer.pods());
        if (peer.namespaces().isEmpty()) {
            put(policy.resource().namespace(), outfits, pods);
            return;
        }
        Selector selector = peer.namespaces().get();
        Optional<String> other = Optional.empty();
        for (String name : snapshot.namespaces()) {
            if (!selector.matches(snapshot.namespaceLabels(name))) {
                continue;
            }
            if (told.contains(name)) {
                put(name, outfits, pods);
            } else if (other.isEmpty()) {
                other = Optional.of(name);
            }
        }
        other.ifPresent(name -> put(name, outfits, pods));
        for (Map<String, String> labels : worn(policy, peer, selector)) { // whoever makes a namespace labels it
            String name = labels.getOrDefault(NAMESPACE_NAME, NEW_NAMESPACE);
            boolean named = labels.containsKey(NAMESPACE_NAME);
            if (named ? !snapshot.namespaces().contains(name) : other.isEmpty()) {
                String unused = named ? name : name + made.size();
                made.putIfAbsent(unused, labels);
                put(unused, outfits, pods);
            }
        }
    }

    private static void put(String namespace, List<Map<String, String>> outfits, Set<Worn> pods) {
        outfits.forEach(labels -> pods.add(new Worn(namespace, labels)));
    }

    /** The fewest labels that a selector asks for, in each combination of the values it takes. */
    private List<Map<String, String>> worn(Policy policy, Peer peer, Selector selector) {
        List<Map<String, String>> outfits = List.of(Map.of());
        for (Selector.Requirement requirement : selector.requirements()) {
            List<Map<String, String>> next = new ArrayList<>();
            for (Map<String, String> outfit : outfits) {
                Set<String> values = switch (requirement.operator()) {
                    case IN -> requirement.values();
                    case EXISTS -> Set.of(outfit.getOrDefault(requirement.key(), free(selector, requirement.key())));
                    case NOT_IN, DOES_NOT_EXIST -> Set.of(); // what must not be there is not there
                };
                for (String value : values) {
                    Map<String, String> dressed = new LinkedHashMap<>(outfit);
                    dressed.put(requirement.key(), value);
                    next.add(dressed);
                }
                if (values.isEmpty()) {
                    next.add(outfit);
                }
            }
            if (next.size() > MOST) {
                doubts.add(new Doubt(
                        policy.resource().display() + ": " + peer.path() + " takes pods of more than " + MOST
                                + " combinations of labels, which are not all tried",
                        "name fewer values in a rule",
                        policy.resource().originOf(peer.node())));
                return List.of();
            }
            outfits = next;
        }
        return outfits.stream().filter(selector::matches).toList();
    }

    /** A value that a selector does not refuse. */
    private static String free(Selector selector, String key) {
        Set<String> refused = new LinkedHashSet<>();
        for (Selector.Requirement requirement : selector.requirements()) {
            if (requirement.key().equals(key) && requirement.operator() == Selector.Operator.NOT_IN) {
                refused.addAll(requirement.values());
            }
        }
        String value = "";
        while (refused.contains(value)) {
            value += "x";
        }
        return value;
    }

    private static Resource pod(Worn pod, String name) {
        Node containers = Node.array(List.of(Node.object(Map.of("name", Node.text("app")))));
        return resource(
                "Pod",
                pod.namespace(),
                name,
                pod.labels(),
                Map.of(
                        "spec", Node.object(Map.of("containers", containers)),
                        "status", Node.object(Map.of("podIP", Node.text(ADDRESS)))));
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
