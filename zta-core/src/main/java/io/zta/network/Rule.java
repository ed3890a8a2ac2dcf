package io.zta.network;

import io.zta.intent.Port.Protocol;
import io.zta.snapshot.Node;
import io.zta.snapshot.Selector;
import java.util.List;
import java.util.Optional;

/**
 * One rule of a policy of any kind, as read. Immutable.
 *
 * @param path where it stands in its policy, such as {@code spec.ingress[0]}
 * @param node the rule as written
 * @param action what it does with what it matches; always ALLOW in a NetworkPolicy
 * @param everyone whether it names no peers, which means all
 * @param peers the peers, any of which may match
 * @param ports the ports
 */
record Rule(String path, Node node, Action action, boolean everyone, List<Peer> peers, Ports ports) {
    Rule {
        peers = List.copyOf(peers);
    }

    /** What a rule does. */
    enum Action {
        ALLOW,
        DENY,
        PASS
    }

    /**
     * One entry of {@code from} or {@code to}.
     *
     * @param path where it stands in its policy
     * @param node the entry as written
     * @param kind which of the following fields count
     * @param namespaces for PODS: in which namespaces; empty for the policy's own
     * @param pods for PODS: which pods of those namespaces; for NODES: which nodes
     * @param blocks for ADDRESSES: the addresses, exceptions taken out
     */
    record Peer(
            String path,
            Node node,
            Kind kind,
            Optional<Selector> namespaces,
            Selector pods,
            List<AddressRange> blocks) {
        Peer {
            blocks = List.copyOf(blocks);
        }

        /** Kinds of peers. */
        enum Kind {
            PODS,
            ADDRESSES,
            NODES,
            /** Names that stand for addresses which no snapshot holds. */
            DOMAINS,
            /** Not readable: it might match anything. */
            UNKNOWN
        }
    }

    /**
     * The ports of a rule.
     *
     * @param fixed ports given by number
     * @param named ports that each destination pod resolves for itself
     */
    record Ports(PortSet fixed, List<Named> named) {
        static final Ports ALL = new Ports(PortSet.ALL, List.of());

        Ports {
            named = List.copyOf(named);
        }
    }

    /**
     * A port by name.
     *
     * @param name the name a container gives its port
     * @param protocol the transport that must match as well; empty for any
     */
    record Named(String name, Optional<Protocol> protocol) {}
}
