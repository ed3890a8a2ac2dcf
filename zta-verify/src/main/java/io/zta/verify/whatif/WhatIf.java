package io.zta.verify.whatif;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.Subject;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Verifier;
import io.zta.verify.proof.Path;
import io.zta.verify.whatif.Pivot.Turn;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Finds what would change the verdicts of a posture on a snapshot. Pure; it evaluates some dozens of edited snapshots for
 * each claim.
 */
public final class WhatIf {
    /** How often findings that are left are mended by further edits. */
    private static final int ROUNDS = 4;
    /** Objects that a proof hangs on which are looked into for the field. */
    private static final int NARROWED = 3;

    private final Posture posture;
    private final Snapshot snapshot;
    private final List<ClaimResult> results;

    private WhatIf(Posture posture, Snapshot snapshot, List<ClaimResult> results) {
        this.posture = posture;
        this.snapshot = snapshot;
        this.results = results;
    }

    /**
     * What would change each verdict of a posture.
     *
     * @return one for each claim, in the order of the report
     */
    public static List<Pivot> of(Posture posture, Snapshot snapshot) {
        List<ClaimResult> results = Verifier.verify(posture, snapshot).claims();
        WhatIf whatIf = new WhatIf(posture, snapshot, results);
        return results.stream().map(whatIf::pivot).toList();
    }

    /**
     * What would change the verdicts of one claim.
     *
     * @return one for each result of that claim, in the order of the report; none where the posture does not make it
     */
    public static List<Pivot> of(Posture posture, Snapshot snapshot, Claim claim) {
        List<ClaimResult> results = Verifier.verify(posture, snapshot).claims();
        WhatIf whatIf = new WhatIf(posture, snapshot, results);
        return results.stream()
                .filter(result -> result.claim() == claim)
                .map(whatIf::pivot)
                .toList();
    }

    /**
     * What would stop a connection that gets through, or let through one that is stopped.
     *
     * @param path the connection, as {@link io.zta.verify.proof.Paths#explain} followed it on this snapshot
     */
    public static Pivot of(Path path, Snapshot snapshot) {
        return FlowWhatIf.of(snapshot, path);
    }

    /**
     * What would keep a subject out of the containers of a namespace, or get it in.
     *
     * @param namespace a namespace of the snapshot
     */
    public static Pivot of(Subject subject, String namespace, Snapshot snapshot) {
        return EntryWhatIf.of(snapshot, subject, namespace);
    }

    private Pivot pivot(ClaimResult result) {
        return result.verdict()
                .match(
                        proven -> hangsOn(result),
                        violated -> mended(result, violated),
                        unknown -> settled(result, unknown));
    }

    /** The edits that each alone break a proof, the narrowest of each object. */
    private Pivot hangsOn(ClaimResult result) {
        List<Turn> turns = new ArrayList<>();
        Search search = new Search(edits -> !isProven(result, edited(edits)));
        List<Edit> candidates = new Candidates(snapshot).holding(posture);
        List<Edit> load = search.singles(candidates, candidates.size());
        if (load.isEmpty()) {
            search.few(List.of(), candidates).ifPresent(together -> turns.add(broken(result, together.edits())));
        }
        for (int i = 0; i < load.size(); i++) {
            Edit edit = i < NARROWED ? narrowed(load.get(i), search) : load.get(i);
            turns.add(broken(result, List.of(edit)));
        }
        // What is refuted shows more than what is only no longer known.
        turns.sort(java.util.Comparator.comparing(turn -> !turn.verdict().equals("violated")));
        return new Pivot(about(result), word(result), turns, List.of(), search.tried());
    }

    private Turn broken(ClaimResult result, List<Edit> edits) {
        Optional<ClaimResult> broken = find(result, edited(edits));
        return new Turn(
                edits,
                broken.map(WhatIf::word).orElse("not claimed"),
                edits.size() <= 2, // each was tried alone before
                broken.map(WhatIf::reason).orElse(""));
    }

    /** Goes down into the object, as long as a part of what is taken away is enough. */
    private static Edit narrowed(Edit whole, Search search) {
        if (!whole.path().isEmpty() || whole.resource().isEmpty()) {
            return whole;
        }
        Edit narrow = whole;
        FieldPath.Stop at = new FieldPath.Stop("", whole.resource().get().tree(), false);
        while (true) {
            List<FieldPath.Stop> parts = Candidates.below(at);
            Optional<FieldPath.Stop> enough = Optional.empty();
            for (FieldPath.Stop part : parts) {
                Edit smaller = Edit.remove(whole.resource().get(), part.path(), part.node());
                if (!search.singles(List.of(smaller), 1).isEmpty()) {
                    narrow = part.path().equals("spec") ? narrow : smaller;
                    enough = Optional.of(part);
                    break;
                }
            }
            if (enough.isEmpty()) {
                return narrow;
            }
            at = enough.get();
        }
    }

    private Pivot mended(ClaimResult result, Verdict.Violated violated) {
        Candidates candidates = new Candidates(snapshot);
        Search search = new Search(proves(result));
        List<Edit> rendered = candidates.rendered(posture);
        List<Edit> choice = joined(candidates.of(violated.findings()), rendered);
        List<Edit> all = everything(result, violated.findings(), rendered);
        Optional<Search.Found> found = search.few(choice, all);
        return new Pivot(about(result), word(result), turns(found, result), violated.doubts(), search.tried());
    }

    /** Edits that are made all at once: what the posture renders, and round by round what findings still quote. */
    private List<Edit> everything(ClaimResult result, List<Finding> findings, List<Edit> rendered) {
        List<Edit> all = rendered;
        List<Finding> left = findings;
        for (int round = 0; round < ROUNDS && !left.isEmpty(); round++) {
            if (round > 0 || rendered.isEmpty()) {
                List<Edit> more = joined(all, new Candidates(snapshot).widest(left));
                if (more.equals(all)) {
                    break;
                }
                all = more;
            }
            left = find(result, edited(all)).map(WhatIf::findings).orElse(List.of());
        }
        return all;
    }

    private Pivot settled(ClaimResult result, Verdict.Unknown unknown) {
        Candidates candidates = new Candidates(snapshot);
        Set<Edit> edits = new LinkedHashSet<>();
        for (Doubt doubt : unknown.doubts()) {
            edits.addAll(candidates.doubted(doubt));
        }
        if (!snapshot.damages().isEmpty()) {
            edits.add(Edit.disregardUnread());
        }
        edits.addAll(candidates.rendered(posture));
        Search search = new Search(proves(result));
        Optional<Search.Found> found = search.few(List.copyOf(edits), List.copyOf(edits));
        return new Pivot(about(result), word(result), turns(found, result), unknown.doubts(), search.tried());
    }

    private List<Turn> turns(Optional<Search.Found> found, ClaimResult result) {
        return found.stream()
                .map(edits -> new Turn(
                        edits.edits(),
                        find(result, edited(edits.edits())).map(WhatIf::word).orElse("not claimed"),
                        edits.least(),
                        ""))
                .toList();
    }

    /** Whether edits prove a claim and leave every other that is proven so: shutting all would "prove" too much. */
    private Predicate<List<Edit>> proves(ClaimResult result) {
        return edits -> {
            Snapshot edited = edited(edits);
            return isProven(result, edited)
                    && Stream.of(Claim.values())
                            .filter(claim -> claim != result.claim())
                            .filter(claim ->
                                    results.stream().anyMatch(other -> other.claim() == claim && isProven(other)))
                            .allMatch(claim -> keeps(claim, edited));
        };
    }

    private boolean keeps(Claim claim, Snapshot edited) {
        List<ClaimResult> now = Verifier.verify(posture, edited, claim);
        return results.stream()
                .filter(result -> result.claim() == claim && isProven(result))
                .allMatch(result -> find(result, now).map(WhatIf::isProven).orElse(false));
    }

    private Snapshot edited(List<Edit> edits) {
        return Edit.applied(edits, snapshot);
    }

    private boolean isProven(ClaimResult result, Snapshot edited) {
        return find(result, edited).map(WhatIf::isProven).orElse(false);
    }

    private static boolean isProven(ClaimResult result) {
        return result.verdict() instanceof Verdict.Proven;
    }

    private Optional<ClaimResult> find(ClaimResult result, Snapshot edited) {
        return find(result, Verifier.verify(posture, edited, result.claim()));
    }

    private static Optional<ClaimResult> find(ClaimResult result, List<ClaimResult> among) {
        return among.stream()
                .filter(other ->
                        other.claim() == result.claim() && other.scope().equals(result.scope()))
                .findFirst();
    }

    private static List<Edit> joined(List<Edit> first, List<Edit> second) {
        Set<Edit> all = new LinkedHashSet<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    private static String about(ClaimResult result) {
        return result.claim().id() + ", " + result.scope();
    }

    private static String word(ClaimResult result) {
        return result.verdict().match(proven -> "proven", violated -> "violated", unknown -> "unknown");
    }

    private static List<Finding> findings(ClaimResult result) {
        return result.verdict().match(proven -> List.of(), Verdict.Violated::findings, unknown -> List.of());
    }

    private static String reason(ClaimResult result) {
        return result.verdict()
                .match(
                        proven -> "",
                        violated -> {
                            Finding worst = violated.findings().get(0);
                            return worst.id() + " " + worst.object() + " " + worst.title();
                        },
                        unknown -> unknown.doubts().get(0).reason());
    }
}
