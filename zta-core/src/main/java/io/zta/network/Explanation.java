package io.zta.network;

import io.zta.finding.Evidence;
import io.zta.finding.Hop;
import io.zta.intent.Port;
import io.zta.network.Policy.Tier;
import io.zta.network.Rule.Peer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What decides one connection, object by object. Immutable.
 *
 * @param from who connects, as resolved
 * @param to to whom, as resolved
 * @param port the port of the destination pod, after a Service was translated
 * @param connection what can pass on every port
 * @param state the answer
 * @param steps the policies and fields in play, the side of the source first
 */
public record Explanation(
        String from, String to, Port port, Connection connection, Connection.State state, List<Hop> steps) {
    public Explanation {
        steps = List.copyOf(steps);
    }

    /** One end: a pod, or addresses. */
    private record End(Optional<Pod> pod, Optional<AddressRange> addresses) {
        boolean isOnePodWith(End other) {
            return pod.isPresent() && pod.equals(other.pod) && !pod.get().fromTemplate();
        }

        String name() {
            return pod.map(p -> "Pod " + p.display())
                    .orElseGet(() -> addresses.map(Object::toString).orElse("?"));
        }
    }

    /** One for each pair of pods that the names stand for: the pods of a workload need not be alike. */
    static List<Explanation> each(Reachability reach, String from, String to, Port port) {
        List<Explanation> all = new ArrayList<>();
        List<End> sources = ends(reach, from);
        Optional<Resource> service = service(reach, to, port);
        if (service.isEmpty()) {
            List<End> targets = ends(reach, to);
            boolean several = sources.size() > 1 || targets.size() > 1;
            for (End source : sources) {
                for (End target : targets) {
                    if (!several || !source.isOnePodWith(target)) { // its loopback says nothing of the others
                        all.add(of(reach, source, target, port, new ArrayList<>()));
                    }
                }
            }
            return all;
        }
        Resource found = service.get();
        List<ServicePorts.Target> behind =
                ServicePorts.targets(found, port, reach.pods().all());
        if (behind.isEmpty()) {
            throw new IllegalArgumentException(found.display() + " has no port " + port + " with a pod behind it.");
        }
        for (End source : sources) {
            for (ServicePorts.Target target : behind) {
                End pod = new End(Optional.of(target.pod()), Optional.empty());
                Hop way = Hop.of(
                        "the Service leads " + port + " to " + target.port() + " of " + pod.name(),
                        Evidence.of(found, "spec.ports", found.spec().get("ports")));
                all.add(of(reach, source, pod, target.port(), new ArrayList<>(List.of(way))));
            }
        }
        return all;
    }

    private static Explanation of(Reachability reach, End source, End target, Port port, List<Hop> steps) {
        Connection connection = connect(reach, source, target);
        source.pod().ifPresent(pod -> side(reach, pod, target, Direction.EGRESS, steps));
        target.pod().ifPresent(pod -> side(reach, pod, source, Direction.INGRESS, steps));
        return new Explanation(
                source.name(), target.name(), port, connection, connection.state(port.protocol(), port.first()), steps);
    }

    /** The side of the source alone. */
    static List<Hop> leaving(Reachability reach, Pod from, String to) {
        List<Hop> steps = new ArrayList<>();
        side(reach, from, ends(reach, to).get(0), Direction.EGRESS, steps);
        return steps;
    }

    private static Connection connect(Reachability reach, End source, End target) {
        if (source.pod().isPresent() && target.pod().isPresent()) {
            return reach.between(source.pod().get(), target.pod().get());
        } else if (source.pod().isPresent()) {
            return reach.toAddresses(source.pod().get(), target.addresses().orElse(AddressRange.ALL_V4));
        } else if (target.pod().isPresent()) {
            return reach.fromAddresses(
                    source.addresses().orElse(AddressRange.ALL_V4), target.pod().get());
        }
        throw new IllegalArgumentException("Both ends are addresses; name a pod or a workload for one of them.");
    }

    /** The Service meant: where a workload has its name as well, the one of the two that has the port. */
    private static Optional<Resource> service(Reachability reach, String name, Port port) {
        String plain = name.endsWith("[Service]") ? name.substring(0, name.length() - "[Service]".length()) : name;
        String[] parts = plain.split("/", -1);
        if (parts.length != 2 || !plain.equals(name) && parts[1].isEmpty()) {
            return Optional.empty();
        }
        boolean asked = !plain.equals(name);
        List<Pod> pods =
                reach.pods().all().stream().filter(pod -> named(pod, name)).toList();
        Optional<Resource> service = reach.snapshot().find(GroupKind.SERVICE, parts[0], parts[1]);
        boolean declared = pods.stream()
                .flatMap(pod -> pod.ports().stream())
                .anyMatch(known -> known.number() == port.first()
                        && known.protocol().equals(port.protocol().name()));
        boolean served = service.stream()
                .flatMap(found -> found.spec().get("ports").items().stream())
                .anyMatch(known -> known.get("port").integer().orElse(0) == port.first());
        return asked || pods.isEmpty() || !declared && served ? service : Optional.empty();
    }

    private static boolean named(Pod pod, String name) {
        String namespace = pod.namespace();
        boolean within = name.length() > namespace.length()
                && name.charAt(namespace.length()) == '/'
                && name.startsWith(namespace);
        if (!within) { // most pods need not be asked further
            return false;
        }
        return pod.display().equals(name)
                || pod.workload().toString().equals(name)
                || (pod.workload().namespace() + "/" + pod.workload().name()).equals(name);
    }

    /** The pod of that name, or else the pods of the workload, or else the addresses. */
    private static List<End> ends(Reachability reach, String name) {
        List<End> workload = new ArrayList<>();
        for (Pod pod : reach.pods().all()) {
            if (!named(pod, name)) {
                continue;
            }
            End end = new End(Optional.of(pod), Optional.empty());
            if (pod.display().equals(name) && !pod.fromTemplate()) {
                return List.of(end);
            }
            workload.add(end);
        }
        if (!workload.isEmpty()) {
            return workload;
        }
        Optional<AddressRange> range = AddressRange.parse(name);
        if (range.isPresent()) {
            return List.of(new End(Optional.empty(), range));
        }
        throw new IllegalArgumentException("There is no pod, workload or address \"" + name
                + "\". Name a pod or workload as NAMESPACE/NAME, or addresses as 203.0.113.0/24.");
    }

    private static void side(Reachability reach, Pod pod, End other, Direction direction, List<Hop> steps) {
        String what = direction == Direction.EGRESS ? "leaves " : "enters ";
        if (pod.hostNetwork()) {
            steps.add(Hop.of(
                    what + "Pod " + pod.display() + " freely: it shares the node's network",
                    Evidence.of(pod.resource(), "spec.hostNetwork", pod.spec().get("hostNetwork"))));
            return;
        }
        List<Policy> policies = reach.rows().selecting(reach.classOf(pod)).stream()
                .filter(policy -> policy.rules(direction).isPresent() || !policy.isReadable())
                .toList();
        List<Policy> isolating = policies.stream()
                .filter(policy -> policy.tier() == Tier.NETWORK_POLICY)
                .toList();
        if (isolating.isEmpty()) {
            boolean tiers = policies.stream().anyMatch(Policy::isOfTier);
            steps.add(Hop.of(what + "Pod " + pod.display() + ": no NetworkPolicy selects it for " + direction.field()
                    + (tiers ? ", so what no tier decides is let through" : ", so all is let through")));
        }
        for (Policy policy : policies) {
            if (!policy.isReadable()) {
                policy.problems()
                        .forEach(problem -> steps.add(Hop.of(
                                what + "Pod " + pod.display() + ": unknown",
                                Evidence.of(policy.resource(), "", problem.reason()))));
            }
            if (policy.tier() == Tier.BASELINE && isolating.stream().anyMatch(Policy::isReadable)) {
                steps.add(Hop.of(policy.resource().display() + " has no say in " + direction.field()
                        + " where a NetworkPolicy selects Pod " + pod.display()));
                continue;
            }
            String unlisted = policy.tier() == Tier.UNLISTED ? ", which its policyTypes leaves out: unknown" : "";
            steps.add(Hop.of(
                    policy.resource().display() + " selects Pod " + pod.display() + " for " + direction.field()
                            + unlisted,
                    Evidence.of(
                            policy.resource(),
                            policy.isOfTier() ? "spec.subject" : "spec.podSelector",
                            policy.resource().spec().get(policy.isOfTier() ? "subject" : "podSelector"))));
            for (Rule rule : policy.rules(direction).orElse(List.of())) {
                matching(reach, policy, rule, other)
                        .ifPresent(peer -> steps.add(Hop.of(
                                verb(rule) + " " + other.name() + " on " + portsOf(rule),
                                Evidence.of(policy.resource(), peer, value(rule, peer)))));
            }
        }
    }

    private static String verb(Rule rule) {
        return switch (rule.action()) {
            case ALLOW -> "lets";
            case DENY -> "denies";
            case PASS -> "passes on";
        };
    }

    private static String portsOf(Rule rule) {
        String names = String.join(
                ", ", rule.ports().named().stream().map(Rule.Named::name).toList());
        return names.isEmpty()
                ? rule.ports().fixed().toString()
                : rule.ports().fixed().isEmpty()
                        ? "port " + names
                        : rule.ports().fixed() + ", port " + names;
    }

    private static Node value(Rule rule, String path) {
        return rule.peers().stream()
                .filter(peer -> peer.path().equals(path))
                .map(Peer::node)
                .findFirst()
                .orElse(rule.node());
    }

    private static Optional<String> matching(Reachability reach, Policy policy, Rule rule, End other) {
        if (rule.everyone()) {
            return Optional.of(rule.path());
        }
        for (Peer peer : rule.peers()) {
            long[] ends = reach.matcher().match(policy, peer).best();
            boolean matches = other.pod()
                    .map(pod -> Bits.has(ends, reach.classOf(pod)))
                    .orElseGet(() -> matches(reach, ends, other.addresses().orElse(AddressRange.ALL_V4)));
            if (matches) {
                return Optional.of(peer.path());
            }
        }
        return Optional.empty();
    }

    private static boolean matches(Reachability reach, long[] ends, AddressRange range) {
        List<AddressRange> pieces = reach.externalRanges();
        for (int i = 0; i < pieces.size(); i++) {
            if (pieces.get(i).overlaps(range) && Bits.has(ends, reach.universe().classCount() + i)) {
                return true;
            }
        }
        return false;
    }
}
