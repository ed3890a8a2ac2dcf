package io.zta.verify.apply;

import java.util.List;

/** Nothing was done, or nothing more: the cluster or the plan stands against it. The message says what to do. */
public final class ApplyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why it stopped. */
    public enum Reason {
        /** A gate of the plan is refused, and was not overridden. */
        GATE,
        /** The cluster has moved since the plan was made. */
        MOVED,
        /** Another applier holds the Lease. */
        HELD,
        /** A step of an earlier run was left half done. */
        UNFINISHED,
        /** The API server refused or did not answer. */
        REFUSED,
        /** A step was undone, because what worked before no longer did. */
        UNDONE,
        /** The call itself can't be carried out. */
        USAGE
    }

    /** Which of them it is. */
    private final Reason reason;
    /** One line each. */
    @SuppressWarnings("serial") // always a List.copyOf of texts
    private final List<String> details;

    ApplyException(Reason reason, String message, List<String> details) {
        super(details.isEmpty() ? message : message + "\n  " + String.join("\n  ", details));
        this.reason = reason;
        this.details = List.copyOf(details);
    }

    ApplyException(Reason reason, String message) {
        this(reason, message, List.of());
    }

    /** Why it stopped. */
    public Reason reason() {
        return reason;
    }

    /** What it stopped at, one line each. */
    public List<String> details() {
        return details;
    }
}
