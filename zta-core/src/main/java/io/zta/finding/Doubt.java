package io.zta.finding;

import io.zta.snapshot.Origin;

/**
 * Why a verdict is not known.
 *
 * @param reason what could not be read or evaluated, as a sentence
 * @param resolve what would settle it
 * @param origin where it stands, {@link Origin#MEMORY} where it stands nowhere
 */
public record Doubt(String reason, String resolve, Origin origin) {
    /** A doubt about no particular place. */
    public static Doubt of(String reason, String resolve) {
        return new Doubt(reason, resolve, Origin.MEMORY);
    }
}
