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
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads a NetworkPolicy of {@code networking.k8s.io/v1}. What the API server would refuse is a problem of the policy, and
 * the rest of it is read all the same. Rules NET-01 to NET-28 of docs/semantics/network.md. Not thread-safe.
 */
final class PolicyReader {
    /** A port's name: a letter at least, and neither a hyphen at an end nor two side by side; {@code IANA_SVC_NAME}. */
    private static final Pattern PORT_NAME =
            Pattern.compile("(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?");

    private static final Set<String> SPEC = Set.of("podSelector", "policyTypes", "ingress", "egress");

    private final Resource resource;
    private final List<Doubt> problems = new ArrayList<>();

    private PolicyReader(Resource resource) {
        this.resource = resource;
    }

    /** The policy and, where it has rules that its policyTypes leaves out, these as one that may act as well. */
    static List<Policy> read(Resource resource) {
        return new PolicyReader(resource).read();
    }

    private List<Policy> read() {
        Node spec = resource.spec();
        for (String field : spec.fields().keySet()) {
            if (!SPEC.contains(field)) {
                problem(spec.get(field), "spec has no field \"" + field + "\"");
            }
        }
        if (!resource.apiVersion().equals("networking.k8s.io/v1")) {
            problem(resource.tree().get("apiVersion"), "the version " + resource.apiVersion() + " is not one we read");
        }
        if (resource.name().isEmpty()) {
            problem(resource.tree(), "metadata.name is missing");
        }
        Selector pods = selector(spec.get("podSelector"), "spec.podSelector");
        boolean ingress = true;
        boolean egress = spec.get("egress").size() > 0;
        Node types = spec.get("policyTypes");
        if (!types.isTextArray()) {
            problem(types, "spec.policyTypes must be a list of texts, but is " + types);
            egress = true;
        } else if (types.size() > 2) {
            problem(types, "spec.policyTypes holds more than two: " + types);
            egress = true;
        } else if (types.size() > 0) {
            ingress = types.texts().contains("Ingress");
            egress = types.texts().contains("Egress");
            for (Node type : types.items()) {
                if (!Set.of("Ingress", "Egress").contains(type.textOr(""))) {
                    problem(type, "spec.policyTypes knows Ingress and Egress, not " + type);
                }
            }
        }
        Optional<List<Rule>> in = Optional.of(rules(spec, Direction.INGRESS));
        Optional<List<Rule>> out = Optional.of(rules(spec, Direction.EGRESS));
        Optional<List<Rule>> none = Optional.empty();
        List<Policy> policies = new ArrayList<>();
        policies.add(policy(Tier.NETWORK_POLICY, pods, ingress ? in : none, egress ? out : none, problems));
        if (!ingress && spec.get("ingress").size() > 0) {
            policies.add(policy(Tier.UNLISTED, pods, in, none, List.of()));
        }
        if (!egress && spec.get("egress").size() > 0) {
            policies.add(policy(Tier.UNLISTED, pods, none, out, List.of()));
        }
        return policies;
    }

    private Policy policy(
            Tier tier, Selector pods, Optional<List<Rule>> ingress, Optional<List<Rule>> egress, List<Doubt> problems) {
        return new Policy(resource, tier, 0, Optional.empty(), pods, ingress, egress, problems, problems.isEmpty());
    }

    private void problem(Node at, String reason) {
        problems.add(new Doubt(
                resource.display() + ": " + reason,
                "correct it: an API server would refuse it, so what the cluster holds instead cannot be told",
                resource.originOf(at)));
    }

    private Selector selector(Node node, String path) {
        Selector selector = Selector.of(node);
        selector.unreadable().ifPresent(why -> problem(node, path + ": " + why));
        return selector;
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
        if (node.isPresent() && !node.isObject()) {
            problem(node, path + " must be a map, but is " + node);
        }
        for (String field : node.fields().keySet()) {
            if (!field.equals(direction.peers()) && !field.equals("ports")) {
                problem(node.get(field), path + " has no field \"" + field + "\"");
            }
        }
        Node from = node.get(direction.peers());
        if (from.isPresent() && !from.isArray()) {
            problem(from, path + "." + direction.peers() + " must be a list, but is " + from);
        }
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < from.items().size(); i++) {
            peers.add(peer(from.item(i), path + "." + direction.peers() + "[" + i + "]"));
        }
        return new Rule(path, node, Action.ALLOW, peers.isEmpty(), peers, ports(node.get("ports"), path + ".ports"));
    }

    private Peer peer(Node node, String path) {
        for (String field : node.fields().keySet()) {
            if (!Set.of("podSelector", "namespaceSelector", "ipBlock").contains(field)) {
                problem(node.get(field), path + " has no field \"" + field + "\"");
            }
        }
        Node block = node.get("ipBlock");
        Node pods = node.get("podSelector");
        Node namespaces = node.get("namespaceSelector");
        boolean selects = pods.isPresent() || namespaces.isPresent();
        if (!node.isObject() || block.isPresent() == selects) {
            problem(node, path + " must hold either selectors or an ipBlock, but is " + node);
            return unknown(node, path);
        }
        if (block.isPresent()) {
            return block(node, block, path + ".ipBlock");
        }
        Optional<Selector> where = namespaces.isAbsent()
                ? Optional.empty()
                : Optional.of(selector(namespaces, path + ".namespaceSelector"));
        Selector which = selector(pods, path + ".podSelector");
        if (which.unreadable().isPresent()
                || where.flatMap(Selector::unreadable).isPresent()) {
            return unknown(node, path);
        }
        return new Peer(path, node, Kind.PODS, where, which, List.of());
    }

    private static Peer unknown(Node node, String path) {
        return new Peer(path, node, Kind.UNKNOWN, Optional.empty(), Selector.EVERYTHING, List.of());
    }

    private Peer block(Node peer, Node block, String path) {
        Optional<AddressRange> cidr = cidr(block.get("cidr"));
        Node except = block.get("except");
        if (cidr.isEmpty() || !except.isTextArray()) {
            problem(block, path + " has no readable cidr and except: " + block);
            return unknown(peer, path);
        }
        List<AddressRange> left = List.of(cidr.get());
        for (Node item : except.items()) {
            Optional<AddressRange> gone = cidr(item);
            if (gone.isEmpty() || !cidr.get().contains(gone.get()) || gone.equals(cidr)) {
                problem(item, path + ".except must lie within " + block.get("cidr") + ", but holds " + item);
            }
            if (gone.isPresent()) {
                left = left.stream()
                        .flatMap(range -> range.without(gone.get()).stream())
                        .toList();
            }
        }
        return new Peer(path, peer, Kind.ADDRESSES, Optional.empty(), Selector.EVERYTHING, left);
    }

    private static Optional<AddressRange> cidr(Node node) {
        return node.text().filter(text -> text.contains("/")).flatMap(AddressRange::parse);
    }

    private Ports ports(Node list, String path) {
        if (list.isPresent() && !list.isArray()) {
            problem(list, path + " must be a list, but is " + list);
        }
        if (list.items().isEmpty()) {
            return Ports.ALL;
        }
        PortSet fixed = PortSet.NONE;
        List<Named> named = new ArrayList<>();
        for (int i = 0; i < list.items().size(); i++) {
            Node item = list.item(i);
            for (String field : item.fields().keySet()) {
                if (!Set.of("port", "protocol", "endPort").contains(field)) {
                    problem(item.get(field), path + "[" + i + "] has no field \"" + field + "\"");
                }
            }
            Optional<Protocol> protocol = protocol(item.get("protocol"));
            if (protocol.isEmpty() || item.isPresent() && !item.isObject()) {
                problem(item, path + "[" + i + "] names no protocol that we know: " + item);
                continue;
            }
            Node port = item.get("port");
            Node end = item.get("endPort");
            Optional<Port> range = range(protocol.get(), port, end);
            if (range.isPresent()) {
                fixed = fixed.union(PortSet.of(range.get()));
            } else if (isName(port) && end.isAbsent()) {
                named.add(new Named(port.textOr(""), protocol));
            } else {
                problem(item, path + "[" + i + "] is no port, no range and no port's name: " + item);
            }
        }
        return new Ports(fixed, named);
    }

    private static Optional<Protocol> protocol(Node node) {
        return switch (node.isAbsent() ? "TCP" : node.textOr("?")) {
            case "TCP" -> Optional.of(Protocol.TCP);
            case "UDP" -> Optional.of(Protocol.UDP);
            case "SCTP" -> Optional.of(Protocol.SCTP);
            default -> Optional.empty();
        };
    }

    private static Optional<Port> range(Protocol protocol, Node port, Node end) {
        if (port.isAbsent()) {
            return end.isAbsent() ? Optional.of(new Port(protocol, 1, 65535)) : Optional.empty();
        }
        int first = port.integer().orElse(-1);
        int last = end.isAbsent() ? first : end.integer().orElse(-1);
        return first < 1 || last < first || last > 65535
                ? Optional.empty()
                : Optional.of(new Port(protocol, first, last));
    }

    private static boolean isName(Node port) {
        return PORT_NAME.matcher(port.textOr("")).matches();
    }
}
