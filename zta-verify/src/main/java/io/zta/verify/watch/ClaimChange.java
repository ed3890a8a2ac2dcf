package io.zta.verify.watch;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A claim whose verdict is another than before, or that is violated in another way.
 *
 * @param posture the posture that makes the claim
 * @param from the result before; empty where it is the first, or the claim is about something new
 * @param to the result now; Unknown where nothing of the kind is there any more
 * @param causes the objects that changed since the verification before, such as {@code NetworkPolicy shop/zta-deny gone}
 * @param at when it was verified
 */
public record ClaimChange(
        Posture posture, Optional<ClaimResult> from, ClaimResult to, List<String> causes, Instant at) {
    public ClaimChange {
        causes = List.copyOf(causes);
    }

    /** What refutes the claim now; empty where it is not violated. */
    public List<Finding> findings() {
        return to.verdict() instanceof Verdict.Violated violated ? violated.findings() : List.of();
    }

    /** Why it is not known now; empty where it is proven. */
    public List<Doubt> doubts() {
        return to.verdict().match(proven -> List.of(), Verdict.Violated::doubts, Verdict.Unknown::doubts);
    }

    /** The name of a verdict: Proven, Violated or Unknown. */
    static String name(Verdict verdict) {
        return verdict.match(proven -> "Proven", violated -> "Violated", unknown -> "Unknown");
    }

    /** One line: what changed, from what to what, and the first reason. */
    public String toText() {
        String before = from.map(result -> name(result.verdict())).orElse("nothing");
        String why = to.verdict()
                .match(
                        proven -> "",
                        violated -> {
                            Finding first = violated.findings().get(0);
                            return ": " + first.id() + " " + first.object() + " " + first.title();
                        },
                        unknown -> ": " + unknown.doubts().get(0).reason());
        String cause = causes.isEmpty() ? "" : " (" + String.join(", ", causes) + ")";
        return posture.id() + " " + to.claim().id() + ", " + to.scope() + ": " + before + " -> " + name(to.verdict())
                + why + cause;
    }
}
