package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import java.util.List;

/**
 * One step of an escalation.
 *
 * @param from where it starts
 * @param to where it leads
 * @param bypass the row of the catalogue; empty for a step inside a set of identities
 * @param what the step as a clause
 * @param grants the grants that it needs, all of them
 * @param notes what stood in the way and did not refuse
 * @param doubts why it is not certain; empty when it is
 */
record Step(
        Place from,
        Place to,
        String bypass,
        String what,
        List<Grant> grants,
        List<Evidence> notes,
        List<Doubt> doubts) {
    Step {
        grants = List.copyOf(grants);
        notes = List.copyOf(notes);
        doubts = List.copyOf(doubts);
    }

    /** Choosing one of a set, and going in at last, are no steps of their own. */
    int cost() {
        return bypass.isEmpty() || to.kind() == Place.Kind.INSIDE ? 0 : 1;
    }
}
