package io.zta.network;

import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The pods of a snapshot, numbered and sorted into kinds: those of one kind differ in name, owner, node and address at most.
 * No policy is looked at, so this is done once for each snapshot, and what depends on policies then looks at kinds. Immutable.
 */
final class PodKinds {
    /** What pods of one kind have in common. */
    record Kind(String namespace, boolean hostNetwork, Map<String, String> labels, List<Pod.ContainerPort> ports) {}

    private static final List<Address> NO_ADDRESS = List.of();

    private final Pods pods;
    private final List<Kind> kinds = new ArrayList<>();
    private final int[] kindOf;
    private final List<List<Address>> addresses;
    private final IdentityHashMap<Pod, Integer> numbers;
    private final boolean v6;

    private PodKinds(Pods pods) {
        this.pods = pods;
        int count = pods.all().size();
        this.kindOf = new int[count];
        this.addresses = new ArrayList<>(count);
        this.numbers = new IdentityHashMap<>(count);
        Map<Kind, Integer> known = new HashMap<>();
        @Nullable Kind last = null;
        boolean anyV6 = false;
        for (Pod pod : pods.all()) {
            int number = addresses.size();
            Kind kind = new Kind(pod.namespace(), pod.hostNetwork(), pod.labels(), ports(pod));
            if (number > 0 && kind.equals(last)) { // neighbours are of one workload: comparing is cheaper than hashing
                kindOf[number] = kindOf[number - 1];
            } else {
                kindOf[number] = known.computeIfAbsent(kind, fresh -> {
                    kinds.add(fresh);
                    return kinds.size() - 1;
                });
            }
            last = kind;
            List<Address> parsed = parsed(pod.ips());
            for (Address address : parsed) {
                anyV6 |= address.v6();
            }
            addresses.add(parsed);
            numbers.put(pod, number);
        }
        this.v6 = anyV6;
    }

    static PodKinds of(Snapshot snapshot) {
        return Pods.of(snapshot).derived(PodKinds.class, PodKinds::new);
    }

    /** The ports of a pod, those of sidecars among the init containers marked. */
    private static List<Pod.ContainerPort> ports(Pod pod) {
        List<Node> starting = pod.spec().get("initContainers").items();
        if (starting.isEmpty()) {
            return pod.ports();
        }
        Set<String> names = new HashSet<>();
        starting.forEach(container -> names.add(container.get("name").textOr("")));
        return pod.ports().stream()
                .map(port -> names.contains(port.container())
                        ? new Pod.ContainerPort(PodClass.SIDECAR, port.name(), port.protocol(), port.number())
                        : port)
                .toList();
    }

    private static List<Address> parsed(List<String> ips) {
        if (ips.isEmpty()) {
            return NO_ADDRESS;
        }
        List<Address> known = new ArrayList<>(ips.size());
        for (String ip : ips) {
            Address.parse(ip).ifPresent(known::add);
        }
        return known;
    }

    /** The pods, whose numbers are their places in {@link Pods#all()}. */
    Pods pods() {
        return pods;
    }

    List<Kind> kinds() {
        return kinds;
    }

    /** The number of a pod's kind. */
    int kindOf(int pod) {
        return kindOf[pod];
    }

    /** The addresses of a pod that can be read. */
    List<Address> addresses(int pod) {
        return addresses.get(pod);
    }

    /** Whether an address is one of IPv6. */
    boolean hasV6() {
        return v6;
    }

    /** The number of a pod; empty for one that is not of this snapshot. */
    OptionalInt number(Pod pod) {
        Integer number = numbers.get(pod);
        return number == null ? OptionalInt.empty() : OptionalInt.of(number);
    }
}
