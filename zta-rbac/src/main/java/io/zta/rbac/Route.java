package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.finding.Hop;
import io.zta.intent.Subject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A way that a subject can go, step by step, each by the grants it needs. Immutable.
 *
 * @param subject who
 * @param bypass the row of the catalogue of its first step
 * @param steps how many times it becomes someone else or gives itself rights before the last step
 * @param witness the steps: binding, role and rule, then what they let do
 * @param grants the grants it rests on, in their order
 * @param doubts why it is not certain that the way is open; empty when it is
 */
public record Route(
        Subject subject, String bypass, int steps, List<Hop> witness, List<Grant> grants, List<Doubt> doubts) {
    public Route {
        witness = List.copyOf(witness);
        grants = List.copyOf(grants);
        doubts = List.copyOf(doubts);
    }

    static Route of(Subject subject, List<Step> path) {
        List<Hop> hops = new ArrayList<>();
        Set<Grant> grants = new LinkedHashSet<>();
        Set<Doubt> doubts = new LinkedHashSet<>();
        String who = subject.toString();
        for (Step step : path) {
            for (Grant grant : step.grants()) {
                if (grants.add(grant)) {
                    hops.add(Hop.of(
                            grant.binding().display() + " binds " + grant.subject() + " to "
                                    + grant.role().display(),
                            grant.subjectEvidence()));
                    hops.add(Hop.of(
                            grant.source().display() + " holds the right: rules[" + grant.rule() + "]",
                            grant.ruleEvidence()));
                }
            }
            String what = who + " " + step.what();
            hops.add(
                    step.notes().isEmpty()
                            ? Hop.of(what)
                            : new Hop(what, Optional.of(step.notes().get(0))));
            doubts.addAll(step.doubts());
            who = step.to().subject().map(Subject::toString).orElse(who);
        }
        String bypass = path.stream()
                .map(Step::bypass)
                .filter(id -> !id.isEmpty())
                .findFirst()
                .orElse("");
        return new Route(subject, bypass, Search.cost(path), hops, List.copyOf(grants), List.copyOf(doubts));
    }
}
