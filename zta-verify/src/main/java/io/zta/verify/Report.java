package io.zta.verify;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.snapshot.Damage;
import io.zta.snapshot.GroupKind;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The answer of a verification: a verdict for each claim, and what it rests on. Immutable.
 *
 * @param posture what was asked
 * @param claims the claims with their verdicts, in the order of {@link io.zta.finding.Claim}
 * @param notes findings that refute no claim but should be read: objects that do not do what they say
 * @param damages what of the snapshot could not be read
 * @param trustedBase whom the claims trust, one sentence each
 * @param exceptions ways in that no object closes, one sentence each
 * @param read how many objects of each kind were read
 */
public record Report(
        Posture posture,
        List<ClaimResult> claims,
        List<Finding> notes,
        List<Damage> damages,
        List<String> trustedBase,
        List<String> exceptions,
        Map<GroupKind, Integer> read) {
    public Report {
        claims = List.copyOf(claims);
        notes = List.copyOf(notes);
        damages = List.copyOf(damages);
        trustedBase = List.copyOf(trustedBase);
        exceptions = List.copyOf(exceptions);
        read = Collections.unmodifiableMap(new TreeMap<>(read));
    }

    /** The verdict over all claims. */
    public enum Outcome {
        /** Every claim is proven. */
        PROVEN,
        /** At least one claim is violated, whatever else is unknown. */
        VIOLATED,
        /** No claim is violated, and at least one is unknown. */
        UNKNOWN
    }

    /** The verdict over all claims; Unknown where there is none. */
    public Outcome outcome() {
        if (claims.stream().anyMatch(claim -> claim.verdict() instanceof Verdict.Violated)) {
            return Outcome.VIOLATED;
        }
        boolean unknown = claims.stream().anyMatch(claim -> claim.verdict() instanceof Verdict.Unknown);
        return unknown || claims.isEmpty() ? Outcome.UNKNOWN : Outcome.PROVEN;
    }

    /** All findings: those that refute claims, then the notes; each once. */
    public List<Finding> findings() {
        return Stream.concat(
                        claims.stream()
                                .map(ClaimResult::verdict)
                                .filter(Verdict.Violated.class::isInstance)
                                .map(verdict -> ((Verdict.Violated) verdict).findings())
                                .flatMap(Collection::stream),
                        notes.stream())
                .distinct()
                .toList();
    }

    /** Everything assumed by some claim, each once. */
    public List<String> assumptions() {
        return claims.stream()
                .flatMap(claim -> claim.assumptions().stream())
                .distinct()
                .toList();
    }
}
