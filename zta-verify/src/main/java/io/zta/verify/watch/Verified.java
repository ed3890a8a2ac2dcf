package io.zta.verify.watch;

import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * One verification of everything watched.
 *
 * @param reports one for each posture, in the order given
 * @param snapshot what was verified: the cluster as the watches showed it
 * @param changes the claims that are not as they were
 * @param current whether every watch was up; where not, nothing is Proven
 * @param at when it began
 * @param took how long it took
 */
public record Verified(
        List<Report> reports,
        Snapshot snapshot,
        List<ClaimChange> changes,
        boolean current,
        Instant at,
        Duration took) {
    public Verified {
        reports = List.copyOf(reports);
        changes = List.copyOf(changes);
    }
}
