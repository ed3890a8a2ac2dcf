package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.intent.Port;
import io.zta.intent.Port.Protocol;
import io.zta.network.Policy.Tier;
import io.zta.network.Rule.Action;
import io.zta.network.Rule.Named;
import io.zta.network.Rule.Peer;
import io.zta.network.Rule.Peer.Kind;
import io.zta.network.Rule.Ports;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads the policies of {@code policy.networking.k8s.io}: AdminNetworkPolicy and BaselineAdminNetworkPolicy of v1alpha1,
 * and ClusterNetworkPolicy of v1alpha2 and later, which joins the two. Not thread-safe.
 */
final class TierReader {
    static final String GROUP = "policy.networking.k8s.io";
    static final List<GroupKind> KINDS = List.of(
            new GroupKind(GROUP, "AdminNetworkPolicy"),
            new GroupKind(GROUP, "BaselineAdminNetworkPolicy"),
            new GroupKind(GROUP, "ClusterNetworkPolicy"));

    private final Resource resource;
    private final List<Doubt> problems = new ArrayList<>();

    private TierReader(Resource resource) {
        this.resource = resource;
    }

    static Policy read(Resource resource) {
        return new TierReader(resource).read();
    }

    private Policy read() {
        Node spec = resource.spec();
        Tier tier = tier(spec.get("tier"));
        int priority = 0;
        if (!resource.type().kind().equals("BaselineAdminNetworkPolicy")) {
            OptionalInt given = spec.get("priority").integer();
            if (given.isEmpty() || given.getAsInt() < 0 || given.getAsInt() > 1000) {
                problem(spec.get("priority"), "spec.priority must be a number from 0 to 1000");
            }
            priority = given.orElse(0);
        }
        Peer subject = podsOf(spec.get("subject"), "spec.subject");
        List<Rule> ingress = rules(spec, Direction.INGRESS);
        List<Rule> egress = rules(spec, Direction.EGRESS);
        return new Policy(
                resource,
                tier,
                priority,
                subject.namespaces().or(() -> Optional.of(Selector.EVERYTHING)),
                subject.pods(),
                ingress.isEmpty() ? Optional.empty() : Optional.of(ingress),
                egress.isEmpty() ? Optional.empty() : Optional.of(egress),
                problems);
    }

    private Tier tier(Node written) {
        return switch (resource.type().kind()) {
            case "AdminNetworkPolicy" -> Tier.ADMIN;
            case "BaselineAdminNetworkPolicy" -> Tier.BASELINE;
            default -> {
                String name = written.textOr("");
                if (!name.equals("Admin") && !name.equals("Baseline")) {
                    problem(written, "spec.tier must be Admin or Baseline, but is " + written);
                }
                yield name.equals("Baseline") ? Tier.BASELINE : Tier.ADMIN;
            }
        };
    }

    private void problem(Node at, String reason) {
        problems.add(new Doubt(
                resource.display() + ": " + reason,
                "correct it, or say what it means: it can allow before and deny after every NetworkPolicy",
                resource.originOf(at)));
    }

    private Selector selector(Node node, String path) {
        Selector selector = Selector.of(node);
        selector.unreadable().ifPresent(why -> problem(node, path + ": " + why));
        return selector;
    }

    /** A subject or a peer that selects pods: by namespaces alone, or by namespaces and labels. */
    private Peer podsOf(Node node, String path) {
        Node namespaces = node.get("namespaces");
        Node pods = node.get("pods");
        if (!node.isObject() || namespaces.isObject() == pods.isObject() || node.size() != 1) {
            problem(node, path + " must hold either namespaces or pods, but is " + node);
            return new Peer(path, node, Kind.UNKNOWN, Optional.empty(), Selector.EVERYTHING, List.of());
        }
        Selector where = namespaces.isObject()
                ? selector(namespaces, path + ".namespaces")
                : selector(pods.get("namespaceSelector"), path + ".pods.namespaceSelector");
        Selector which = selector(pods.get("podSelector"), path + ".pods.podSelector");
        boolean readable = where.unreadable().isEmpty() && which.unreadable().isEmpty();
        return new Peer(path, node, readable ? Kind.PODS : Kind.UNKNOWN, Optional.of(where), which, List.of());
    }

    private List<Rule> rules(Node spec, Direction direction) {
        Node list = spec.get(direction.field());
        if (list.isPresent() && !list.isArray()) {
            problem(list, "spec." + direction.field() + " must be a list, but is " + list);
        }
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < list.items().size(); i++) {
            rules.add(rule(list.item(i), "spec." + direction.field() + "[" + i + "]", direction));
        }
        return rules;
    }

    private Rule rule(Node node, String path, Direction direction) {
        for (String field : node.fields().keySet()) {
            if (!Set.of("name", "action", direction.peers(), "ports", "protocols")
                    .contains(field)) {
                problem(node.get(field), path + " has no field \"" + field + "\"");
            }
        }
        List<Peer> peers = new ArrayList<>();
        Node list = node.get(direction.peers());
        for (int i = 0; i < list.items().size(); i++) {
            peers.add(peer(list.item(i), path + "." + direction.peers() + "[" + i + "]", direction));
        }
        if (peers.isEmpty()) {
            problem(node, path + "." + direction.peers() + " must hold at least one peer");
        }
        return new Rule(path, node, action(node.get("action"), path), false, peers, ports(node, path));
    }

    private Action action(Node written, String path) {
        String deny = "Deny";
        String allow = resource.type().kind().equals("ClusterNetworkPolicy") ? "Accept" : "Allow";
        boolean pass = resource.type().kind().startsWith("Baseline");
        String name = written.textOr("");
        if (name.equals(allow)) {
            return Action.ALLOW;
        } else if (name.equals(deny)) {
            return Action.DENY;
        } else if (!name.equals("Pass") || pass) {
            problem(written, path + ".action is none of this kind: " + written);
        }
        return Action.PASS;
    }

    private Peer peer(Node node, String path, Direction direction) {
        Node networks = node.get("networks");
        if (direction == Direction.EGRESS && networks.isArray() && node.size() == 1) {
            List<AddressRange> blocks = new ArrayList<>();
            for (Node network : networks.items()) {
                Optional<AddressRange> block = network.text().flatMap(AddressRange::parse);
                block.ifPresentOrElse(
                        blocks::add, () -> problem(network, path + ".networks holds no CIDR block: " + network));
            }
            return new Peer(path, node, Kind.ADDRESSES, Optional.empty(), Selector.EVERYTHING, blocks);
        }
        if (direction == Direction.EGRESS && node.get("nodes").isObject() && node.size() == 1) {
            Selector nodes = selector(node.get("nodes"), path + ".nodes");
            return new Peer(path, node, Kind.NODES, Optional.empty(), nodes, List.of());
        }
        if (direction == Direction.EGRESS && node.get("domainNames").isPresent() && node.size() == 1) {
            problem(node, path + ".domainNames: what addresses the names stand for is not in a snapshot");
            return new Peer(path, node, Kind.UNKNOWN, Optional.empty(), Selector.EVERYTHING, List.of());
        }
        return podsOf(node, path);
    }

    private Ports ports(Node rule, String path) {
        boolean joined = resource.type().kind().equals("ClusterNetworkPolicy");
        String field = joined && rule.get("protocols").isPresent() ? "protocols" : "ports";
        Node list = rule.get(field);
        if (list.isAbsent()) {
            return Ports.ALL;
        }
        if (!list.isArray()) {
            problem(list, path + "." + field + " must be a list, but is " + list);
            return Ports.ALL;
        }
        PortSet fixed = PortSet.NONE;
        List<Named> named = new ArrayList<>();
        for (Node item : list.items()) {
            Node name = field.equals("protocols") ? item.get("destinationNamedPort") : item.get("namedPort");
            Optional<Port> range = field.equals("protocols") ? protocol(item) : port(item);
            if (item.size() == 1 && name.isScalar()) {
                named.add(new Named(name.textOr(""), Optional.empty()));
            } else if (item.size() == 1 && range.isPresent()) {
                fixed = fixed.union(PortSet.of(range.get()));
            } else {
                problem(item, path + "." + field + " holds what is no port: " + item);
            }
        }
        return new Ports(fixed, named);
    }

    private static Optional<Port> port(Node item) {
        Node number = item.get("portNumber");
        Node range = item.get("portRange");
        return number.isObject()
                ? port(number.get("protocol").textOr("TCP"), number.get("port"), number.get("port"))
                : port(range.get("protocol").textOr("TCP"), range.get("start"), range.get("end"));
    }

    private static Optional<Port> protocol(Node item) {
        for (String name : List.of("tcp", "udp", "sctp")) {
            Node protocol = item.get(name);
            if (protocol.isObject()) {
                Node port = protocol.get("destinationPort");
                Node range = port.get("range");
                if (port.isAbsent()) {
                    return Optional.of(new Port(Protocol.valueOf(name.toUpperCase(Locale.ROOT)), 1, 65535));
                }
                return range.isObject()
                        ? port(name.toUpperCase(Locale.ROOT), range.get("start"), range.get("end"))
                        : port(name.toUpperCase(Locale.ROOT), port.get("number"), port.get("number"));
            }
        }
        return Optional.empty();
    }

    private static Optional<Port> port(String protocol, Node first, Node last) {
        int from = first.integer().orElse(-1);
        int to = last.integer().orElse(-1);
        if (from < 1 || to < from || to > 65535 || !Set.of("TCP", "UDP", "SCTP").contains(protocol)) {
            return Optional.empty();
        }
        return Optional.of(new Port(Protocol.valueOf(protocol), from, to));
    }
}
