package io.zta.verify.render;

import io.zta.finding.Claim;
import io.zta.snapshot.Origin;
import io.zta.verify.Report;
import io.zta.verify.whatif.Pivot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is written out together: the reports on one snapshot, and what is drawn beside them. Immutable.
 *
 * @param reports a report for each posture, at least one
 * @param flows who reaches whom, where it was worked out
 * @param asked where each claim is asked for, in the posture's file
 * @param pivots what would change the verdicts, where it was worked out
 */
public record Dossier(List<Report> reports, Optional<FlowMap> flows, Map<Claim, Origin> asked, List<Pivot> pivots) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if there is no report
     */
    public Dossier {
        if (reports.isEmpty()) {
            throw new IllegalArgumentException("nothing was verified, so there is nothing to write");
        }
        reports = List.copyOf(reports);
        pivots = List.copyOf(pivots);
        Map<Claim, Origin> copy = new EnumMap<>(Claim.class);
        copy.putAll(asked);
        asked = Collections.unmodifiableMap(copy);
    }

    /** One report by itself. */
    public static Dossier of(Report report) {
        return new Dossier(List.of(report), Optional.empty(), Map.of(), List.of());
    }

    /** Several reports on one snapshot. */
    public static Dossier of(List<Report> reports) {
        return new Dossier(reports, Optional.empty(), Map.of(), List.of());
    }

    /** The same, with a picture of who reaches whom. */
    public Dossier with(FlowMap map) {
        return new Dossier(reports, Optional.of(map), asked, pivots);
    }

    /** The same, with the places where the posture's file asks for claims. */
    public Dossier asked(Map<Claim, Origin> places) {
        return new Dossier(reports, flows, places, pivots);
    }

    /** The same, with what would change the verdicts. */
    public Dossier turning(List<Pivot> turning) {
        return new Dossier(reports, flows, asked, turning);
    }

    /** The verdict over all reports: Violated before Unknown before Proven. */
    public Report.Outcome outcome() {
        List<Report.Outcome> all = reports.stream().map(Report::outcome).toList();
        if (all.contains(Report.Outcome.VIOLATED)) {
            return Report.Outcome.VIOLATED;
        }
        return all.contains(Report.Outcome.UNKNOWN) ? Report.Outcome.UNKNOWN : Report.Outcome.PROVEN;
    }

    /** All claims with the posture that makes them, in the order of the reports. */
    List<Asked> claims() {
        List<Asked> all = new ArrayList<>();
        reports.forEach(report -> report.claims().forEach(claim -> all.add(new Asked(report, claim))));
        return all;
    }

    /** All findings of all reports, each once, the worst first. */
    List<io.zta.finding.Finding> findings() {
        return reports.stream()
                .flatMap(report -> report.findings().stream())
                .distinct()
                .sorted(java.util.Comparator.comparing(io.zta.finding.Finding::severity))
                .toList();
    }

    /** What could not be read, each once. */
    List<io.zta.snapshot.Damage> damages() {
        return reports.stream()
                .flatMap(report -> report.damages().stream())
                .distinct()
                .toList();
    }

    List<String> assumptions() {
        return distinct(Report::assumptions);
    }

    List<String> trustedBase() {
        return distinct(Report::trustedBase);
    }

    List<String> exceptions() {
        return distinct(Report::exceptions);
    }

    private List<String> distinct(java.util.function.Function<Report, List<String>> part) {
        return reports.stream()
                .flatMap(report -> part.apply(report).stream())
                .distinct()
                .toList();
    }

    /** A claim's result and the report it is in. */
    record Asked(Report report, io.zta.finding.ClaimResult result) {}
}
