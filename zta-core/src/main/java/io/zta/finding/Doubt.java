package io.zta.finding;

import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;

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

    /** Why nothing is known of the pods of a workload of a kind whose template is not read. */
    public static Doubt ofPods(Resource workload) {
        return new Doubt(
                workload.display()
                        + " speaks of containers and is of a kind whose pods are not worked out, and the snapshot"
                        + " holds none of them",
                "give a snapshot of the running pods, or of the Deployment or ReplicaSet it makes",
                workload.origin());
    }
}
