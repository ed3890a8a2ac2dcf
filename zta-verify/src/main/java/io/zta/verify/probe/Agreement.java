package io.zta.verify.probe;

import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Compares what was seen on the cluster with what was proven of it. Pure. */
public final class Agreement {
    private Agreement() {}

    /** Which claims a check speaks about. */
    private static final Map<String, List<Claim>> CLAIMS = Map.of(
            "network", List.of(Claim.DIRECT_ACCESS),
            "api", List.of(Claim.CONTAINER_ENTRY),
            "mesh/plaintext", List.of(Claim.PLAINTEXT),
            "mesh/passthrough", List.of(Claim.PLAINTEXT),
            "mesh/sidecar", List.of(Claim.PLAINTEXT),
            "mesh/identity", List.of(Claim.IDENTITY),
            "gateway/without", List.of(Claim.LEGITIMATE_TRAFFIC, Claim.IDENTITY),
            "gateway/valid", List.of(Claim.LEGITIMATE_TRAFFIC),
            "gateway", List.of(Claim.IDENTITY),
            "audit", List.of(Claim.RECORDED));

    /**
     * The live results that contradict a static verdict: something got through that was proven not to, or was refused that
     * was proven to work; and traffic that was said not to work and does. A violated denial that no probe got past is no
     * contradiction: the probes need not have taken the way that its witness names.
     */
    public static List<String> alarms(List<Check> checks, List<ClaimResult> claims) {
        List<String> alarms = new ArrayList<>();
        for (ClaimResult claim : claims) {
            boolean proven = claim.verdict() instanceof Verdict.Proven;
            List<Check> about = checks.stream()
                    .filter(check -> check.test() > 0 && speaksOf(check, claim))
                    .toList();
            for (Check check : about) {
                if (proven && check.status() == Check.Status.FAIL) {
                    alarms.add("proven: \"" + claim.claim().text() + "\" (" + claim.scope() + "), but seen: "
                            + check.what() + ": " + check.seen().text() + ". Either the proof or the cluster is wrong: "
                            + check.detail());
                }
            }
            boolean traffic = claim.claim() == Claim.LEGITIMATE_TRAFFIC;
            if (traffic
                    && claim.verdict() instanceof Verdict.Violated violated
                    && !about.isEmpty()
                    && about.stream().allMatch(check -> check.status() == Check.Status.PASS)) {
                alarms.add("violated: \"" + claim.claim().text() + "\" (" + claim.scope() + "), because of "
                        + violated.findings().get(0).object() + " "
                        + violated.findings().get(0).title()
                        + "; but every legitimate request was served");
            }
        }
        return alarms;
    }

    private static boolean speaksOf(Check check, ClaimResult claim) {
        String[] parts = check.id().split("/");
        String two = parts.length > 1 ? parts[0] + "/" + parts[1] : parts[0];
        return CLAIMS.getOrDefault(two, CLAIMS.getOrDefault(parts[0], List.of()))
                .contains(claim.claim());
    }
}
