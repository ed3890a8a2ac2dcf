package io.zta.verify.proof;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.istio.MeshTraffic;
import io.zta.network.Connection;
import io.zta.network.Explanation;
import io.zta.network.Reachability;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The claim that allowed traffic still works: the gateway, and each allowed peer, opens connections to every protected pod
 * that serves something, and the sidecar lets its requests through. A posture that blocks everything closes every way in and
 * fails here. Pure.
 */
public final class LegitimateTraffic {
    private static final String NOT_THERE =
            "A snapshot is the whole cluster: name the gateway or peer as it is installed, or add it to the snapshot";

    private final Posture posture;
    private final Snapshot snapshot;
    private final Reachability reach;

    private LegitimateTraffic(Posture posture, Snapshot snapshot) {
        this.posture = posture;
        this.snapshot = snapshot;
        this.reach = Reachability.of(snapshot);
    }

    /** Evaluates the claim, one result for each namespace of the posture; network policies are judged for any plugin. */
    public static List<ClaimResult> examine(Posture posture, Snapshot snapshot) {
        LegitimateTraffic traffic = new LegitimateTraffic(posture, snapshot);
        return posture.namespaces().stream().map(traffic::namespace).toList();
    }

    private ClaimResult namespace(String namespace) {
        ClaimResult.Collector collector = ClaimResult.collect(Claim.LEGITIMATE_TRAFFIC, "namespace " + namespace);
        collector.assume("Applications answer on the ports that Services lead to, and routes lead the gateway there.");
        Map<String, Finding> blocked = new LinkedHashMap<>();
        for (Pod target : reach.pods().in(namespace)) {
            if (posture.protects(namespace, target.labels()) && !target.ended() && !target.hostNetwork()) {
                Set<Integer> served = served(target);
                gateway(target, served, collector, blocked);
                for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
                    allow(allow, target, served, collector, blocked);
                }
            }
        }
        blocked.values().forEach(collector::violatedBy);
        MeshTraffic.examine(posture, snapshot, namespace, collector);
        collector.because(
                "network policies and sidecars let the gateway and every allowed peer in on the ports they need");
        return collector.result();
    }

    /** The pod's ports that Services lead to; those its containers declare where no Service selects it. */
    private Set<Integer> served(Pod target) {
        Set<Integer> ports = new TreeSet<>(MeshTraffic.served(snapshot, target));
        if (ports.isEmpty()) {
            target.ports().stream()
                    .filter(port -> port.protocol().equals("TCP")
                            && !port.container().equals("istio-proxy")
                            && !Posture.SIDECAR_PORTS.contains(port.number()))
                    .forEach(port -> ports.add(port.number()));
        }
        return ports;
    }

    private void gateway(
            Pod target, Set<Integer> served, ClaimResult.Collector collector, Map<String, Finding> blocked) {
        if (posture.gateway().isEmpty()) {
            return;
        }
        Gateway gateway = posture.gateway().get();
        List<Pod> pods = MeshTraffic.pods(reach.pods(), gateway);
        boolean itself = pods.stream().allMatch(pod -> pod.serviceAccount().equals(gateway.serviceAccount()));
        for (int port : served) {
            boolean meant = posture.ports().isEmpty()
                    ? !Posture.SIDECAR_PORTS.contains(port)
                    : contains(posture.ports(), Port.Protocol.TCP, port);
            if (!meant) {
                continue;
            }
            if (pods.isEmpty()) {
                collector.doubt(Doubt.of(
                        "the snapshot has no pod of the gateway " + gateway + " (labels " + gateway.labels()
                                + "), so whether it gets in can't be told",
                        NOT_THERE));
            } else if (!itself) {
                collector.doubt(Doubt.of(
                        "no pod with the labels of the gateway " + gateway + " runs as its service account "
                                + gateway.serviceAccount() + ": who wears its labels need not be the gateway",
                        NOT_THERE));
            }
            for (Pod pod : pods) {
                check("the gateway", pod, target, Port.tcp(port), collector, blocked);
            }
        }
    }

    private void allow(
            Intent.Allow allow,
            Pod target,
            Set<Integer> served,
            ClaimResult.Collector collector,
            Map<String, Finding> blocked) {
        if (!target.labels().entrySet().containsAll(allow.to().labels().entrySet())) {
            return;
        }
        List<Pod> pods = wearing(
                        allow.from().namespaceOr(target.namespace()),
                        allow.from().labels())
                .stream()
                .filter(pod -> !pod.equals(target)
                        && allow.from()
                                .serviceAccount()
                                .map(pod.serviceAccount()::equals)
                                .orElse(true))
                .toList();
        if (pods.isEmpty()) {
            collector.assume("No pod of " + allow.from() + " is in the snapshot; whether one gets in is not judged.");
        }
        Set<Port> ports = new LinkedHashSet<>();
        served.stream()
                .filter(port -> allow.ports().isEmpty() || contains(allow.ports(), Port.Protocol.TCP, port))
                .forEach(port -> ports.add(Port.tcp(port)));
        allow.ports().stream()
                .filter(port -> port.protocol() != Port.Protocol.TCP)
                .forEach(port -> ports.add(new Port(port.protocol(), port.first(), port.first())));
        for (Port port : ports) {
            for (Pod pod : pods) {
                check("an allowed peer", pod, target, port, collector, blocked);
            }
        }
    }

    private List<Pod> wearing(String namespace, Map<String, String> labels) {
        return reach.pods().in(namespace).stream()
                .filter(pod -> !pod.ended() && pod.labels().entrySet().containsAll(labels.entrySet()))
                .toList();
    }

    private static boolean contains(List<Port> ports, Port.Protocol protocol, int number) {
        return ports.stream().anyMatch(port -> port.protocol() == protocol && port.contains(number));
    }

    private void check(
            String who,
            Pod from,
            Pod target,
            Port port,
            ClaimResult.Collector collector,
            Map<String, Finding> blocked) {
        collector.cover(1);
        Connection connection = reach.between(from, target);
        switch (connection.state(port.protocol(), port.first())) {
            case ALLOWED -> {}
            case UNKNOWN -> connection.reasons().forEach(collector::doubt);
            case DENIED ->
                blocked.computeIfAbsent(
                        from.workload() + " " + target.workload() + " " + port, key -> cut(who, from, target, port));
        }
    }

    private Finding cut(String who, Pod from, Pod target, Port port) {
        Explanation explanation = reach.explain(from.display(), target.display(), port);
        List<Hop> steps = new ArrayList<>();
        steps.add(Hop.of("Pod " + from.display() + " connects to Pod " + target.display() + " on " + port));
        steps.addAll(explanation.steps());
        List<Evidence> evidence = explanation.steps().stream()
                .flatMap(step -> step.because().stream())
                .toList();
        return new Finding(
                "ZTA-NET-040",
                Severity.ERROR,
                "",
                target.resource().display(),
                "is cut off from " + who + " Pod " + from.display() + " on " + port + " by network policies",
                evidence.isEmpty()
                        ? List.of(Evidence.of(target.resource(), "", "the policies that select it allow no such peer"))
                        : evidence,
                steps,
                "name the peer in one `from` item by namespaceSelector {kubernetes.io/metadata.name: "
                        + from.namespace() + "} and podSelector, with the pod's port",
                "docs/semantics/network.md");
    }
}
