package io.zta.finding;

import java.util.List;
import java.util.function.Function;

/** What is known of a claim. */
public sealed interface Verdict permits Verdict.Proven, Verdict.Violated, Verdict.Unknown {
    /**
     * The claim holds.
     *
     * @param because what it rests on, as short sentences
     */
    record Proven(List<String> because) implements Verdict {
        public Proven {
            because = List.copyOf(because);
        }

        @Override
        public <R> R match(Function<Proven, R> proven, Function<Violated, R> violated, Function<Unknown, R> unknown) {
            return proven.apply(this);
        }
    }

    /**
     * The claim does not hold.
     *
     * @param findings the proofs, at least one, the shortest witness first
     * @param doubts what is not known beside that
     */
    record Violated(List<Finding> findings, List<Doubt> doubts) implements Verdict {
        public Violated {
            findings = List.copyOf(findings);
            doubts = List.copyOf(doubts);
            if (findings.isEmpty()) {
                throw new IllegalArgumentException("a violated claim needs at least one finding");
            }
        }

        @Override
        public <R> R match(Function<Proven, R> proven, Function<Violated, R> violated, Function<Unknown, R> unknown) {
            return violated.apply(this);
        }
    }

    /**
     * It cannot be told whether the claim holds.
     *
     * @param doubts why, at least one
     */
    record Unknown(List<Doubt> doubts) implements Verdict {
        public Unknown {
            doubts = List.copyOf(doubts);
            if (doubts.isEmpty()) {
                throw new IllegalArgumentException("an unknown verdict needs a reason");
            }
        }

        @Override
        public <R> R match(Function<Proven, R> proven, Function<Violated, R> violated, Function<Unknown, R> unknown) {
            return unknown.apply(this);
        }
    }

    /** Handles each case; a case more breaks every caller at compile time. */
    <R> R match(Function<Proven, R> proven, Function<Violated, R> violated, Function<Unknown, R> unknown);
}
