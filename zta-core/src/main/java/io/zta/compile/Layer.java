package io.zta.compile;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.intent.Intent;
import io.zta.intent.LayerName;
import io.zta.snapshot.Snapshot;
import java.util.List;

/**
 * A layer of protection: turns the intents it handles into objects, and examines a snapshot for them. Found with
 * {@link java.util.ServiceLoader}. Implementations are stateless; all methods are pure.
 */
public interface Layer {
    /** Which layer this is. */
    LayerName name();

    /** Whether this layer compiles that intent. */
    default boolean handles(Intent intent) {
        return intent.layer() == name();
    }

    /**
     * Compiles the intents of a posture that this layer handles.
     *
     * @throws io.zta.intent.PostureException if they can't be had together
     */
    List<Compiled> compile(Posture posture);

    /** Examines a snapshot for the claims that this layer alone can decide; those across layers are zta-verify's. */
    List<ClaimResult> examine(Posture posture, Snapshot snapshot);

    /**
     * Examines a snapshot for one claim: the results of it that {@link #examine(Posture, Snapshot)} gives. A layer that
     * can leave work out for it overrides this.
     */
    default List<ClaimResult> examine(Posture posture, Snapshot snapshot, Claim claim) {
        return examine(posture, snapshot).stream()
                .filter(result -> result.claim() == claim)
                .toList();
    }

    /**
     * Findings that refute no claim by themselves and should be read: objects of the snapshot that don't do what they
     * say.
     */
    default List<Finding> notes(Posture posture, Snapshot snapshot) {
        return List.of();
    }

    /** Objects and files that are rendered on request only. */
    default List<Extra> extras(Posture posture) {
        return List.of();
    }
}
