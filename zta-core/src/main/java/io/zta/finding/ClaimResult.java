package io.zta.finding;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A claim, what it was checked for, and the verdict.
 *
 * @param claim the claim
 * @param scope what it is about: a namespace, or a workload with a port
 * @param covered how many things (pods, flows, subjects) the check looked at; a check of nothing is never Proven
 * @param verdict the answer
 * @param assumptions what the answer rests on and the snapshot cannot show, as sentences
 */
public record ClaimResult(Claim claim, String scope, int covered, Verdict verdict, List<String> assumptions) {
    public ClaimResult {
        assumptions = List.copyOf(assumptions);
    }

    /** The same result with further reasons not to know: what was Proven is Unknown, what was Violated stays so. */
    public ClaimResult doubted(List<Doubt> more) {
        if (more.isEmpty()) {
            return this;
        }
        Verdict doubted = verdict.match(
                proven -> new Verdict.Unknown(more),
                violated -> new Verdict.Violated(violated.findings(), joined(violated.doubts(), more)),
                unknown -> new Verdict.Unknown(joined(unknown.doubts(), more)));
        return new ClaimResult(claim, scope, covered, doubted, assumptions);
    }

    private static List<Doubt> joined(List<Doubt> first, List<Doubt> second) {
        Set<Doubt> all = new LinkedHashSet<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    /** Collects what a check finds. Not thread-safe. */
    public static Collector collect(Claim claim, String scope) {
        return new Collector(claim, scope);
    }

    /** Gathers findings, doubts and assumptions, and forms the verdict of them. */
    public static final class Collector {
        private final Claim claim;
        private final String scope;
        private final Set<Finding> findings = new LinkedHashSet<>();
        private final Set<Doubt> doubts = new LinkedHashSet<>();
        private final Set<String> because = new LinkedHashSet<>();
        private final Set<String> assumptions = new LinkedHashSet<>();
        private int covered;

        private Collector(Claim claim, String scope) {
            this.claim = claim;
            this.scope = scope;
        }

        /** Notes a proof against the claim. A finding of severity NOTE or WARNING refutes as well: add only what does. */
        public Collector violatedBy(Finding finding) {
            findings.add(finding);
            return this;
        }

        /** Notes a reason not to know. */
        public Collector doubt(Doubt doubt) {
            doubts.add(doubt);
            return this;
        }

        /** Notes what the claim rests on. */
        public Collector because(String reason) {
            because.add(reason);
            return this;
        }

        /** Notes an assumption. */
        public Collector assume(String assumption) {
            assumptions.add(assumption);
            return this;
        }

        /** Counts things the check looked at. */
        public Collector cover(int things) {
            covered += things;
            return this;
        }

        /** Whether a proof against the claim was noted. */
        public boolean isViolated() {
            return !findings.isEmpty();
        }

        /** The result: Violated where there is a finding, else Unknown where there is a doubt or nothing was covered. */
        public ClaimResult result() {
            Verdict verdict;
            List<Doubt> reasons = new ArrayList<>(doubts);
            if (covered == 0) {
                reasons.add(Doubt.of(
                        "the check found nothing to look at in " + scope,
                        "give a snapshot that holds the workloads (or their templates) of the posture"));
            }
            if (!findings.isEmpty()) {
                List<Finding> sorted = new ArrayList<>(findings);
                sorted.sort(Comparator.comparing(Finding::severity)
                        .thenComparing(finding -> finding.witness().size()));
                verdict = new Verdict.Violated(sorted, List.copyOf(doubts));
            } else if (!reasons.isEmpty()) {
                verdict = new Verdict.Unknown(reasons);
            } else {
                verdict = new Verdict.Proven(List.copyOf(because));
            }
            return new ClaimResult(claim, scope, covered, verdict, List.copyOf(assumptions));
        }
    }
}
