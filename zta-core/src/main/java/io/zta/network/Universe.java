package io.zta.network;

import io.zta.network.Rule.Peer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be an end of a connection, numbered: first the classes of pods, those of one namespace side by side,
 * then the pieces of the address space. Immutable once built.
 */
final class Universe {
    /**
     * What policies look at, which decides which pods are alike.
     *
     * @param labels label keys of pods
     * @param ports names of ports
     * @param blocks addresses
     */
    record Vocabulary(Set<String> labels, Set<String> ports, Set<AddressRange> blocks) {
        static Vocabulary of(List<Policy> policies, List<AddressRange> nodes) {
            Vocabulary words = new Vocabulary(new HashSet<>(), new HashSet<>(), new HashSet<>());
            for (Policy policy : policies) {
                words.labels.addAll(policy.pods().keys());
                for (Direction direction : Direction.values()) {
                    policy.rules(direction).ifPresent(rules -> rules.forEach(rule -> words.add(rule, nodes)));
                }
            }
            return words;
        }

        private void add(Rule rule, List<AddressRange> nodes) {
            rule.ports().named().forEach(name -> ports.add(name.name()));
            for (Peer peer : rule.peers()) {
                switch (peer.kind()) {
                    case PODS -> labels.addAll(peer.pods().keys());
                    case ADDRESSES -> blocks.addAll(peer.blocks());
                    case NODES -> blocks.addAll(nodes);
                    case DOMAINS, UNKNOWN -> {}
                }
            }
        }

        boolean covers(Vocabulary other, Atoms atoms) {
            return labels.containsAll(other.labels)
                    && ports.containsAll(other.ports)
                    && other.blocks.stream().allMatch(atoms::cuts);
        }
    }

    private final Vocabulary vocabulary;
    private final PodKinds kinds;
    private final Atoms atoms;
    private final List<PodClass> classes;
    private final int[] classOf;
    private final List<String> namespaces = new ArrayList<>();
    private final Map<String, int[]> spans = new HashMap<>();
    private final LabelIndex namespaceIndex;
    private final LabelIndex podIndex;
    private final long[] hosts;
    private @Nullable Workloads workloads;

    Universe(Snapshot snapshot, Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
        this.kinds = PodKinds.of(snapshot);
        this.atoms = Atoms.of(vocabulary.blocks(), kinds.hasV6());
        this.classOf = new int[kinds.pods().all().size()];
        this.classes = sorted();
        List<Map<String, String>> podLabels = new ArrayList<>(classes.size());
        List<Map<String, String>> namespaceLabels = new ArrayList<>();
        this.hosts = Bits.none(size());
        for (int i = 0; i < classes.size(); i++) {
            PodClass found = classes.get(i);
            podLabels.add(found.labels());
            if (found.hostNetwork()) {
                Bits.set(hosts, i);
            }
            int[] span = spans.get(found.namespace());
            if (span == null) {
                span = new int[] {i, i};
                spans.put(found.namespace(), span);
                namespaces.add(found.namespace());
                namespaceLabels.add(snapshot.namespaceLabels(found.namespace()));
            }
            span[1] = i + 1;
        }
        if (!Bits.isEmpty(hosts)) { // where no pod shares a node's network, nobody asks who runs where
            List<Pod> pods = kinds.pods().all();
            for (int i = 0; i < classOf.length; i++) {
                Pod pod = pods.get(i);
                String node =
                        pod.fromTemplate() ? "" : pod.spec().get("nodeName").textOr("");
                classes.get(classOf[i]).runsOn(node);
            }
        }
        this.namespaceIndex = new LabelIndex(namespaceLabels);
        this.podIndex = new LabelIndex(podLabels);
    }

    /**
     * Sorts the pods into classes, in the order of pods, which is that of their namespaces. Labels and ports are looked at
     * once for each kind; for each pod it is only asked in which pieces of the address space it lies.
     */
    private List<PodClass> sorted() {
        List<PodClass> found = new ArrayList<>();
        Map<PodClass.Key, Integer> numbers = new HashMap<>();
        PodClass.Key[] keys = new PodClass.Key[kinds.kinds().size()];
        int last = -1;
        for (int pod = 0; pod < classOf.length; pod++) {
            int kind = kinds.kindOf(pod);
            PodClass.Key key = keys[kind];
            if (key == null) {
                key = key(kinds.kinds().get(kind));
                keys[kind] = key;
            }
            List<Integer> pieces = pieces(kinds.addresses(pod));
            boolean same = pod > 0
                    && kind == kinds.kindOf(pod - 1)
                    && pieces.equals(found.get(last).pieces());
            if (!same) {
                last = numbers.computeIfAbsent(key.at(pieces), fresh -> {
                    found.add(new PodClass(fresh));
                    return found.size() - 1;
                });
            }
            classOf[pod] = last;
        }
        return found;
    }

    private List<Integer> pieces(List<Address> addresses) {
        return switch (addresses.size()) {
            case 0 -> List.of();
            case 1 -> List.of(atoms.indexOf(addresses.get(0)));
            default ->
                addresses.stream().map(atoms::indexOf).distinct().sorted().toList();
        };
    }

    /** What policies see of a kind, its addresses left out. */
    private PodClass.Key key(PodKinds.Kind kind) {
        Map<String, String> labels = new HashMap<>();
        if (!kind.hostNetwork()) { // never selected, so labels make no difference
            kind.labels().forEach((key, value) -> {
                if (vocabulary.labels().contains(key)) {
                    labels.put(key, value);
                }
            });
        }
        List<Pod.ContainerPort> named = kind.ports().stream()
                .filter(port -> vocabulary.ports().contains(port.name()))
                .filter(port -> Set.of("TCP", "UDP", "SCTP").contains(port.protocol())
                        && port.number() > 0
                        && port.number() < 65536)
                .map(port -> new Pod.ContainerPort(
                        port.container().equals(PodClass.SIDECAR) ? PodClass.SIDECAR : "",
                        port.name(),
                        port.protocol(),
                        port.number()))
                .distinct()
                .toList();
        return new PodClass.Key(kind.namespace(), labels, named, List.of(), kind.hostNetwork());
    }

    /** Addresses of nodes, with the labels of each, as far as the snapshot has them. */
    static Map<AddressRange, Map<String, String>> nodes(Snapshot snapshot) {
        Map<AddressRange, Map<String, String>> nodes = new TreeMap<>();
        for (Resource node : snapshot.resources(GroupKind.NODE)) {
            for (Node address : node.tree().at("status", "addresses").items()) {
                Optional<AddressRange> range = address.get("address").text().flatMap(AddressRange::parse);
                range.ifPresent(found -> nodes.put(found, node.labels()));
            }
        }
        return nodes;
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    Atoms atoms() {
        return atoms;
    }

    List<PodClass> classes() {
        return classes;
    }

    /** The number of classes; pieces of the address space follow from here on. */
    int classCount() {
        return classes.size();
    }

    int size() {
        return classes.size() + atoms.size();
    }

    boolean isClass(int end) {
        return end < classes.size();
    }

    /** The pods, whose numbers are their places in {@link Pods#all()}. */
    Pods pods() {
        return kinds.pods();
    }

    /** Whether an address of a pod is one of IPv6. */
    boolean podsHaveV6() {
        return kinds.hasV6();
    }

    /** Whether a pod shares its node's network. */
    boolean hasHosts() {
        return !Bits.isEmpty(hosts);
    }

    /** The workloads, worked out once. */
    synchronized Workloads workloads() {
        if (workloads == null) {
            workloads = new Workloads(this);
        }
        return workloads;
    }

    /** The class of the pod of that number. */
    int classOf(int pod) {
        return classOf[pod];
    }

    /** The class of a pod; empty for one that is not of this snapshot. */
    OptionalInt classOf(Pod pod) {
        OptionalInt number = kinds.number(pod);
        return number.isEmpty() ? number : OptionalInt.of(classOf[number.getAsInt()]);
    }

    /** The classes that are selected by labels; pods on the node's network never are. The caller owns the array. */
    long[] select(Optional<Selector> namespaceSelector, String ownNamespace, Selector pods) {
        long[] within = Bits.none(classes.size());
        if (namespaceSelector.isEmpty()) {
            int[] span = spans.get(ownNamespace);
            if (span != null) {
                Bits.setRange(within, span[0], span[1]);
            }
        } else if (namespaceSelector.get().isEverything()) {
            Bits.setRange(within, 0, classes.size());
        } else {
            Bits.forEach(namespaceIndex.match(namespaceSelector.get()), i -> {
                int[] span = spans.getOrDefault(namespaces.get(i), new int[] {0, 0});
                Bits.setRange(within, span[0], span[1]);
            });
        }
        if (!pods.isEverything()) {
            Bits.retain(within, podIndex.match(pods));
        }
        long[] selected = Bits.none(size());
        Bits.addAll(selected, within);
        Bits.remove(selected, hosts);
        return selected;
    }
}
