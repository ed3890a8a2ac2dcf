package io.zta.verify;

import io.zta.Posture;
import io.zta.compile.Layer;
import io.zta.compile.Layers;
import io.zta.finding.ClaimResult;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Proves or refutes a posture on a snapshot. Pure; start here. */
public final class Verifier {
    private Verifier() {}

    /**
     * Evaluates every claim of a posture on a snapshot.
     *
     * @throws io.zta.intent.PostureException if a layer that the posture needs is not on the class path
     */
    public static Report verify(Posture posture, Snapshot snapshot) {
        List<ClaimResult> claims = new ArrayList<>();
        for (Layer layer : Layers.forPosture(posture)) {
            claims.addAll(layer.examine(posture, snapshot));
        }
        claims.sort(Comparator.comparing(ClaimResult::claim).thenComparing(ClaimResult::scope));
        return new Report(
                posture, claims, List.of(), snapshot.damages(), List.of(), List.of(), snapshot.counts());
    }
}
