package io.zta.istio;

import io.zta.finding.Evidence;
import java.util.List;

/**
 * Whether what comes to a port of a pod passes through its sidecar.
 *
 * @param state the answer
 * @param bypass the row of the catalogue of bypasses that is open, such as {@code MESH-capture}; empty where none is
 * @param reason why, as a clause
 * @param evidence the fields that show it
 */
public record Capture(State state, String bypass, String reason, List<Evidence> evidence) {
    /** Answers. */
    public enum State {
        /** The sidecar gets it. */
        CAPTURED,
        /** It goes past the sidecar, or there is none. */
        OPEN,
        /** It can't be told. */
        UNKNOWN
    }

    public Capture {
        evidence = List.copyOf(evidence);
    }

    static Capture captured(String reason, Evidence... evidence) {
        return new Capture(State.CAPTURED, "", reason, List.of(evidence));
    }

    static Capture open(String bypass, String reason, Evidence... evidence) {
        return new Capture(State.OPEN, bypass, reason, List.of(evidence));
    }

    static Capture unknown(String bypass, String reason, Evidence... evidence) {
        return new Capture(State.UNKNOWN, bypass, reason, List.of(evidence));
    }

    boolean is(State other) {
        return state == other;
    }
}
