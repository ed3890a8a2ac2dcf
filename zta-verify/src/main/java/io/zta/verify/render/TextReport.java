package io.zta.verify.render;

import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Verdict;
import io.zta.snapshot.Damage;
import io.zta.snapshot.Origin;
import io.zta.verify.Report;
import io.zta.verify.internal.Lines;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The report for a terminal: verdicts first, then findings, the worst first, and at the end what to do next. */
public final class TextReport {
    private static final String INDENT = " ".repeat(12);
    /** How many like doubts are written out before the rest is only counted. */
    private static final int DOUBTS_SHOWN = 12;
    /** How many findings are written out, with their ways in, before the rest is only counted by kind. */
    private static final int FINDINGS_SHOWN = 20;
    /** How many findings of one fault are named beside the one that is written out. */
    private static final int LIKE_SHOWN = 8;

    private final boolean coloured;
    private final StringBuilder out = new StringBuilder();

    private TextReport(boolean coloured) {
        this.coloured = coloured;
    }

    /** Without colour, for files and pipes. */
    public static TextReport plain() {
        return new TextReport(false);
    }

    /** With ANSI colours, for a terminal. */
    public static TextReport coloured() {
        return new TextReport(true);
    }

    /** One finding with its evidence, its way in and its fix; without colour. */
    public static String of(Finding finding) {
        TextReport report = plain();
        report.finding(finding, List.of());
        return report.out.toString();
    }

    /** Writes reports. */
    public String write(Dossier dossier) {
        out.setLength(0);
        for (Report report : dossier.reports()) {
            head(report);
            report.claims().forEach(this::claim);
            out.append('\n');
        }
        findings(dossier.findings());
        turning(dossier);
        doubts(dossier);
        damages(dossier.damages());
        listing("Assumed", dossier.assumptions());
        listing("Trusted", dossier.trustedBase());
        listing("Excepted", dossier.exceptions());
        next(dossier);
        return out.toString();
    }

    private void head(Report report) {
        String title = "posture " + Words.of(report.posture());
        String outcome = report.outcome().name().toLowerCase(Locale.ROOT);
        int gap = Math.max(1, Lines.WIDTH - title.length() - outcome.length());
        out.append(bold(title))
                .append(" ".repeat(gap))
                .append(tint(outcome, outcome))
                .append('\n');
        int proven = (int) report.claims().stream()
                .filter(claim -> claim.verdict() instanceof Verdict.Proven)
                .count();
        int read = report.read().values().stream().mapToInt(Integer::intValue).sum();
        Lines.wrap(
                out,
                "",
                "",
                proven + " of " + Words.count(report.claims().size(), "claim") + " proven, "
                        + Words.count(read, "object") + " read");
    }

    private void claim(ClaimResult result) {
        String verdict = Words.of(result.verdict());
        String first = String.format(
                Locale.ROOT, "  %-9s%-19s", verdict, result.claim().id());
        StringBuilder line = new StringBuilder();
        Lines.wrap(line, first, " ".repeat(first.length()), result.scope() + " (" + result.covered() + " checked)");
        out.append("  ").append(tint(verdict, verdict)).append(line.substring(2 + verdict.length()));
    }

    /** What one object is at fault for and one change mends: written out once, with the other ways it opens named. */
    private record Fault(String id, String object, String fix) {
        static Fault of(Finding finding) {
            return new Fault(finding.id(), finding.object(), finding.fix());
        }
    }

    private void findings(List<Finding> findings) {
        Map<Fault, List<Finding>> faults = new LinkedHashMap<>();
        findings.forEach(finding -> faults.computeIfAbsent(Fault.of(finding), fault -> new ArrayList<>())
                .add(finding));
        Map<String, List<Finding>> rest = new LinkedHashMap<>();
        int shown = 0;
        for (List<Finding> like : faults.values()) {
            Finding first = like.get(0);
            if (shown++ < FINDINGS_SHOWN) {
                finding(first, like.subList(1, like.size()));
            } else {
                rest.computeIfAbsent(first.id(), id -> new ArrayList<>()).addAll(like);
            }
        }
        rest.values().forEach(like -> {
            Finding first = like.get(0);
            String head = first.id() + " " + Words.of(first.severity());
            String text = ": " + Words.count(like.size(), "finding") + " more, such as " + first.object() + " "
                    + first.title();
            StringBuilder line = new StringBuilder();
            Lines.wrap(line, "", "  ", head + text);
            out.append(tint(Words.of(first.severity()), head)).append(line.substring(head.length()));
        });
        if (!rest.isEmpty()) {
            Lines.wrap(out, "  ", "  ", "-o json and -o html have them all, each with its way in");
            out.append('\n');
        }
    }

    private void finding(Finding finding, List<Finding> like) {
        String severity = Words.of(finding.severity());
        StringBuilder line = new StringBuilder();
        Lines.wrap(line, "", "  ", finding.id() + " " + severity + " " + finding.object() + " " + finding.title());
        String text = line.toString();
        String head = finding.id() + " " + severity;
        out.append(text.startsWith(head) ? tint(severity, head) + text.substring(head.length()) : text);
        boolean named = false;
        for (Evidence evidence : finding.evidence()) {
            field(named ? "" : "evidence", evidence(finding, evidence));
            named = true;
        }
        witness(finding);
        also(finding, like);
        if (!finding.fix().isEmpty()) {
            field("fix", finding.fix());
        }
        List<String> tail = new ArrayList<>();
        if (!finding.rule().isEmpty()) {
            tail.add(finding.rule());
        }
        if (!finding.bypass().isEmpty()) {
            tail.add("bypass " + finding.bypass());
        }
        if (!tail.isEmpty()) {
            field("rule", String.join(", ", tail));
        }
        out.append('\n');
    }

    private static String evidence(Finding finding, Evidence evidence) {
        String text =
                evidence.object().equals(finding.object()) && !evidence.path().isEmpty()
                        ? evidence.path() + " = " + evidence.value()
                        : evidence.toString();
        return text + place(evidence.origin());
    }

    private void witness(Finding finding) {
        List<Hop> witness = finding.witness();
        int step = 0;
        for (Hop hop : witness) {
            step++;
            String number = witness.size() == 1 ? "" : step + ". ";
            field(
                    step == 1 ? "witness" : "",
                    number
                            + hop.what()
                            + hop.because()
                                    .filter(because -> !finding.evidence().contains(because))
                                    .map(because -> ": " + because + place(because.origin()))
                                    .orElse(""));
        }
    }

    /** The other ways that the same fault opens: by their titles, or by where they end where these are the same. */
    private void also(Finding finding, List<Finding> like) {
        List<String> others = like.stream()
                .map(other -> other.title().equals(finding.title())
                                && !other.witness().isEmpty()
                        ? other.witness().get(other.witness().size() - 1).what()
                        : other.title())
                .filter(other -> !other.equals(finding.title()))
                .distinct()
                .toList();
        for (int i = 0; i < others.size() && i < LIKE_SHOWN; i++) {
            field(i == 0 ? "also" : "", others.get(i));
        }
        if (others.size() > LIKE_SHOWN) {
            field("", "and " + (others.size() - LIKE_SHOWN) + " more: -o json has them all");
        }
    }

    private void field(String name, String text) {
        Lines.wrap(out, String.format(Locale.ROOT, "  %-9s ", name), INDENT, text);
    }

    private static String place(Origin origin) {
        return Words.hasPlace(origin) ? " (" + origin.source() + ":" + origin.line() + ")" : "";
    }

    private void turning(Dossier dossier) {
        if (!dossier.pivots().isEmpty()) {
            out.append(bold("What would change it")).append('\n');
            dossier.pivots().forEach(pivot -> out.append(Turning.text(pivot)));
            out.append('\n');
        }
    }

    private void doubts(Dossier dossier) {
        Map<Doubt, List<String>> doubts = Words.doubts(dossier);
        if (doubts.isEmpty()) {
            return;
        }
        out.append(bold("Not known")).append('\n');
        int shown = 0;
        for (Map.Entry<Doubt, List<String>> entry : doubts.entrySet()) {
            if (shown++ == DOUBTS_SHOWN) {
                Lines.wrap(
                        out,
                        "  ",
                        "  ",
                        "and " + Words.count(doubts.size() - DOUBTS_SHOWN, "reason") + " more: -o json has them all");
                break;
            }
            Doubt doubt = entry.getKey();
            Lines.wrap(
                    out,
                    "  ",
                    "    ",
                    doubt.reason() + place(doubt.origin()) + " [" + String.join(", ", entry.getValue()) + "]");
            if (!doubt.resolve().isEmpty()) {
                Lines.wrap(out, "    to settle it: ", "    ", doubt.resolve());
            }
        }
        out.append('\n');
    }

    private void damages(List<Damage> damages) {
        if (damages.isEmpty()) {
            return;
        }
        out.append(bold("Not read")).append('\n');
        damages.forEach(damage -> Lines.wrap(out, "  ", "    ", damage.toString()));
        out.append('\n');
    }

    private void listing(String name, List<String> sentences) {
        if (!sentences.isEmpty()) {
            String first = String.format(Locale.ROOT, "%-9s ", name);
            Lines.wrap(
                    out,
                    first,
                    " ".repeat(first.length()),
                    sentences.stream()
                            .map(sentence -> sentence.endsWith(".") ? sentence : sentence + ".")
                            .collect(java.util.stream.Collectors.joining(" ")));
        }
    }

    private void next(Dossier dossier) {
        String first = String.format(Locale.ROOT, "%-9s ", "Next");
        Lines.wrap(out, first, " ".repeat(first.length()), NextStep.of(dossier));
    }

    private String bold(String text) {
        return coloured ? "\u001b[1m" + text + "\u001b[0m" : text;
    }

    private String tint(String word, String text) {
        if (!coloured) {
            return text;
        }
        String code = switch (word) {
            case "proven" -> "32";
            case "violated", "error" -> "31";
            case "unknown", "warning" -> "33";
            default -> "36";
        };
        return "\u001b[" + code + "m" + text + "\u001b[0m";
    }
}
