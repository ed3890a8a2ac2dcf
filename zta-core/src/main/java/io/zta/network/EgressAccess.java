package io.zta.network;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.intent.Workload;
import io.zta.snapshot.Pod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges claim {@link Claim#EGRESS} on the network layer: what protected pods can open connections to beside the cluster's
 * DNS, the mesh's control plane and what the posture allows.
 */
final class EgressAccess {
    private static final PortSet DNS = PortSet.of(List.of(Port.udp(53), Port.tcp(53)));
    private static final PortSet CONTROL_PLANE = PortSet.of(Port.tcpRange(15010, 15014));

    private final Posture posture;
    private final List<Doubt> doubts;
    private final Reachability reach;

    EgressAccess(Posture posture, Strangers.Joined joined) {
        this.posture = posture;
        this.doubts = joined.doubts();
        this.reach = Reachability.of(joined.snapshot());
    }

    ClaimResult examine(String namespace) {
        ClaimResult.Collector result = ClaimResult.collect(Claim.EGRESS, "namespace " + namespace)
                .assume("The network plugin enforces NetworkPolicies; a live probe can show it.")
                .assume("Nobody but the platform makes pods labelled k8s-app=kube-dns in kube-system"
                        + " or app=istiod in istio-system.")
                .because("no connection to a pod or an address beside the allowed ones is let out");
        reach.doubts().forEach(result::doubt);
        doubts.forEach(result::doubt);
        reach.pods().unreadIn(namespace).stream().map(Doubt::ofPods).forEach(result::doubt);
        List<Pod> targets = reach.kinds(reach.pods().all()).stream()
                .filter(pod -> !Strangers.isNewcomer(pod))
                .toList();
        Strangers.judge(posture, namespace, reach, source -> judge(source, targets, result));
        return result.result();
    }

    /** Whether nothing but what is allowed was found open for sure. */
    private boolean judge(Pod source, Iterable<Pod> targets, ClaimResult.Collector result) {
        int covers = Strangers.covered(source);
        Map<String, Finding> open = new LinkedHashMap<>();
        for (Pod target : targets) {
            if (!target.equals(source)) {
                result.cover(covers);
                PortSet allowed = allowed(source, target);
                check(source, target.display(), reach.leaving(source, target), allowed, open, result);
            }
        }
        for (AddressRange range : reach.externalRanges()) {
            result.cover(covers);
            check(source, range.toString(), reach.toAddresses(source, range), allowed(range), open, result);
        }
        open.values().forEach(result::violatedBy);
        return open.isEmpty();
    }

    private void check(
            Pod source,
            String to,
            Connection connection,
            PortSet allowed,
            Map<String, Finding> open,
            ClaimResult.Collector result) {
        PortSet excess = connection.sure().minus(allowed);
        if (!excess.isEmpty()) {
            String kind = Strangers.isNewcomer(source)
                    ? "any"
                    : to.contains("/") ? "Namespace " + to.substring(0, to.indexOf('/')) : "outside";
            open.computeIfAbsent(kind, fresh -> opened(source, to, excess));
        } else if (!connection.possible().minus(allowed).isEmpty()) {
            connection.reasons().forEach(result::doubt);
        }
    }

    private Finding opened(Pod source, String to, PortSet ports) {
        List<Hop> steps = new ArrayList<>();
        steps.add(Hop.of("Pod " + source.display() + " connects to " + to + " on " + ports));
        List<Evidence> evidence = new ArrayList<>();
        for (Hop step : reach.leaving(source, to)) {
            steps.add(step);
            step.because().ifPresent(evidence::add);
        }
        if (evidence.isEmpty()) {
            evidence.add(Evidence.of(
                    source.resource(), "", "its NetworkPolicies, or their absence, let it connect to " + to));
        }
        boolean newcomer = Strangers.isNewcomer(source);
        return new Finding(
                "ZTA-NET-020",
                Severity.ERROR,
                newcomer ? "NET-label" : "",
                source.resource().display(),
                (newcomer ? "wears no label that a policy selects by, and could connect to " : "can connect to ")
                        + (Strangers.isNamed(to) ? "whoever makes a pod like " : "") + to + " on " + ports,
                evidence,
                steps,
                newcomer
                        ? "select every pod of the namespace with podSelector {}"
                        : "apply zta-egress-default-deny, and narrow or delete the policies quoted as evidence",
                "docs/semantics/network.md");
    }

    private PortSet allowed(Pod source, Pod target) {
        PortSet ports = PortSet.NONE;
        if (!target.hostNetwork()) {
            if (target.namespace().equals("kube-system")
                    && target.labels().getOrDefault("k8s-app", "").equals("kube-dns")) {
                ports = ports.union(DNS);
            }
            if (target.namespace().equals("istio-system")
                    && target.labels().getOrDefault("app", "").equals("istiod")) {
                ports = ports.union(CONTROL_PLANE);
            }
            for (Intent.AllowTo allow : posture.intents(Intent.AllowTo.class)) {
                if (meant(allow.to(), source.namespace(), target)) {
                    ports = ports.union(all(allow.ports()));
                }
            }
            for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
                if (posture.protects(target.namespace(), target.labels())
                        && meant(allow.to(), target.namespace(), target)
                        && meant(allow.from(), target.namespace(), source)) {
                    ports = ports.union(all(allow.ports()));
                }
            }
        }
        for (String ip : target.ips()) {
            Optional<AddressRange> one = AddressRange.parse(ip);
            if (one.isPresent()) {
                ports = ports.union(allowed(one.get()));
            }
        }
        return ports;
    }

    private static boolean meant(Workload workload, String own, Pod pod) {
        return workload.namespaceOr(own).equals(pod.namespace())
                && pod.labels().entrySet().containsAll(workload.labels().entrySet());
    }

    private PortSet allowed(AddressRange range) {
        PortSet ports = PortSet.NONE;
        for (Intent.AllowToAddresses allow : posture.intents(Intent.AllowToAddresses.class)) {
            boolean within = AddressRange.parse(allow.cidr())
                    .filter(cidr -> cidr.contains(range))
                    .isPresent();
            if (within) {
                ports = ports.union(all(allow.ports()));
            }
        }
        return ports;
    }

    private static PortSet all(List<Port> ports) {
        return ports.isEmpty() ? PortSet.ALL : PortSet.of(ports);
    }
}
