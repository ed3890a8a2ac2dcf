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
 * and ClusterNetworkPolicy of v1alpha2 and v1beta1, which joins the two. What the API server would refuse is a problem of the
 * policy; where it can only mean one thing all the same, the policy stays legible. Not thread-safe.
 */
final class TierReader {
    static final String GROUP = "policy.networking.k8s.io";
    static final List<GroupKind> KINDS = List.of(
            new GroupKind(GROUP, "AdminNetworkPolicy"),
            new GroupKind(GROUP, "BaselineAdminNetworkPolicy"),
            new GroupKind(GROUP, "ClusterNetworkPolicy"));

    private final Resource resource;
    private final boolean baseline;
    /** Whether this is the kind that joins both tiers, with words of its own. */
    private final boolean joined;

    private final List<Doubt> problems = new ArrayList<>();
    private boolean legible = true;

    private TierReader(Resource resource) {
        this.resource = resource;
        this.baseline = resource.type().kind().equals("BaselineAdminNetworkPolicy");
        this.joined = resource.type().kind().equals("ClusterNetworkPolicy");
    }

    static Policy read(Resource resource) {
        return new TierReader(resource).read();
    }

    private Policy read() {
        Node spec = resource.spec();
        String version = resource.apiVersion().substring(resource.apiVersion().indexOf('/') + 1);
        if (!(joined ? Set.of("v1alpha2", "v1beta1") : Set.of("v1alpha1")).contains(version)) {
            problem(resource.tree().get("apiVersion"), "the version " + resource.apiVersion() + " is not one we read");
        }
        if (baseline && !resource.name().equals("default")) {
            refused(resource.tree().at("metadata", "name"), "the only one there can be is named default");
        }
        fields(
                spec,
                "spec",
                joined ? "tier" : "subject",
                baseline ? "subject" : "priority",
                "subject",
                "ingress",
                "egress");
        Tier tier = tier(spec.get("tier"));
        Peer subject = podsOf(spec.get("subject"), "spec.subject");
        int priority = baseline ? 0 : priority(spec.get("priority"));
        Optional<List<Rule>> ingress = rules(spec, Direction.INGRESS);
        Optional<List<Rule>> egress = rules(spec, Direction.EGRESS);
        if (subject.kind() == Kind.UNKNOWN) { // it may select any pod, and nobody can tell which it does
            return policy(tier, priority, Selector.EVERYTHING, Selector.EVERYTHING, Optional.empty(), Optional.empty());
        }
        return policy(
                tier, priority, subject.namespaces().orElse(Selector.EVERYTHING), subject.pods(), ingress, egress);
    }

    private Policy policy(
            Tier tier,
            int priority,
            Selector namespaces,
            Selector pods,
            Optional<List<Rule>> ingress,
            Optional<List<Rule>> egress) {
        return new Policy(resource, tier, priority, Optional.of(namespaces), pods, ingress, egress, problems, legible);
    }

    private int priority(Node written) {
        OptionalInt given = written.integer();
        if (given.isEmpty()) {
            problem(written, "spec.priority must be a number from 0 to 1000");
        } else if (given.getAsInt() < 0 || given.getAsInt() > 1000) {
            refused(written, "spec.priority must be a number from 0 to 1000");
        }
        return given.orElse(0);
    }

    private Tier tier(Node written) {
        if (!joined) {
            return baseline ? Tier.BASELINE : Tier.ADMIN;
        }
        String name = written.textOr("");
        if (!name.equals("Admin") && !name.equals("Baseline")) {
            problem(written, "spec.tier must be Admin or Baseline, but is " + written);
        }
        return name.equals("Baseline") ? Tier.BASELINE : Tier.ADMIN;
    }

    /** Notes what can't be read, or might mean something else than what was read. */
    private void problem(Node at, String reason) {
        legible = false;
        refused(at, reason);
    }

    /** Notes what the API server would refuse, though it can only mean one thing. */
    private void refused(Node at, String reason) {
        problems.add(new Doubt(
                resource.display() + ": " + reason,
                "correct it: an API server would refuse it, so what the cluster holds instead cannot be told",
                resource.originOf(at)));
    }

    private void fields(Node node, String path, String... known) {
        for (String field : node.fields().keySet()) {
            if (!Set.copyOf(List.of(known)).contains(field)) {
                problem(node.get(field), path + " has no field \"" + field + "\"");
            }
        }
    }

    private void atMost(Node list, String path) {
        int most = joined ? 25 : 100;
        if (list.size() > most) {
            refused(list, path + " holds " + list.size() + " items, and " + most + " are the most");
        }
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
            return unknown(node, path);
        }
        if (pods.isObject()) {
            fields(pods, path + ".pods", "namespaceSelector", "podSelector");
            required(pods, path + ".pods", "podSelector");
            if (!joined) {
                required(pods, path + ".pods", "namespaceSelector");
            }
        }
        Selector where = namespaces.isObject()
                ? selector(namespaces, path + ".namespaces")
                : selector(pods.get("namespaceSelector"), path + ".pods.namespaceSelector");
        Selector which = selector(pods.get("podSelector"), path + ".pods.podSelector");
        return where.unreadable().isPresent() || which.unreadable().isPresent()
                ? unknown(node, path)
                : new Peer(path, node, Kind.PODS, Optional.of(where), which, List.of());
    }

    private void required(Node node, String path, String field) {
        if (node.get(field).isAbsent()) {
            refused(node, path + " must hold " + field + ", which was taken for {}");
        }
    }

    private static Peer unknown(Node node, String path) {
        return new Peer(path, node, Kind.UNKNOWN, Optional.empty(), Selector.EVERYTHING, List.of());
    }

    private Optional<List<Rule>> rules(Node spec, Direction direction) {
        Node list = spec.get(direction.field());
        if (list.isPresent() && !list.isArray()) {
            problem(list, "spec." + direction.field() + " must be a list, but is " + list);
        }
        atMost(list, "spec." + direction.field());
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < list.items().size(); i++) {
            rules.add(rule(list.item(i), "spec." + direction.field() + "[" + i + "]", direction));
        }
        return rules.isEmpty() ? Optional.empty() : Optional.of(rules);
    }

    private Rule rule(Node node, String path, Direction direction) {
        fields(node, path, "name", "action", direction.peers(), joined ? "protocols" : "ports");
        if (node.get("name").textOr("").length() > 100) {
            refused(node.get("name"), path + ".name is longer than 100 characters");
        }
        Action action = action(node.get("action"), path);
        List<Peer> peers = new ArrayList<>();
        Node list = node.get(direction.peers());
        atMost(list, path + "." + direction.peers());
        for (int i = 0; i < list.items().size(); i++) {
            peers.add(peer(list.item(i), path + "." + direction.peers() + "[" + i + "]", direction, action));
        }
        if (peers.isEmpty()) {
            problem(node, path + "." + direction.peers() + " must hold at least one peer");
        }
        Ports ports = ports(node, path);
        boolean addresses = peers.stream()
                .anyMatch(
                        peer -> Set.of(Kind.ADDRESSES, Kind.NODES, Kind.DOMAINS).contains(peer.kind()));
        if (addresses && !ports.named().isEmpty()) {
            refused(node, path + " gives a port by name towards addresses, where a name means nothing");
        }
        return new Rule(path, node, action, false, peers, ports);
    }

    private Action action(Node written, String path) {
        String name = written.textOr("");
        if (name.equals(joined ? "Accept" : "Allow")) {
            return Action.ALLOW;
        } else if (name.equals("Deny")) {
            return Action.DENY;
        } else if (!name.equals("Pass") || baseline) {
            problem(written, path + ".action is none of this kind: " + written);
        }
        return Action.PASS;
    }

    private Peer peer(Node node, String path, Direction direction, Action action) {
        Node networks = node.get("networks");
        if (direction == Direction.INGRESS || node.size() != 1) {
            return podsOf(node, path);
        }
        if (networks.isArray()) {
            return new Peer(
                    path,
                    node,
                    Kind.ADDRESSES,
                    Optional.empty(),
                    Selector.EVERYTHING,
                    blocks(networks, path + ".networks"));
        }
        if (node.get("nodes").isObject()) {
            Selector nodes = selector(node.get("nodes"), path + ".nodes");
            return nodes.unreadable().isPresent()
                    ? unknown(node, path)
                    : new Peer(path, node, Kind.NODES, Optional.empty(), nodes, List.of());
        }
        if (node.get("domainNames").isArray()) {
            if (action != Action.ALLOW) {
                problem(node, path + ".domainNames can only be allowed");
            }
            return new Peer(path, node, Kind.DOMAINS, Optional.empty(), Selector.EVERYTHING, List.of());
        }
        return podsOf(node, path);
    }

    private List<AddressRange> blocks(Node networks, String path) {
        if (networks.size() == 0) {
            problem(networks, path + " must hold at least one CIDR block");
        }
        if (networks.size() > 25) {
            refused(networks, path + " holds " + networks.size() + " items, and 25 are the most");
        }
        List<AddressRange> blocks = new ArrayList<>();
        for (Node network : networks.items()) {
            Optional<AddressRange> block =
                    network.text().filter(text -> text.contains("/")).flatMap(AddressRange::parse);
            block.ifPresentOrElse(blocks::add, () -> problem(network, path + " holds no CIDR block: " + network));
        }
        return blocks;
    }

    private Ports ports(Node rule, String rulePath) {
        String path = rulePath + (joined ? ".protocols" : ".ports");
        Node list = rule.get(joined ? "protocols" : "ports");
        if (list.isAbsent()) {
            return Ports.ALL;
        }
        if (!list.isArray()) {
            problem(list, path + " must be a list, but is " + list);
            return Ports.ALL;
        }
        if (list.size() == 0) {
            problem(list, path + " is empty: whether that means every port or none is not said");
        }
        atMost(list, path);
        PortSet fixed = PortSet.NONE;
        List<Named> named = new ArrayList<>();
        for (Node item : list.items()) {
            Node name = item.get(joined ? "destinationNamedPort" : "namedPort");
            Optional<Port> range = joined ? protocol(item, path) : port(item, path);
            if (item.size() == 1 && name.isScalar()) {
                named.add(new Named(name.textOr(""), Optional.empty()));
            } else if (item.size() == 1 && range.isPresent()) {
                fixed = fixed.union(PortSet.of(range.get()));
            } else {
                problem(item, path + " holds what is no port: " + item);
            }
        }
        return new Ports(fixed, named);
    }

    private Optional<Port> port(Node item, String path) {
        Node number = item.get("portNumber");
        Node range = item.get("portRange");
        fields(number, path, "protocol", "port");
        fields(range, path, "protocol", "start", "end");
        return number.isObject()
                ? port(number.get("protocol").textOr("TCP"), number.get("port"), number.get("port"))
                : port(range.get("protocol").textOr("TCP"), range.get("start"), range.get("end"));
    }

    private Optional<Port> protocol(Node item, String path) {
        for (String name : List.of("tcp", "udp", "sctp")) {
            Node protocol = item.get(name);
            if (protocol.isObject()) {
                String upper = name.toUpperCase(Locale.ROOT);
                Node port = protocol.get("destinationPort");
                Node range = port.get("range");
                fields(protocol, path, "destinationPort");
                fields(port, path, "number", "range");
                fields(range, path, "start", "end");
                if (port.isAbsent()) {
                    refused(item, path + " holds a protocol without a port, which was taken for every port of it");
                    return Optional.of(new Port(Protocol.valueOf(upper), 1, 65535));
                }
                if (port.size() != 1) {
                    return Optional.empty();
                }
                return range.isObject()
                        ? port(upper, range.get("start"), range.get("end"))
                        : port(upper, port.get("number"), port.get("number"));
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
