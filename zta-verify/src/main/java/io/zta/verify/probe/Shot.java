package io.zta.verify.probe;

import java.util.Optional;

/**
 * One question a probe pod asks over the network, again and again on fresh connections until the answer settles.
 *
 * @param id unique within its source; letters, digits and {@code -._:/} only
 * @param kind how it asks
 * @param host address or name
 * @param port 1 to 65535
 * @param want what it waits for until the settling time is over
 * @param path the path of a request
 * @param virtualHost the Host header of a request; empty for {@code host}
 * @param token the key of the token it carries, in the Secret that is mounted; empty for none
 */
record Shot(
        String id,
        Kind kind,
        String host,
        int port,
        Want want,
        String path,
        String virtualHost,
        Optional<String> token) {
    /** How a question is asked. */
    enum Kind {
        /** Opens a TCP connection and says nothing. */
        TCP,
        /** Sends a plain HTTP request and reads the status. */
        HTTP,
        /** Reads identities from the administration of the probe pod's own sidecar. */
        NAMES
    }

    /** What is waited for. */
    enum Want {
        OPEN,
        CLOSED
    }

    static Shot tcp(String id, String host, int port, Want want) {
        return new Shot(id, Kind.TCP, host, port, want, "/", "", Optional.empty());
    }

    static Shot http(String id, String host, int port, Want want) {
        return new Shot(id, Kind.HTTP, host, port, want, "/", "", Optional.empty());
    }

    static Shot names(String id, String path) {
        return new Shot(id, Kind.NAMES, "127.0.0.1", 15000, Want.OPEN, path, "", Optional.empty());
    }

    Shot to(String newPath, String newVirtualHost) {
        return new Shot(id, kind, host, port, want, newPath, newVirtualHost, token);
    }

    Shot carrying(String key) {
        return new Shot(id, kind, host, port, want, path, virtualHost, Optional.of(key));
    }

    /** A line of the script's input. */
    String line() {
        return String.join(
                " ",
                id,
                kind.name(),
                host,
                Integer.toString(port),
                want.name(),
                path,
                virtualHost.isEmpty() ? "-" : virtualHost,
                token.orElse("-"));
    }

    /**
     * What came of a shot.
     *
     * @param settled whether several equal answers came in a row
     * @param open whether it got through
     * @param raw what was seen: {@code open}, {@code TIMEOUT}, {@code REFUSED}, an HTTP status, or {@code none}
     */
    record Hit(boolean settled, boolean open, String raw) {
        static final Hit MISSING = new Hit(false, false, "no answer from the probe pod");

        Answer answer() {
            if (!settled) {
                return Answer.INCONCLUSIVE;
            }
            return open ? Answer.ALLOWED : Answer.DENIED;
        }
    }
}
