package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.intent.Port.Protocol;
import java.util.List;

/**
 * What can pass from one end to another. Immutable.
 *
 * @param sure ports that are let through whatever is not known
 * @param expected ports that are let through as far as the policies could be read; what {@code zta reach} prints
 * @param possible ports that might be let through; what is not among them is denied
 * @param reasons why the three differ; empty where they are equal
 */
public record Connection(PortSet sure, PortSet expected, PortSet possible, List<Doubt> reasons) {
    public Connection {
        reasons = List.copyOf(reasons);
    }

    /** What is known of one port. */
    public enum State {
        /** Let through. */
        ALLOWED,
        /** Not let through. */
        DENIED,
        /** Cannot be told; {@link Connection#reasons()} says why. */
        UNKNOWN
    }

    /** What is known of a port of the destination. */
    public State state(Protocol protocol, int port) {
        if (sure.contains(protocol, port)) {
            return State.ALLOWED;
        }
        return possible.contains(protocol, port) ? State.UNKNOWN : State.DENIED;
    }

    /** Whether nothing is unknown. */
    public boolean isCertain() {
        return sure.equals(possible);
    }
}
