package io.zta.istio;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.network.AddressRange;
import io.zta.network.Connection;
import io.zta.network.PortSet;
import io.zta.network.Reachability;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Ports that no sidecar captures, because they are not TCP: mTLS and authorization never see what comes to them, and a
 * NetworkPolicy alone can close them. Looked at are those that a pod declares or a Service leads to.
 */
final class Uncaptured {
    private final Posture posture;
    private final Snapshot snapshot;

    Uncaptured(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.snapshot = snapshot;
    }

    /** Adds what reaches such a port of a pod past its sidecar. */
    void examine(Pod pod, ClaimResult.Collector collector) {
        if (pod.hostNetwork()) {
            return; // no sidecar there at all, which is said already
        }
        ports(pod).forEach((port, because) -> {
            if (allowed(pod, port)) {
                collector.assume("Whom the posture lets send " + port + " to " + pod.workload()
                        + " is checked by NetworkPolicies alone: the mesh does not see it.");
                return;
            }
            collector.cover(1);
            Reachability reach = Reachability.of(snapshot);
            Optional<String> from = reach.firstToReach(pod, port.protocol(), port.first())
                    .map(source -> "Pod " + source.display())
                    .or(() -> reach.externalRanges().stream()
                            .filter(range ->
                                    contains(reach.fromAddresses(range, pod).expected(), port))
                            .findFirst()
                            .map(AddressRange::toString));
            if (from.isPresent()) {
                collector.violatedBy(finding(pod, port, from.get(), because));
            } else {
                doubts(reach, pod, port).forEach(collector::doubt);
            }
        });
    }

    /** Why it can't be told whether somebody gets there; empty where nobody does. */
    private static Set<Doubt> doubts(Reachability reach, Pod pod, Port port) {
        Set<Doubt> doubts = new LinkedHashSet<>(reach.doubts());
        Stream<Connection> outside = reach.externalRanges().stream().map(range -> reach.fromAddresses(range, pod));
        Stream<Connection> inside = reach.pods().all().stream()
                .filter(source -> !source.equals(pod) && !source.hostNetwork())
                .map(source -> reach.between(source, pod));
        Stream.concat(outside, inside)
                .filter(connection -> contains(connection.possible(), port))
                .forEach(connection -> doubts.addAll(connection.reasons()));
        return doubts;
    }

    private static boolean contains(PortSet ports, Port port) {
        return ports.contains(port.protocol(), port.first());
    }

    private static Finding finding(Pod pod, Port port, String from, Evidence because) {
        return MeshFinding.UDP.of(
                Severity.ERROR,
                "Pod " + pod.display(),
                "takes " + port + " past its sidecar, without mTLS and whoever sends it",
                List.of(because),
                List.of(
                        Hop.of(from + " sends " + port + " to " + pod.display() + ", which its NetworkPolicies let in"),
                        Hop.of("the sidecar captures TCP alone, so it reaches the application", because)));
    }

    private Map<Port, Evidence> ports(Pod pod) {
        Map<Port, Evidence> ports = new TreeMap<>();
        for (Pod.ContainerPort port : pod.ports()) {
            protocol(port.protocol())
                    .ifPresent(protocol -> ports.putIfAbsent(
                            new Port(protocol, port.number(), port.number()),
                            Evidence.of(
                                    pod.resource(),
                                    "spec container " + port.container() + " ports",
                                    port.protocol() + " " + port.number())));
        }
        for (Resource service : snapshot.resources(GroupKind.SERVICE, pod.namespace())) {
            List<Node> items = service.spec().get("ports").items();
            for (int i = 0; Chains.selects(service, pod) && i < items.size(); i++) {
                Node item = items.get(i);
                String path = "spec.ports[" + i + "].protocol";
                protocol(item.get("protocol").textOr("TCP"))
                        .ifPresent(protocol -> Chains.target(item, pod, protocol.name())
                                .forEach(number -> ports.putIfAbsent(
                                        new Port(protocol, number, number),
                                        Evidence.of(service, path, item.get("protocol")))));
            }
        }
        return ports;
    }

    private static Optional<Port.Protocol> protocol(String name) {
        return Stream.of(Port.Protocol.UDP, Port.Protocol.SCTP)
                .filter(protocol -> protocol.name().equals(name))
                .findFirst();
    }

    private boolean allowed(Pod pod, Port port) {
        boolean gateway = posture.ports().stream().anyMatch(named -> covers(named, port));
        return gateway
                || posture.intents(Intent.Allow.class).stream()
                        .filter(allow -> pod.labels()
                                .entrySet()
                                .containsAll(allow.to().labels().entrySet()))
                        .flatMap(allow -> allow.ports().stream())
                        .anyMatch(named -> covers(named, port));
    }

    private static boolean covers(Port named, Port port) {
        return named.protocol() == port.protocol() && named.contains(port.first());
    }
}
