package io.zta.verify;

import io.zta.Posture;
import io.zta.compile.Layers;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.snapshot.Snapshot;
import io.zta.verify.proof.AdminPorts;
import io.zta.verify.proof.LegitimateTraffic;
import io.zta.verify.proof.TrustedBase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Proves or refutes a posture on a snapshot. Pure; start here. */
public final class Verifier {
    private Verifier() {}

    /** What one layer says. */
    private record Examined(List<ClaimResult> claims, List<Finding> notes) {}

    /**
     * Evaluates every claim of a posture on a snapshot, as far as the phase the posture is to be brought to. In phase
     * {@link Phase#OBSERVE} nothing is enforced yet and every claim is evaluated, to show what is open.
     *
     * <p>Anything of the snapshot that could not be read makes Unknown of what would be Proven.
     *
     * @throws io.zta.intent.PostureException if a layer that the posture needs is not on the class path
     */
    public static Report verify(Posture posture, Snapshot snapshot) {
        List<Doubt> unread = unread(posture, snapshot);
        List<ClaimResult> claims = new ArrayList<>();
        Set<Finding> notes = new LinkedHashSet<>();
        // Side by side, for layers share nothing; what they say is taken in their order.
        List<Examined> layers = Layers.forPosture(posture).parallelStream()
                .map(layer -> new Examined(layer.examine(posture, snapshot), layer.notes(posture, snapshot)))
                .toList();
        for (Examined layer : layers) {
            layer.claims().stream()
                    .filter(result -> isDue(result.claim(), posture.phase()))
                    .map(result -> result.doubted(unread))
                    .forEach(claims::add);
            notes.addAll(layer.notes());
        }
        notes.addAll(AdminPorts.notes(posture, snapshot));
        claims.addAll(legitimateTraffic(posture, snapshot, unread));
        notEvaluated(posture, claims).forEach(claims::add);
        claims.sort(Comparator.comparing(ClaimResult::claim).thenComparing(ClaimResult::scope));
        return new Report(
                posture,
                claims,
                List.copyOf(notes),
                snapshot.damages(),
                TrustedBase.of(posture),
                TrustedBase.exceptions(posture),
                snapshot.counts());
    }

    /**
     * Evaluates one claim of a posture, for who asks often: the same results of it as {@link #verify(Posture, Snapshot)}
     * gives, in the same order.
     *
     * @throws io.zta.intent.PostureException if a layer that the posture needs is not on the class path
     */
    public static List<ClaimResult> verify(Posture posture, Snapshot snapshot, Claim claim) {
        List<Doubt> unread = unread(posture, snapshot);
        List<ClaimResult> results = new ArrayList<>();
        if (claim == Claim.LEGITIMATE_TRAFFIC) {
            results.addAll(legitimateTraffic(posture, snapshot, unread));
        } else if (isDue(claim, posture.phase())) {
            Layers.forPosture(posture)
                    .forEach(layer -> layer.examine(posture, snapshot, claim)
                            .forEach(result -> results.add(result.doubted(unread))));
        }
        notEvaluated(posture, results).stream()
                .filter(result -> result.claim() == claim)
                .forEach(results::add);
        results.sort(Comparator.comparing(ClaimResult::scope));
        return List.copyOf(results);
    }

    /** What makes every claim doubtful: what could not be read, and a namespace of which nothing was. */
    private static List<Doubt> unread(Posture posture, Snapshot snapshot) {
        List<Doubt> unread = new ArrayList<>();
        snapshot.damages().forEach(damage -> unread.add(new Doubt(damage.problem(), damage.remedy(), damage.origin())));
        Set<String> known = snapshot.namespaces();
        posture.namespaces().stream()
                .filter(namespace -> !known.contains(namespace))
                .forEach(namespace -> unread.add(Doubt.of(
                        "the snapshot holds nothing of namespace " + namespace,
                        "check how it is spelled, or give a snapshot that holds it")));
        return unread;
    }

    private static List<ClaimResult> legitimateTraffic(Posture posture, Snapshot snapshot, List<Doubt> unread) {
        if (!makes(posture, Claim.LEGITIMATE_TRAFFIC)) {
            return List.of();
        }
        return LegitimateTraffic.examine(posture, snapshot).stream()
                .map(result -> result.doubted(unread))
                .toList();
    }

    /**
     * What opens and what closes from one snapshot to a later one: connections that network policies let through, rights
     * that are rows of the catalogue of bypasses, and findings of the postures given. Pure.
     *
     * @param postures what is to hold; may be empty, then the mesh and admission are not compared
     * @param before the earlier snapshot
     * @param after the later one
     */
    public static Difference compare(List<Posture> postures, Snapshot before, Snapshot after) {
        return new Comparison().of(postures, before, after);
    }

    /**
     * What opens and what closes when one posture takes the place of another in a cluster: both are put into it in turn, as
     * far as their phases. Pure.
     *
     * @param old the posture that is to be replaced; its claims are verified before and after
     * @param now the posture that replaces it
     * @param cluster the cluster; objects of either posture that it holds already are left out first
     * @throws io.zta.intent.PostureException if a layer that a posture needs is not on the class path
     */
    public static PostureDifference compare(Posture old, Posture now, Snapshot cluster) {
        return new PostureComparison(old, now).on(cluster);
    }

    /**
     * The same without a cluster: flows among the workloads that the postures name, their gateways, and a pod without labels
     * in each of their namespaces and in another. No finding is compared, since nothing runs. Pure.
     *
     * @throws io.zta.intent.PostureException if a layer that a posture needs is not on the class path
     */
    public static PostureDifference compare(Posture old, Posture now) {
        return new PostureComparison(old, now).alone();
    }

    /** Whether a posture makes a claim, as far as its phase. */
    static boolean makes(Posture posture, Claim claim) {
        return asks(posture, claim) && isDue(claim, posture.phase());
    }

    /** What the posture asks for and no layer answered: Unknown, for a claim left out would read as one that holds. */
    private static List<ClaimResult> notEvaluated(Posture posture, List<ClaimResult> answered) {
        List<ClaimResult> missing = new ArrayList<>();
        for (Claim claim : Claim.values()) {
            boolean open = makes(posture, claim) && answered.stream().noneMatch(result -> result.claim() == claim);
            if (open) {
                missing.add(ClaimResult.collect(claim, "namespace " + String.join(", ", posture.namespaces()))
                        .cover(1)
                        .doubt(Doubt.of(
                                "this claim is not evaluated offline yet: " + claim.text(),
                                "probe the cluster for it, and treat it as open until then"))
                        .result());
            }
        }
        return missing;
    }

    private static boolean asks(Posture posture, Claim claim) {
        return switch (claim) {
            case DIRECT_ACCESS -> posture.asks(Intent.DenyDirectAccess.class);
            case PLAINTEXT, IDENTITY -> posture.asks(Intent.StrictMtls.class);
            case LEGITIMATE_TRAFFIC ->
                posture.asks(Intent.DenyDirectAccess.class) || posture.asks(Intent.StrictMtls.class);
            case CONTAINER_ENTRY -> posture.asks(Intent.NoExec.class);
            case RECORDED -> posture.asks(Intent.Audit.class);
            case TAMPER -> posture.guarded();
            case EGRESS -> posture.asks(Intent.DenyEgress.class);
        };
    }

    private static boolean isDue(Claim claim, Phase phase) {
        Phase due = switch (claim) {
            case DIRECT_ACCESS, EGRESS, LEGITIMATE_TRAFFIC -> Phase.NETWORK;
            case PLAINTEXT, IDENTITY -> Phase.MESH;
            case CONTAINER_ENTRY, TAMPER -> Phase.API;
            case RECORDED -> Phase.AUDIT;
        };
        return phase == Phase.OBSERVE || due.compareTo(phase) <= 0;
    }
}
