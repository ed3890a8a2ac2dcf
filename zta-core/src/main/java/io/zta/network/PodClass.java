package io.zta.network;

import io.zta.intent.Port;
import io.zta.intent.Port.Protocol;
import io.zta.snapshot.Pod;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Pods that no policy of the snapshot can tell apart: same namespace, same values of every label that some selector looks
 * at, same numbers behind every port name that some rule uses, addresses in the same pieces of the address space.
 */
final class PodClass {
    /** What makes pods alike. */
    record Key(
            String namespace,
            Map<String, String> labels,
            List<Pod.ContainerPort> named,
            List<Integer> pieces,
            boolean hostNetwork) {
        /** The same, for pods with addresses in these pieces. */
        Key at(List<Integer> others) {
            return new Key(namespace, labels, named, others, hostNetwork);
        }
    }

    /** Stands for the container of a port that a sidecar among the init containers declares. */
    static final String SIDECAR = "(sidecar)";

    private final Key key;
    private final Set<String> nodes = new TreeSet<>();
    private boolean anyNode;

    PodClass(Key key) {
        this.key = key;
    }

    /** Takes note of the node that a pod of this class runs on. */
    void runsOn(String node) {
        if (node.isEmpty()) {
            anyNode = true;
        } else {
            nodes.add(node);
        }
    }

    String namespace() {
        return key.namespace();
    }

    /** The labels that some selector looks at. */
    Map<String, String> labels() {
        return key.labels();
    }

    boolean hostNetwork() {
        return key.hostNetwork();
    }

    /** Whether an address of these pods is known. */
    boolean addressKnown() {
        return !key.pieces().isEmpty();
    }

    /** The pieces of the address space that their addresses lie in. */
    List<Integer> pieces() {
        return key.pieces();
    }

    /** Whether one of these pods may run on the same node as one of those. */
    boolean mayShareNode(PodClass other) {
        return anyNode || other.anyNode || nodes.stream().anyMatch(other.nodes::contains);
    }

    /** Whether all of these pods and all of those run on one node. */
    boolean sharesNode(PodClass other) {
        return !anyNode && !other.anyNode && nodes.size() == 1 && nodes.equals(other.nodes);
    }

    /** Whether it matters to these names if ports of sidecars among the init containers count. */
    boolean needsSidecars(List<Rule.Named> names) {
        return !resolve(names, true).equals(resolve(names, false));
    }

    /** The ports that rules' names mean on these pods. */
    PortSet resolve(List<Rule.Named> names, boolean sidecars) {
        PortSet ports = PortSet.NONE;
        if (hostNetwork()) {
            return ports; // reached by the node's address, and an address has no named ports
        }
        for (Pod.ContainerPort port : key.named()) {
            if (!sidecars && port.container().equals(SIDECAR)) {
                continue;
            }
            for (Rule.Named name : names) {
                if (port.name().equals(name.name())
                        && name.protocol()
                                .map(Protocol::name)
                                .orElse(port.protocol())
                                .equals(port.protocol())) {
                    ports = ports.union(
                            PortSet.of(new Port(Protocol.valueOf(port.protocol()), port.number(), port.number())));
                }
            }
        }
        return ports;
    }
}
