package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.intent.Phase;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Map;

/**
 * What gates look at.
 *
 * @param before the cluster as it is
 * @param after the cluster as it would be
 * @param wanted every object the posture asks for, in its final form
 */
record GateContext(
        Posture posture,
        PlanOptions options,
        Snapshot before,
        Snapshot after,
        List<Step> steps,
        Map<String, Phase> from,
        Planner.Objections objections,
        List<ObjectNode> wanted,
        Inventory inventory,
        List<String> notes,
        Cluster cluster,
        Flows flows,
        List<String> remainingGrants) {

    static GateContext of(
            Posture posture,
            PlanOptions options,
            Snapshot before,
            Snapshot after,
            List<Step> steps,
            Map<String, Phase> from,
            Planner.Objections objections,
            Draft draft,
            Cluster cluster) {
        return new GateContext(
                posture,
                options,
                before,
                after,
                steps,
                from,
                objections,
                draft.wanted(),
                draft.inventory(),
                draft.notes(),
                cluster,
                Flows.between(posture, before, after),
                Entry.remaining(posture, after));
    }

    /** All writes. */
    List<Change> changes() {
        return steps.stream().flatMap(step -> step.changes().stream()).toList();
    }

    /** The wanted objects of a kind. */
    List<ObjectNode> wanted(String kind) {
        return wanted.stream()
                .filter(object -> object.path("kind").asText().equals(kind))
                .toList();
    }

    /** Whether the plan writes an object of a kind. */
    boolean writes(String kind) {
        return changes().stream()
                .anyMatch(change -> change.object().kind().equals(kind)
                        && (change.action() == Change.Action.CREATE || change.action() == Change.Action.CHANGE));
    }

    /** Whether the caller gave up something of that name. */
    boolean givenUp(String name) {
        return options.givenUp().contains(name);
    }
}
