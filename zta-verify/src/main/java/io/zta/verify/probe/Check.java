package io.zta.verify.probe;

/**
 * One attempt, what it should come to, and what it came to.
 *
 * @param test which of the five tests it belongs to, 1 to 5; 0 for a check of the prober's own ground
 * @param id a stable id within a run, such as {@code network/stranger/orders:8080}
 * @param what the attempt, one clause
 * @param expected what the posture promises
 * @param seen what happened
 * @param detail what was seen, with the control beside it
 */
public record Check(int test, String id, String what, Answer expected, Answer seen, String detail) {
    /** How a check ended. */
    public enum Status {
        /** As the posture promises. */
        PASS,
        /** The opposite of what the posture promises. */
        FAIL,
        /** Not known. */
        INCONCLUSIVE
    }

    /** How this check ended. */
    public Status status() {
        if (seen == Answer.INCONCLUSIVE) {
            return Status.INCONCLUSIVE;
        }
        return seen == expected ? Status.PASS : Status.FAIL;
    }
}
