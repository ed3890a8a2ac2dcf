package io.zta.verify.proof;

import io.zta.finding.Doubt;
import io.zta.finding.Hop;
import io.zta.intent.Port;
import java.util.List;
import java.util.Locale;

/**
 * What becomes of a connection on its way through every layer: network policies, then the sidecar's capture, mTLS and
 * authorization. Immutable.
 *
 * @param from who connects, as resolved
 * @param to the pod, as resolved
 * @param port the pod's port, after a Service was translated
 * @param outcome the answer
 * @param hops what decides, in the order in which it acts
 * @param doubts why the answer is unknown; empty otherwise
 */
public record Path(String from, String to, Port port, Outcome outcome, List<Hop> hops, List<Doubt> doubts) {
    public Path {
        hops = List.copyOf(hops);
        doubts = List.copyOf(doubts);
    }

    /** Where a connection ends. */
    public enum Outcome {
        /** At the application. */
        REACHES,
        /** At the application, for a request that carries a valid token. */
        REACHES_WITH_TOKEN,
        /** Before the application. */
        STOPPED,
        /** It can't be told. */
        UNKNOWN;

        /** For people: {@code reaches with token}. */
        public String display() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** Whether a request gets to the application, with a token or without. */
    public boolean reaches() {
        return outcome == Outcome.REACHES || outcome == Outcome.REACHES_WITH_TOKEN;
    }
}
