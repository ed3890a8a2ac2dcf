package io.zta.verify.watch;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Verdict;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import io.zta.verify.internal.Fingerprint;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Verifies postures, and says what is not as it was at the verification before. Of one thread. */
final class Judge {
    private final List<Posture> postures;
    private final Clock clock;
    private final Map<String, Map<String, ClaimResult>> last = new LinkedHashMap<>();

    Judge(List<Posture> postures, Clock clock) {
        this.postures = List.copyOf(postures);
        this.clock = clock;
    }

    /** Where the watch is lost, what would be Proven is Unknown for that reason. */
    Verified judge(Snapshot snapshot, List<String> causes, Optional<String> lost) {
        Instant at = clock.instant();
        List<Doubt> doubts = lost.map(why -> Doubt.of(
                        "the cluster is not being watched: " + why,
                        "it is tried again; see that the API server answers and that list and watch are allowed"))
                .map(List::of)
                .orElse(List.of());
        List<Report> reports = new ArrayList<>();
        List<ClaimChange> changes = new ArrayList<>();
        for (Posture posture : postures) {
            Report report = doubted(Verifier.verify(posture, snapshot), doubts);
            reports.add(report);
            changes.addAll(changes(posture, report, causes, at));
        }
        return new Verified(reports, snapshot, changes, lost.isEmpty(), at, Duration.between(at, clock.instant()));
    }

    private static Report doubted(Report report, List<Doubt> doubts) {
        return new Report(
                report.posture(),
                report.claims().stream().map(claim -> claim.doubted(doubts)).toList(),
                report.notes(),
                report.damages(),
                report.trustedBase(),
                report.exceptions(),
                report.read());
    }

    private List<ClaimChange> changes(Posture posture, Report report, List<String> causes, Instant at) {
        Map<String, ClaimResult> before = last.getOrDefault(posture.id(), Map.of());
        Map<String, ClaimResult> now = new LinkedHashMap<>();
        List<ClaimChange> changes = new ArrayList<>();
        for (ClaimResult result : report.claims()) {
            String key = result.claim().id() + " " + result.scope();
            now.put(key, result);
            @Nullable ClaimResult was = before.get(key);
            if (was == null || !same(was.verdict(), result.verdict())) {
                changes.add(new ClaimChange(posture, Optional.ofNullable(was), result, causes, at));
            }
        }
        before.forEach((key, was) -> {
            if (!now.containsKey(key)) {
                ClaimResult none = ClaimResult.collect(was.claim(), was.scope()).result();
                changes.add(new ClaimChange(posture, Optional.of(was), none, causes, at));
            }
        });
        last.put(posture.id(), now);
        return changes;
    }

    private static boolean same(Verdict was, Verdict now) {
        return ClaimChange.name(was).equals(ClaimChange.name(now))
                && reasons(was).equals(reasons(now));
    }

    private static Set<String> reasons(Verdict verdict) {
        Set<String> reasons = new TreeSet<>();
        if (verdict instanceof Verdict.Violated violated) {
            violated.findings().forEach(finding -> reasons.add(Fingerprint.of(finding)));
        } else if (verdict instanceof Verdict.Unknown unknown) {
            unknown.doubts().forEach(doubt -> reasons.add(doubt.reason()));
        }
        return reasons;
    }
}
