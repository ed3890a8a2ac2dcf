package io.zta.verify.render;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.finding.Severity;
import io.zta.finding.Verdict;
import io.zta.snapshot.Origin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The words that all formats share. */
final class Words {
    private Words() {}

    /** {@code proven}, {@code violated} or {@code unknown}. */
    static String of(Verdict verdict) {
        return verdict.match(proven -> "proven", violated -> "violated", unknown -> "unknown");
    }

    static String of(Severity severity) {
        return severity.name().toLowerCase(Locale.ROOT);
    }

    static List<Finding> findings(ClaimResult result) {
        return result.verdict().match(proven -> List.of(), Verdict.Violated::findings, unknown -> List.of());
    }

    static List<Doubt> doubts(ClaimResult result) {
        return result.verdict().match(proven -> List.of(), Verdict.Violated::doubts, Verdict.Unknown::doubts);
    }

    /** All doubts of all claims, each once, with the claims they are about. */
    static Map<Doubt, List<String>> doubts(Dossier dossier) {
        Map<Doubt, List<String>> doubts = new LinkedHashMap<>();
        for (Dossier.Asked asked : dossier.claims()) {
            for (Doubt doubt : doubts(asked.result())) {
                List<String> claims = doubts.computeIfAbsent(doubt, key -> new ArrayList<>());
                String claim = asked.result().claim().id();
                if (!claims.contains(claim)) {
                    claims.add(claim);
                }
            }
        }
        return doubts;
    }

    static List<String> because(ClaimResult result) {
        return result.verdict().match(Verdict.Proven::because, violated -> List.of(), unknown -> List.of());
    }

    /** {@code namespaces/name} of a posture. */
    static String of(Posture posture) {
        return String.join("+", posture.namespaces()) + "/" + posture.name();
    }

    static boolean hasPlace(Origin origin) {
        return !origin.equals(Origin.MEMORY) && origin.line() > 0;
    }

    /** Where a finding stands: the first piece of evidence that has a line. */
    static Origin place(Finding finding) {
        return finding.evidence().stream()
                .map(io.zta.finding.Evidence::origin)
                .filter(Words::hasPlace)
                .findFirst()
                .orElse(Origin.MEMORY);
    }

    /** {@code 1 pod}, {@code 2 pods}. */
    static String count(int number, String thing) {
        return number + " " + thing + (number == 1 ? "" : thing.endsWith("s") ? "es" : "s");
    }
}
