package io.zta.verify.apply;

import io.zta.intent.Phase;
import java.util.List;
import java.util.Locale;

/**
 * Writes that are made together, waited for, proven, and taken back together where the proof fails.
 *
 * @param phase the phase it belongs to
 * @param stage what kind of step it is, which decides its place in the order
 * @param changes its writes, in order; none where the phase has nothing but a proof
 */
public record Step(Phase phase, Stage stage, List<Change> changes) {
    /** Kinds of steps, in the order in which a phase takes them. */
    public enum Stage {
        /** A policy that allows all, for as long as the others are on their way: nothing ends before all are there. */
        HOLD_OPEN(false),
        /** What lets somebody in. */
        ALLOW(false),
        /** STRICT mTLS; identities are empty before it. */
        STRICT(true),
        /** Rules on identities that let somebody in, and so keep out all others. */
        IDENTITY(true),
        /** What keeps somebody out. */
        RESTRICT(true),
        /** Admission that warns and records, so that the server's own type check and the users' warnings can be read. */
        WARN(false),
        /** Admission that denies. */
        DENY(true),
        /** The policy that allowed all goes: now the others decide, all at once. */
        CUT_OVER(true),
        /** Of what is asked for no longer, what kept somebody out. */
        UNRESTRICT(false),
        /** Of what is asked for no longer, what let somebody in. */
        DISALLOW(true);

        private final boolean restricts;

        Stage(boolean restricts) {
            this.restricts = restricts;
        }

        /** Whether it takes something away from somebody. */
        public boolean restricts() {
            return restricts;
        }
    }

    public Step {
        changes = List.copyOf(changes);
    }

    /** {@code network/allow}. */
    public String id() {
        return phase.key() + "/" + stage.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
