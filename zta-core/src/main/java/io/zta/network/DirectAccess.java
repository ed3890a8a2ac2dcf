package io.zta.network;

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
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges claim {@link Claim#DIRECT_ACCESS} on the network layer alone: what NetworkPolicies let through to a protected pod
 * beside the gateway and the allowed workloads, on any port of any protocol.
 */
final class DirectAccess {
    private final Posture posture;
    private final Snapshot snapshot;
    private final List<Doubt> doubts;
    private final Reachability reach;
    private final Optional<Gateway> gateway;

    DirectAccess(Posture posture, Snapshot snapshot, Strangers.Joined joined) {
        this.posture = posture;
        this.snapshot = snapshot;
        this.doubts = joined.doubts();
        this.reach = Reachability.of(joined.snapshot());
        this.gateway = posture.gateway();
    }

    ClaimResult examine(String namespace) {
        ClaimResult.Collector result = ClaimResult.collect(Claim.DIRECT_ACCESS, "namespace " + namespace)
                .assume("The network plugin enforces NetworkPolicies; a live probe can show it.")
                .because("no pod and no address beside the allowed ones is let through to any port");
        reach.doubts().forEach(result::doubt);
        doubts.forEach(result::doubt);
        reach.pods().unreadIn(namespace).stream().map(Doubt::ofPods).forEach(result::doubt);
        Probes probes = new Probes(reach);
        List<Pod> sources = reach.kinds(reach.pods().all()).stream()
                // A pod on the node's network is the node, which every plugin lets in: a declared exception.
                .filter(pod -> !Strangers.isNewcomer(pod) && !pod.hostNetwork())
                .toList();
        Strangers.judge(posture, namespace, reach, target -> judge(target, sources, result));
        for (Pod target : reach.pods().in(namespace)) {
            if (posture.protects(namespace, target.labels())) {
                probes.aimedAt(target).forEach(result::violatedBy);
            }
        }
        nodePorts(namespace).forEach(result::doubt);
        return result.result();
    }

    /** What comes in by a node's port may come with the node's address: no rule about sources can tell who it was. */
    private List<Doubt> nodePorts(String namespace) {
        List<Doubt> doubts = new ArrayList<>();
        for (Resource service : snapshot.resources(GroupKind.SERVICE, namespace)) {
            Map<String, String> labels = service.spec().get("selector").textMap();
            boolean leads = !labels.isEmpty()
                    && ServicePorts.hidesClients(service)
                    && reach.pods().in(namespace).stream()
                            .anyMatch(pod -> !Strangers.includes(pod)
                                    && posture.protects(namespace, pod.labels())
                                    && Selector.labels(labels).matches(pod.labels()));
            if (leads) {
                doubts.add(new Doubt(
                        service.display() + " takes traffic at the nodes for protected pods, and may hand it on with a"
                                + " node's address, which every policy lets in (NET-39)",
                        "set externalTrafficPolicy: Local, or lead clients through the gateway",
                        service.origin()));
            }
        }
        return doubts;
    }

    /** Whether the target was found closed, or unknown. */
    private boolean judge(Pod target, List<Pod> sources, ClaimResult.Collector result) {
        if (target.hostNetwork()) {
            result.cover(1)
                    .violatedBy(finding(
                            "ZTA-NET-002",
                            "NET-node",
                            target.resource(),
                            "shares the node's network, where no NetworkPolicy selects it",
                            List.of(Evidence.of(
                                    target.resource(),
                                    "spec.hostNetwork",
                                    target.spec().get("hostNetwork"))),
                            List.of(Hop.of("any pod connects to Pod " + target.display() + " by the node's address")),
                            "take hostNetwork out of the pod, or the pod out of the namespace"));
            return false;
        }
        Map<String, Finding> open = new LinkedHashMap<>();
        for (Pod source : sources) {
            if (reach.isShutTo(source, target)) { // most are, and nothing more is to be known of them
                result.cover(Strangers.covered(target));
            } else if (!source.equals(target)) {
                result.cover(Strangers.covered(target));
                check(
                        target,
                        source.display(),
                        (Strangers.includes(source) ? "worn " : disguised(source) ? "disguised " : "") + "Namespace "
                                + source.namespace(),
                        reach.between(source, target),
                        allowed(source, target),
                        open,
                        result);
                if (Strangers.includes(source)) {
                    anotherWay(source, target, result);
                }
            }
        }
        for (AddressRange range : reach.externalRanges()) {
            result.cover(Strangers.covered(target));
            check(target, range.toString(), "outside", reach.fromAddresses(range, target), PortSet.NONE, open, result);
        }
        open.values().forEach(result::violatedBy);
        return open.isEmpty();
    }

    /** What stops a pod that could be made at its own side alone: another label of it may be let out. */
    private void anotherWay(Pod source, Pod target, ClaimResult.Collector result) {
        PortSet allowed = allowed(source, target);
        PortSet stopped = reach.arriving(source, target)
                .possible()
                .minus(reach.between(source, target).possible())
                .minus(allowed);
        if (!stopped.isEmpty()) {
            result.doubt(Doubt.of(
                    "a pod like " + source.display() + " is let in to Pod " + target.display() + " on " + stopped
                            + ", and only what its own namespace lets out stops it, which other labels may escape",
                    "narrow what lets it in to the pods that may come"));
        }
    }

    private void check(
            Pod target,
            String from,
            String kind,
            Connection connection,
            PortSet allowed,
            Map<String, Finding> open,
            ClaimResult.Collector result) {
        PortSet excess = connection.sure().minus(allowed);
        if (!excess.isEmpty()) {
            String key = Strangers.isNewcomer(target) ? "any" : allowed.isEmpty() ? kind : "ports " + kind;
            open.computeIfAbsent(key, fresh -> opened(target, from, key, excess));
        } else if (!connection.possible().minus(allowed).isEmpty()) {
            connection.reasons().forEach(result::doubt);
        }
    }

    private Finding opened(Pod target, String from, String kind, PortSet ports) {
        Port port = ports.ranges().get(0);
        List<Hop> steps = new ArrayList<>();
        steps.add(Hop.of(from + " connects to Pod " + target.display() + " on " + ports));
        List<Evidence> evidence = new ArrayList<>();
        Port one = new Port(port.protocol(), port.first(), port.first());
        for (Hop step : reach.explain(from, target.display(), one).steps()) {
            steps.add(step);
            step.because().ifPresent(evidence::add);
        }
        if (evidence.isEmpty()) {
            evidence.add(
                    Evidence.of(target.resource(), "", "its NetworkPolicies, or their absence, let " + from + " in"));
        }
        if (Strangers.isNewcomer(target)) {
            return finding(
                    "ZTA-NET-006",
                    "NET-label",
                    target.resource(),
                    "would be open to " + from + " on " + ports + ": it wears no label that a policy selects by",
                    evidence,
                    steps,
                    "select every pod of the namespace with podSelector {}: whoever makes a pod or edits its labels"
                            + " leaves what is selected by label");
        }
        if (kind.startsWith("worn ")) {
            return finding(
                    "ZTA-NET-003",
                    "NET-spoof",
                    target.resource(),
                    "is open to whoever makes a pod like " + from + " on " + ports,
                    evidence,
                    steps,
                    "have the peer name the namespace by kubernetes.io/metadata.name and every label of its pods");
        }
        if (kind.startsWith("disguised ")) {
            return finding(
                    "ZTA-NET-003",
                    "NET-spoof",
                    target.resource(),
                    "is open to " + from + ", which wears the gateway's labels but runs as somebody else, on " + ports,
                    evidence,
                    steps,
                    "take the gateway's labels off that pod, and find out who put them there");
        }
        if (kind.startsWith("ports ")) {
            return finding(
                    "ZTA-NET-004",
                    "NET-ports",
                    target.resource(),
                    "is open to " + from + " on " + ports + ", which the posture does not allow it",
                    evidence,
                    steps,
                    "name the allowed ports and their protocol in the rules quoted as evidence");
        }
        return finding(
                "ZTA-NET-001",
                "NET-direct",
                target.resource(),
                "is open to " + from + " on " + ports,
                evidence,
                steps,
                "apply zta-default-deny, and narrow or delete the policies quoted as evidence");
    }

    private static Finding finding(
            String id,
            String bypass,
            Resource object,
            String title,
            List<Evidence> evidence,
            List<Hop> witness,
            String fix) {
        return new Finding(
                id,
                Severity.ERROR,
                bypass,
                object.display(),
                title,
                evidence,
                witness,
                fix,
                "docs/semantics/network.md");
    }

    private PortSet allowed(Pod source, Pod target) {
        PortSet ports = PortSet.NONE;
        if (wearsGateway(source) && !disguised(source)) {
            ports = ports.union(PortSet.of(
                    posture.ports().isEmpty()
                            ? List.of(
                                    Port.tcpRange(1, Posture.SIDECAR_PORTS.first() - 1),
                                    Port.tcpRange(Posture.SIDECAR_PORTS.last() + 1, 65535))
                            : posture.ports()));
        }
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            Optional<String> from = allow.from().namespace();
            boolean named = allow.to().namespaceOr(target.namespace()).equals(target.namespace())
                    && from.orElse(target.namespace()).equals(source.namespace())
                    && source.labels()
                            .entrySet()
                            .containsAll(allow.from().labels().entrySet())
                    && target.labels()
                            .entrySet()
                            .containsAll(allow.to().labels().entrySet());
            if (named) {
                ports = ports.union(allow.ports().isEmpty() ? PortSet.ALL : PortSet.of(allow.ports()));
            }
        }
        return ports;
    }

    private boolean wearsGateway(Pod source) {
        return gateway.filter(worn -> worn.namespace().equals(source.namespace())
                        && source.labels().entrySet().containsAll(worn.labels().entrySet())
                        && !source.hostNetwork())
                .isPresent();
    }

    private boolean runsAsGateway(Pod source) {
        return gateway.filter(worn -> worn.serviceAccount().equals(source.serviceAccount()))
                .isPresent();
    }

    /** Wears the gateway's labels beside the gateway itself, and runs as somebody else. */
    private boolean disguised(Pod source) {
        return wearsGateway(source)
                && !Strangers.includes(source)
                && !runsAsGateway(source)
                && reach.pods().in(source.namespace()).stream()
                        .anyMatch(other -> wearsGateway(other) && runsAsGateway(other));
    }
}
