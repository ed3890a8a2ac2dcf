package io.zta.network;

import io.zta.Posture;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Gateway;
import io.zta.network.Policy.Tier;
import io.zta.network.Rule.Peer;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Policies that don't do what they say, and what a posture's network layer can't close: peers and selectors that match
 * nothing, a gateway looked for in the wrong namespace, labels that anyone may edit, pods beside every policy.
 */
final class NetworkNotes {
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";
    private static final String RULES = "docs/semantics/network.md";

    private final Posture posture;
    private final Reachability reach;
    private final List<Finding> findings = new ArrayList<>();

    NetworkNotes(Posture posture, Reachability reach) {
        this.posture = posture;
        this.reach = reach;
    }

    List<Finding> findings() {
        findings.clear();
        for (Policy policy : reach.policies()) {
            if (policy.tier() == Tier.UNLISTED) {
                continue; // the policy itself is here too
            }
            if (policy.tier() != Tier.NETWORK_POLICY) {
                tier(policy);
            } else if (posture.namespaces().contains(policy.resource().namespace())) {
                subject(policy);
                peers(policy, Direction.INGRESS);
                peers(policy, Direction.EGRESS);
            }
        }
        unprotected();
        onTheNode();
        probes();
        return List.copyOf(findings);
    }

    // --- the pods a policy is for ---------------------------------------------------------------------------------

    private void subject(Policy policy) {
        Resource object = policy.resource();
        Node selector = object.spec().get("podSelector");
        if (policy.pods().isEverything() || policy.pods().unreadable().isPresent()) {
            return;
        }
        long[] selected = reach.universe().select(policy.namespaces(), object.namespace(), policy.pods());
        Evidence evidence = Evidence.of(object, "spec.podSelector", selector);
        if (Bits.isEmpty(selected)) {
            add(
                    "ZTA-NET-010",
                    Severity.WARNING,
                    "",
                    object,
                    "selects no pod of namespace " + object.namespace() + ", so it does nothing",
                    evidence,
                    List.of(),
                    "select the pods by labels they wear, or take the policy away",
                    "NET-32");
            return;
        }
        boolean ours =
                posture.workloads().labels().keySet().containsAll(policy.pods().keys());
        if (!ours && policy.rules(Direction.INGRESS).isPresent()) {
            for (Pod pod : reach.pods().in(object.namespace())) {
                if (!pod.hostNetwork()
                        && posture.protects(pod.namespace(), pod.labels())
                        && noneSelects(pod, Direction.INGRESS)) {
                    add(
                            "ZTA-NET-014",
                            Severity.WARNING,
                            "NET-label",
                            object,
                            "covers pods by a label that whoever may edit pods may take off",
                            evidence,
                            List.of(
                                    Hop.of("the policy selects only pods that wear its labels", evidence),
                                    Hop.of("Pod " + pod.display() + " does not, no other policy selects it, and all is"
                                            + " let in")),
                            "select every pod of the namespace with podSelector {}",
                            "NET-36");
                    return;
                }
            }
        }
    }

    private boolean noneSelects(Pod pod, Direction direction) {
        return reach.rows().selecting(reach.classOf(pod)).stream()
                .noneMatch(policy -> policy.rules(direction).isPresent());
    }

    // --- peers ----------------------------------------------------------------------------------------------------

    private void peers(Policy policy, Direction direction) {
        for (Rule rule : policy.rules(direction).orElse(List.of())) {
            for (Peer peer : rule.peers()) {
                if (peer.kind() == Peer.Kind.PODS) {
                    peer(policy, peer, direction);
                }
            }
        }
    }

    private void peer(Policy policy, Peer peer, Direction direction) {
        Resource object = policy.resource();
        boolean matches = !Bits.isEmpty(reach.matcher().match(policy, peer).best());
        Evidence evidence = Evidence.of(object, peer.path(), peer.node());
        if (direction == Direction.INGRESS && missesGateway(object, peer)) {
            Gateway gateway = posture.gateway().orElseThrow();
            add(
                    "ZTA-NET-011",
                    Severity.WARNING,
                    "NET-spoof",
                    object,
                    "looks for the gateway in namespace " + object.namespace() + " instead of " + gateway.namespace()
                            + (matches ? "" : ", where no pod matches"),
                    evidence,
                    List.of(
                            Hop.of(
                                    "a podSelector without a namespaceSelector means the policy's own namespace",
                                    evidence),
                            Hop.of("gateway " + gateway + " is not let in by it; any pod of " + object.namespace()
                                    + " that wears these labels is")),
                    "in the same item add namespaceSelector {matchLabels: {" + NAMESPACE_NAME + ": "
                            + gateway.namespace() + "}}",
                    "NET-12");
            return;
        }
        if (peer.namespaces().isPresent() && namespaces(object, peer, evidence)) {
            return;
        }
        if (!matches) {
            add(
                    "ZTA-NET-013",
                    Severity.NOTE,
                    "",
                    object,
                    "names a peer that no pod of the snapshot is",
                    evidence,
                    List.of(),
                    "correct the labels, or take the peer away: whoever makes such a pod is let through",
                    "NET-33");
        }
    }

    private boolean missesGateway(Resource object, Peer peer) {
        return posture.gateway()
                .filter(gateway -> peer.namespaces().isEmpty()
                        && !gateway.namespace().equals(object.namespace())
                        && !peer.pods().isEverything()
                        && peer.pods().unreadable().isEmpty()
                        && peer.pods().matches(gateway.labels()))
                .isPresent();
    }

    /** Whether something about the namespaces was found. */
    private boolean namespaces(Resource object, Peer peer, Evidence evidence) {
        Selector selector = peer.namespaces().orElse(Selector.EVERYTHING);
        if (selector.isEverything()
                || selector.unreadable().isPresent()
                || selector.keys().contains(NAMESPACE_NAME)) {
            return false;
        }
        boolean worn = reach.snapshot().namespaces().stream()
                .anyMatch(name -> selector.matches(reach.snapshot().namespaceLabels(name)));
        String labels = String.join(", ", selector.keys());
        boolean wholeNamespace = peer.pods().isEverything();
        if (!worn) {
            add(
                    "ZTA-NET-012",
                    Severity.WARNING,
                    "NET-spoof",
                    object,
                    "names namespaces by a label that none carries: " + labels,
                    evidence,
                    List.of(
                            Hop.of("no namespace of the snapshot matches, so the peer lets nobody in", evidence),
                            Hop.of("whoever may label or make a namespace lets "
                                    + (wholeNamespace ? "every pod of it" : "pods of it") + " in")),
                    "name the namespace by " + NAMESPACE_NAME + ", which the API server sets on every one",
                    "NET-34");
        } else {
            add(
                    "ZTA-NET-015",
                    Severity.WARNING,
                    "NET-spoof",
                    object,
                    "names namespaces by a label that whoever may edit namespaces may set: " + labels,
                    evidence,
                    List.of(Hop.of(
                            "whoever may label or make a namespace lets "
                                    + (wholeNamespace ? "every pod of it" : "pods of it") + " in",
                            evidence)),
                    "name the namespace by " + NAMESPACE_NAME + ", which the API server sets on every one",
                    "NET-35");
        }
        return true;
    }

    // --- beside NetworkPolicy -------------------------------------------------------------------------------------

    /** A policy of another tier that selects a protected pod. */
    private void tier(Policy policy) {
        for (Pod pod : reach.pods().all()) {
            if (posture.protects(pod.namespace(), pod.labels())
                    && reach.rows().selecting(reach.classOf(pod)).contains(policy)) {
                boolean foreign = policy.tier() == Tier.FOREIGN;
                add(
                        "ZTA-NET-016",
                        Severity.WARNING,
                        "NET-tier",
                        policy.resource(),
                        foreign
                                ? "is of a kind that is not evaluated and selects Pod " + pod.display()
                                : "decides " + (policy.tier() == Tier.ADMIN ? "before" : "after")
                                        + " every NetworkPolicy for Pod " + pod.display(),
                        Evidence.of(policy.resource(), "spec", foreign ? "not evaluated" : "evaluated by its tier"),
                        List.of(),
                        "name the network plugin, or take the policy away; keep its kind under the platform's control",
                        "NET-29");
                return;
            }
        }
    }

    /** Pods of a protected namespace that the posture leaves out by label. */
    private void unprotected() {
        Map<String, String> labels = posture.workloads().labels();
        if (labels.isEmpty()) {
            return;
        }
        for (String namespace : posture.namespaces()) {
            for (Pod pod : reach.pods().in(namespace)) {
                if (!posture.protects(namespace, pod.labels())) {
                    add(
                            "ZTA-NET-017",
                            Severity.WARNING,
                            "NET-label",
                            pod.resource(),
                            "is not protected: it does not wear " + labels,
                            Evidence.of(
                                    pod.resource(),
                                    "metadata.labels",
                                    new java.util.TreeMap<>(pod.labels()).toString()),
                            List.of(Hop.of("whoever may edit a pod's labels takes it out of the posture")),
                            "leave onlyWorkloads(..) out, so that every pod of the namespace is protected",
                            "NET-36");
                    break;
                }
            }
        }
    }

    /** One note for each workload on the node's network outside kube-system: every policy lets the node in. */
    private void onTheNode() {
        Map<String, Pod> workloads = new LinkedHashMap<>();
        for (Pod pod : reach.pods().all()) {
            if (pod.hostNetwork() && !pod.namespace().equals("kube-system")) {
                workloads.putIfAbsent(pod.workload().toString(), pod);
            }
        }
        workloads
                .values()
                .forEach(pod -> add(
                        "ZTA-NET-018",
                        Severity.WARNING,
                        "NET-node",
                        pod.resource(),
                        "shares the node's network, which every policy lets in to the pods of that node",
                        Evidence.of(
                                pod.resource(), "spec.hostNetwork", pod.spec().get("hostNetwork")),
                        List.of(),
                        "take hostNetwork out, or keep who may make such pods within the trusted base; Pod Security"
                                + " baseline refuses it",
                        "NET-20"));
    }

    /** Probes with a host that is none of the protected pods': the target may be another tomorrow. */
    private void probes() {
        for (Probes.Call call : new Probes(reach).calls()) {
            String host = call.host().textOr("");
            if (host.equals("localhost")
                    || host.startsWith("127.")
                    || call.pod().ips().contains(host)) {
                continue;
            }
            add(
                    "ZTA-NET-019",
                    Severity.WARNING,
                    "NET-probe",
                    call.pod().resource(),
                    "has the kubelet call " + host + ": every policy lets the node in",
                    Evidence.of(call.pod().resource(), call.path(), call.host()),
                    List.of(),
                    "take host out of the probe; enforce Pod Security baseline of 1.34 or later in namespace "
                            + call.pod().namespace(),
                    "NET-31");
        }
    }

    private void add(
            String id,
            Severity severity,
            String bypass,
            Resource object,
            String title,
            Evidence evidence,
            List<Hop> witness,
            String fix,
            String rule) {
        findings.add(new Finding(
                id, severity, bypass, object.display(), title, List.of(evidence), witness, fix, rule + ", " + RULES));
    }
}
