package io.zta.verify;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.Subject;
import io.zta.network.Reach;
import io.zta.rbac.Action;
import io.zta.rbac.Rbac;
import io.zta.rbac.WhoCan;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Difference.Change;
import io.zta.verify.Difference.Kind;
import io.zta.verify.internal.Fingerprint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Compares two snapshots, layer by layer. For one comparison. */
final class Comparison {
    private static final String EVERYWHERE = "*";

    private final List<Change> opened = new ArrayList<>();
    private final List<Change> closed = new ArrayList<>();
    private final Set<Doubt> doubts = new LinkedHashSet<>();

    Difference of(List<Posture> postures, Snapshot before, Snapshot after) {
        clusters(before, after);
        postures.forEach(posture -> findings(posture, before, after));
        return difference();
    }

    /** Where one posture takes the place of another: what the old one forbids and is open, and what the new one closes. */
    Difference of(Posture old, Posture now, Snapshot before, Snapshot after) {
        clusters(before, after);
        missing(Verifier.verify(old, after), Verifier.verify(old, before), opened);
        missing(Verifier.verify(now, before), Verifier.verify(now, after), closed);
        return difference();
    }

    private void clusters(Snapshot before, Snapshot after) {
        after.damages().forEach(damage -> doubts.add(new Doubt(damage.problem(), damage.remedy(), damage.origin())));
        flows(before, after);
        entries(before, after);
    }

    private Difference difference() {
        Comparator<Change> order = Comparator.comparing(Change::kind)
                .thenComparing(Change::workload)
                .thenComparing(Change::who)
                .thenComparing(Change::how)
                .thenComparing(change -> change.via().toString());
        opened.sort(order);
        closed.sort(order);
        return new Difference(opened, closed, List.copyOf(doubts));
    }

    private void flows(Snapshot before, Snapshot after) {
        Reach old = Reach.of(before);
        Reach now = Reach.of(after);
        doubts.addAll(now.notes());
        now.beyond(old).forEach(row -> opened.add(flow(row)));
        old.beyond(now).forEach(row -> closed.add(flow(row)));
    }

    private static Change flow(Reach.Row row) {
        return row.dst().indexOf('/') < 0
                ? new Change(Kind.FLOW, row.src(), row.src(), "to " + row.dst() + " on " + row.conn(), List.of())
                : new Change(Kind.FLOW, row.dst(), row.src(), row.conn(), List.of());
    }

    private void entries(Snapshot before, Snapshot after) {
        Rbac old = Rbac.of(before);
        Rbac now = Rbac.of(after);
        doubts.addAll(now.doubts());
        for (String name : Action.names()) {
            Action action = Action.named(name).orElseThrow();
            Map<Subject, Map<String, WhoCan>> then = byPlace(old, action);
            Map<Subject, Map<String, WhoCan>> later = byPlace(now, action);
            beyond(action, later, then, opened);
            beyond(action, then, later, closed);
        }
    }

    private static Map<Subject, Map<String, WhoCan>> byPlace(Rbac rbac, Action action) {
        Map<Subject, Map<String, WhoCan>> places = new LinkedHashMap<>();
        rbac.whoCan(action, Optional.empty())
                .forEach(who -> places.computeIfAbsent(who.subject(), key -> new HashMap<>())
                        .put(who.namespace(), who));
        return places;
    }

    private static void beyond(
            Action action,
            Map<Subject, Map<String, WhoCan>> rights,
            Map<Subject, Map<String, WhoCan>> others,
            List<Change> into) {
        rights.forEach((subject, places) -> {
            Map<String, WhoCan> there = others.getOrDefault(subject, Map.of());
            places.forEach((place, who) -> {
                if (!there.containsKey(place) && !there.containsKey(EVERYWHERE)) {
                    into.add(new Change(
                            Kind.ENTRY,
                            place.equals(EVERYWHERE) ? "every namespace" : "namespace " + place,
                            subject.toString(),
                            action.id(),
                            who.via().stream().map(Object::toString).toList()));
                }
            });
        });
    }

    private void findings(Posture posture, Snapshot before, Snapshot after) {
        Report old = Verifier.verify(posture, before);
        Report now = Verifier.verify(posture, after);
        missing(now, old, opened);
        missing(old, now, closed);
        for (ClaimResult claim : now.claims()) {
            boolean known = old.claims().stream()
                    .anyMatch(other -> other.claim() == claim.claim()
                            && other.scope().equals(claim.scope())
                            && !(other.verdict() instanceof Verdict.Unknown));
            if (known && claim.verdict() instanceof Verdict.Unknown unknown) {
                doubts.addAll(unknown.doubts());
            }
        }
    }

    private static void missing(Report report, Report other, List<Change> into) {
        Set<String> there = new LinkedHashSet<>();
        other.findings().forEach(finding -> there.add(Fingerprint.of(finding)));
        Set<String> said = new LinkedHashSet<>();
        for (Finding finding : report.findings()) {
            if (!there.contains(Fingerprint.of(finding)) && said.add(Fingerprint.of(finding))) {
                into.add(new Change(Kind.FINDING, finding.object(), "", finding.id(), List.of(finding.title())));
            }
        }
    }
}
