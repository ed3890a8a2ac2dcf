package io.zta.network;

import io.zta.network.Rule.Peer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

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
                    case UNKNOWN -> {}
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
    private final Atoms atoms;
    private final List<PodClass> classes = new ArrayList<>();
    private final IdentityHashMap<Pod, Integer> classOf = new IdentityHashMap<>();
    private final List<String> namespaces = new ArrayList<>();
    private final Map<String, int[]> spans = new HashMap<>();
    private final LabelIndex namespaceIndex;
    private final LabelIndex podIndex;
    private final long[] hosts;

    Universe(
            Snapshot snapshot,
            List<Pod> pods,
            Vocabulary vocabulary,
            Map<String, Map<String, String>> extraNamespaces) {
        this.vocabulary = vocabulary;
        IdentityHashMap<Pod, List<Address>> addresses = new IdentityHashMap<>();
        boolean v6 = false;
        for (Pod pod : pods) {
            List<Address> known = new ArrayList<>();
            for (String ip : pod.ips()) {
                Address.parse(ip).ifPresent(known::add);
            }
            v6 |= known.stream().anyMatch(Address::v6);
            addresses.put(pod, known);
        }
        this.atoms = Atoms.of(vocabulary.blocks(), v6);
        Map<String, Map<PodClass.Key, PodClass>> byNamespace = new TreeMap<>();
        for (Pod pod : pods) {
            PodClass.Key key = key(pod, addresses.getOrDefault(pod, List.of()));
            byNamespace
                    .computeIfAbsent(pod.namespace(), name -> new LinkedHashMap<>())
                    .computeIfAbsent(key, PodClass::new)
                    .add(pod);
        }
        List<Map<String, String>> namespaceLabels = new ArrayList<>();
        byNamespace.forEach((name, found) -> {
            int start = classes.size();
            classes.addAll(found.values());
            spans.put(name, new int[] {start, classes.size()});
            namespaces.add(name);
            Map<String, String> extra = extraNamespaces.get(name);
            namespaceLabels.add(extra == null ? snapshot.namespaceLabels(name) : extra);
        });
        List<Map<String, String>> podLabels = new ArrayList<>(classes.size());
        this.hosts = Bits.none(size());
        for (int i = 0; i < classes.size(); i++) {
            for (Pod pod : classes.get(i).members()) {
                classOf.put(pod, i);
            }
            podLabels.add(classes.get(i).labels());
            if (classes.get(i).hostNetwork()) {
                Bits.set(hosts, i);
            }
        }
        this.namespaceIndex = new LabelIndex(namespaceLabels);
        this.podIndex = new LabelIndex(podLabels);
    }

    private PodClass.Key key(Pod pod, List<Address> addresses) {
        Map<String, String> labels = new HashMap<>();
        if (!pod.hostNetwork()) { // never selected, so labels make no difference
            pod.labels().forEach((key, value) -> {
                if (vocabulary.labels().contains(key)) {
                    labels.put(key, value);
                }
            });
        }
        List<Pod.ContainerPort> named = vocabulary.ports().isEmpty()
                ? List.of()
                : pod.ports().stream()
                        .filter(port -> vocabulary.ports().contains(port.name()))
                        .filter(port -> Set.of("TCP", "UDP", "SCTP").contains(port.protocol())
                                && port.number() > 0
                                && port.number() < 65536)
                        .map(port -> new Pod.ContainerPort("", port.name(), port.protocol(), port.number()))
                        .distinct()
                        .toList();
        List<Integer> pieces =
                addresses.stream().map(atoms::indexOf).distinct().sorted().toList();
        return new PodClass.Key(pod.namespace(), labels, named, pieces, pod.hostNetwork());
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

    /** The class of a pod; empty for one that is not of this snapshot. */
    Optional<Integer> classOf(Pod pod) {
        return Optional.ofNullable(classOf.get(pod));
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
