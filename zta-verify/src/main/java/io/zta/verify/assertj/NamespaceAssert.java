package io.zta.verify.assertj;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.intent.Gateway;
import io.zta.intent.Subject;
import io.zta.intent.Workload;
import io.zta.network.Connection;
import io.zta.network.Reach;
import io.zta.network.Reachability;
import io.zta.rbac.Action;
import io.zta.rbac.ControlPlane;
import io.zta.rbac.Rbac;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.WorkloadRef;
import io.zta.verify.Verifier;
import io.zta.verify.render.TextReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractAssert;

/** Asserts on one namespace of a snapshot. */
public final class NamespaceAssert extends AbstractAssert<NamespaceAssert, Snapshot> {
    private static final int SHOWN = 10;

    private final String namespace;

    NamespaceAssert(Snapshot actual, String namespace) {
        super(actual, NamespaceAssert.class);
        this.namespace = namespace;
    }

    /**
     * Verifies that network policies let nothing into the namespace's pods but the gateway and the peers named. Nodes, and
     * pods that share a node's network, are not counted: no policy keeps out the node a pod runs on.
     *
     * @throws AssertionError if anything else gets in or may, or if the namespace has no pod to look at
     */
    public NamespaceAssert isReachableOnlyFrom(Gateway gateway, Workload... peers) {
        return reachableOnlyFrom(
                gateway + (peers.length == 0 ? "" : " and " + Arrays.toString(peers)),
                pod -> pod.namespace().equals(gateway.namespace()) && wears(pod, gateway.labels())
                        || Stream.of(peers).anyMatch(peer -> isOne(pod, peer)));
    }

    /**
     * Verifies that network policies let nothing into the namespace's pods but the peers named.
     *
     * @throws AssertionError if anything else gets in or may, or if the namespace has no pod to look at
     */
    public NamespaceAssert isReachableOnlyFrom(Workload... peers) {
        return reachableOnlyFrom(Arrays.toString(peers), pod -> Stream.of(peers).anyMatch(peer -> isOne(pod, peer)));
    }

    private NamespaceAssert reachableOnlyFrom(String named, Predicate<Pod> allowed) {
        Reachability reachability = Reachability.of(actual);
        Map<String, List<Pod>> workloads = new HashMap<>();
        for (Map.Entry<WorkloadRef, List<Pod>> entry :
                reachability.pods().byWorkload().entrySet()) {
            workloads.put(entry.getKey().toString(), entry.getValue());
        }
        if (reachability.pods().in(namespace).isEmpty()) {
            failWithMessage("%s", "namespace " + namespace + " has no pod, so nothing was checked");
        }
        List<String> open = new ArrayList<>();
        Reach reach = Reach.of(reachability);
        for (Reach.Row row : reach.rows()) {
            boolean fits = workloads.containsKey(row.src())
                    && workloads.get(row.src()).stream().allMatch(allowed.or(Pod::hostNetwork));
            if (row.dst().startsWith(namespace + "/") && !fits) {
                open.add(row.src() + " reaches " + row.dst() + " on " + row.conn());
            }
        }
        if (open.isEmpty() && !(reach.notes().isEmpty() && actual.damages().isEmpty())) {
            unsure(reachability, allowed, open);
        }
        if (!open.isEmpty()) {
            failWithMessage(
                    "%s",
                    "expected namespace " + namespace + " to be reachable only from " + named + ", but:\n"
                            + listed(open));
        }
        return this;
    }

    /** Whatever may be let in by something that could not be read. */
    private void unsure(Reachability reachability, Predicate<Pod> allowed, List<String> open) {
        actual.damages().forEach(damage -> open.add("not known: " + damage));
        for (Pod to : reachability.pods().in(namespace)) {
            for (Pod from : reachability.pods().all()) {
                if (!from.display().equals(to.display()) && !from.hostNetwork() && !allowed.test(from)) {
                    unsure(from.display(), to, reachability.between(from, to), open);
                }
            }
            reachability
                    .externalRanges()
                    .forEach(range -> unsure(range.toString(), to, reachability.fromAddresses(range, to), open));
        }
    }

    private static void unsure(String from, Pod to, Connection connection, List<String> open) {
        if (!connection.possible().isEmpty()) {
            open.add("not known whether " + from + " reaches " + to.display() + " on " + connection.possible() + ": "
                    + String.join(
                            "; ",
                            connection.reasons().stream().map(Doubt::reason).toList()));
        }
    }

    /**
     * Verifies that nobody gets into a container of the namespace, directly or by steps of escalation, but the groups,
     * users or service accounts named, and the control plane itself. Admission policies count.
     *
     * @param names names of groups or users, {@code NAMESPACE/NAME} for service accounts
     * @throws AssertionError if anybody else that a binding names gets in; the message has the way
     */
    public NamespaceAssert nobodyCanExecExcept(String... names) {
        List<String> excepted = List.of(names);
        if (actual.resources(GroupKind.ROLE_BINDING).isEmpty()
                && actual.resources(GroupKind.CLUSTER_ROLE_BINDING).isEmpty()) {
            failWithMessage("%s", "the snapshot holds no binding, so nothing was checked: read the cluster's RBAC too");
        }
        Rbac rbac = Rbac.of(actual);
        List<String> wide = new ArrayList<>();
        // Whoever is authenticated, though no binding names them: what everybody may do shows in them.
        Posture posture = ZeroTrust.namespace(namespace).noExecFor(Subject.user("anybody"));
        for (Subject subject : rbac.subjects()) {
            if (!ControlPlane.includes(subject) && !excepted.contains(plain(subject))) {
                if (subject.name().startsWith("system:")) {
                    wide.addAll(direct(rbac, subject));
                } else if (!subject.equals(Subject.user("anybody"))) {
                    posture = posture.noExecFor(subject);
                }
            }
        }
        if (!wide.isEmpty()) {
            failWithMessage(
                    "%s",
                    "expected nobody but " + excepted + " to get into containers of namespace " + namespace + ", but:\n"
                            + listed(wide));
        }
        return proven(posture, Claim.CONTAINER_ENTRY, "nobody but " + excepted + " to get into containers of ");
    }

    /** The rights of a group of Kubernetes' own, such as {@code system:authenticated}, which no posture may name. */
    private List<String> direct(Rbac rbac, Subject subject) {
        List<String> ways = new ArrayList<>();
        for (String name : List.of("exec", "attach", "portforward", "ephemeral", "proxy", "node")) {
            rbac.whoCan(Action.named(name).orElseThrow(), Optional.of(namespace)).stream()
                    .filter(who -> who.subject().equals(subject))
                    .forEach(who -> ways.add(subject + " may " + name + " by " + who.via()));
        }
        return ways;
    }

    /** Verifies that nobody at all gets into a container of the namespace but the control plane. */
    public NamespaceAssert nobodyCanExec() {
        return nobodyCanExecExcept();
    }

    /**
     * Verifies that the sidecars of the namespace accept no plaintext.
     *
     * @throws AssertionError if one does, or it can't be told
     */
    public NamespaceAssert acceptsNoPlaintext() {
        return proven(ZeroTrust.namespace(namespace).strictMtls(), Claim.PLAINTEXT, "no plaintext to be accepted in ");
    }

    private NamespaceAssert proven(Posture posture, Claim claim, String expected) {
        List<String> problems = new ArrayList<>();
        int covered = 0;
        for (ClaimResult result : Verifier.verify(posture, actual).claims()) {
            if (result.claim() == claim) {
                covered++;
                problems.addAll(result.verdict()
                        .match(
                                proven -> List.<String>of(),
                                violated -> violated.findings().stream()
                                        .map(TextReport::of)
                                        .toList(),
                                unknown -> unknown.doubts().stream()
                                        .map(doubt -> "not known: " + doubt.reason())
                                        .toList()));
            }
        }
        if (covered == 0) {
            problems.add("not known: nothing was checked");
        }
        if (!problems.isEmpty()) {
            failWithMessage("%s", "expected " + expected + "namespace " + namespace + ", but:\n" + listed(problems));
        }
        return this;
    }

    private static String listed(List<String> lines) {
        String shown = String.join("\n", lines.subList(0, Math.min(SHOWN, lines.size())));
        return lines.size() > SHOWN ? shown + "\nand " + (lines.size() - SHOWN) + " more" : shown;
    }

    private static String plain(Subject subject) {
        return subject.kind() == Subject.Kind.SERVICE_ACCOUNT
                ? subject.namespace() + "/" + subject.name()
                : subject.name();
    }

    private boolean isOne(Pod pod, Workload peer) {
        return pod.namespace().equals(peer.namespaceOr(namespace))
                && wears(pod, peer.labels())
                && peer.serviceAccount().map(pod.serviceAccount()::equals).orElse(true);
    }

    private static boolean wears(Pod pod, Map<String, String> labels) {
        return labels.entrySet().stream()
                .allMatch(label -> label.getValue().equals(pod.labels().get(label.getKey())));
    }
}
