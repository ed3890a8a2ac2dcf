package io.zta.finding;

import java.util.Optional;

/**
 * One step of a witness path: what happens, and the field that lets it happen.
 *
 * @param what the step as a short clause, such as {@code "Pod default/debug connects to default/orders TCP 8080"}
 * @param because the field that allows it; empty where nothing stands against it
 */
public record Hop(String what, Optional<Evidence> because) {
    /** A step with its field. */
    public static Hop of(String what, Evidence because) {
        return new Hop(what, Optional.of(because));
    }

    /** A step that nothing forbids. */
    public static Hop of(String what) {
        return new Hop(what, Optional.empty());
    }
}
