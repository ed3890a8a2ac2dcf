package io.zta.verify.render;

import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.intent.Intent;
import io.zta.snapshot.Origin;
import io.zta.verify.Report;
import io.zta.verify.internal.Fingerprint;
import io.zta.verify.internal.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The report for programs. Keys are stable: one may be added, none changes its meaning. */
final class JsonReport {
    private JsonReport() {}

    static String write(Dossier dossier) {
        return Json.indented(tree(dossier));
    }

    static Map<String, Object> tree(Dossier dossier) {
        Map<String, Integer> read = new TreeMap<>();
        dossier.reports().forEach(report -> report.read().forEach((kind, number) -> read.put(kind.toString(), number)));
        return Json.object(
                "version",
                1,
                "outcome",
                dossier.outcome().name().toLowerCase(java.util.Locale.ROOT),
                "postures",
                dossier.reports().stream().map(JsonReport::posture).toList(),
                "summary",
                summary(dossier),
                "claims",
                dossier.claims().stream()
                        .map(asked -> claim(asked.report(), asked.result()))
                        .toList(),
                "notes",
                dossier.reports().stream()
                        .flatMap(report -> report.notes().stream())
                        .distinct()
                        .map(JsonReport::finding)
                        .toList(),
                "damages",
                dossier.damages().stream()
                        .map(damage -> Json.object(
                                "problem", damage.problem(), "remedy", damage.remedy(), "at", place(damage.origin())))
                        .toList(),
                "assumptions",
                dossier.assumptions(),
                "trustedBase",
                dossier.trustedBase(),
                "exceptions",
                dossier.exceptions(),
                "read",
                read,
                "whatIf",
                dossier.pivots().isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                dossier.pivots().stream().map(Turning::tree).toList()));
    }

    private static Map<String, Object> posture(Report report) {
        return Json.object(
                "name",
                report.posture().name(),
                "namespaces",
                report.posture().namespaces(),
                "phase",
                report.posture().phase().name().toLowerCase(java.util.Locale.ROOT),
                "asks",
                report.posture().intents().stream().map(Intent::call).toList(),
                "outcome",
                report.outcome().name().toLowerCase(java.util.Locale.ROOT));
    }

    private static Map<String, Object> summary(Dossier dossier) {
        Map<String, Object> verdicts = new LinkedHashMap<>(Json.object("proven", 0, "violated", 0, "unknown", 0));
        dossier.claims()
                .forEach(asked ->
                        verdicts.merge(Words.of(asked.result().verdict()), 1, (a, b) -> (Integer) a + (Integer) b));
        Map<String, Object> findings = new LinkedHashMap<>(Json.object("error", 0, "warning", 0, "note", 0));
        dossier.findings()
                .forEach(finding ->
                        findings.merge(Words.of(finding.severity()), 1, (a, b) -> (Integer) a + (Integer) b));
        return Json.object("claims", verdicts, "findings", findings);
    }

    private static Map<String, Object> claim(Report report, ClaimResult result) {
        return Json.object(
                "claim",
                result.claim().id(),
                "number",
                result.claim().number(),
                "text",
                result.claim().text(),
                "posture",
                Words.of(report.posture()),
                "scope",
                result.scope(),
                "verdict",
                Words.of(result.verdict()),
                "covered",
                result.covered(),
                "because",
                Words.because(result),
                "findings",
                Words.findings(result).stream().map(JsonReport::finding).toList(),
                "doubts",
                Words.doubts(result).stream().map(JsonReport::doubt).toList(),
                "assumptions",
                result.assumptions());
    }

    static Map<String, Object> doubt(Doubt doubt) {
        return Json.object("reason", doubt.reason(), "resolve", doubt.resolve(), "at", place(doubt.origin()));
    }

    static Map<String, Object> finding(Finding finding) {
        return Json.object(
                "id",
                finding.id(),
                "severity",
                Words.of(finding.severity()),
                "bypass",
                finding.bypass(),
                "object",
                finding.object(),
                "title",
                finding.title(),
                "evidence",
                finding.evidence().stream().map(JsonReport::evidence).toList(),
                "witness",
                finding.witness().stream().map(JsonReport::hop).toList(),
                "fix",
                finding.fix(),
                "rule",
                finding.rule(),
                "fingerprint",
                Fingerprint.of(finding));
    }

    private static Map<String, Object> hop(Hop hop) {
        return Json.object("what", hop.what(), "because", hop.because().map(JsonReport::evidence));
    }

    static Map<String, Object> evidence(Evidence evidence) {
        return Json.object(
                "object",
                evidence.object(),
                "path",
                evidence.path(),
                "value",
                evidence.value(),
                "at",
                place(evidence.origin()));
    }

    /** File and line; empty for what stands nowhere. */
    static Optional<Object> place(Origin origin) {
        if (origin.equals(Origin.MEMORY)) {
            return Optional.empty();
        }
        Optional<Integer> line = origin.line() > 0 ? Optional.of(origin.line()) : Optional.empty();
        Optional<Integer> column = origin.column() > 0 ? Optional.of(origin.column()) : Optional.empty();
        return Optional.of(Json.object("file", origin.source(), "line", line, "column", column));
    }
}
