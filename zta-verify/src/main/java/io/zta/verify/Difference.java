package io.zta.verify;

import io.zta.finding.Doubt;
import java.util.List;

/**
 * What two snapshots of a cluster let differ: flows and ways in that open, and those that close. Immutable; start at
 * {@link Verifier#compare}.
 *
 * @param opened what is open after and was not before, by kind, workload and origin
 * @param closed what was open before and is not after
 * @param doubts what of the later snapshot could not be read or evaluated: something may open there unseen
 */
public record Difference(List<Change> opened, List<Change> closed, List<Doubt> doubts) {
    public Difference {
        opened = List.copyOf(opened);
        closed = List.copyOf(closed);
        doubts = List.copyOf(doubts);
    }

    /** What a change is about. */
    public enum Kind {
        /** A connection that network policies let through, to a workload or from one to addresses. */
        FLOW,
        /** A right, given by a binding, that is a row of the catalogue of bypasses. */
        ENTRY,
        /** A finding of a posture's verification. */
        FINDING
    }

    /**
     * Something that opens or closes.
     *
     * @param kind what it is about
     * @param workload whom it concerns: {@code ns/name[Kind]}, {@code namespace ns}, {@code every namespace}, or the object
     *     of a finding
     * @param who who connects or may do it; the empty text for a finding
     * @param how the ports ({@code to RANGE on PORTS} for addresses outside), the action ({@code exec}), or the finding's id
     * @param via what opens it: grants, or a finding's title
     */
    public record Change(Kind kind, String workload, String who, String how, List<String> via) {
        public Change {
            via = List.copyOf(via);
        }
    }

    /** Whether nothing opens, as far as could be read; with {@link #doubts()} that is not known. */
    public boolean opensNothing() {
        return opened.isEmpty();
    }

    /** Whether both let the same through, as far as could be read. */
    public boolean isEmpty() {
        return opened.isEmpty() && closed.isEmpty();
    }
}
