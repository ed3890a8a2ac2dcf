package io.zta.verify.render;

import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.snapshot.Origin;
import io.zta.verify.Report;
import java.util.List;
import java.util.Locale;

/** The report as a comment on a change: verdicts as a table, each finding with its way in as a Mermaid diagram. */
final class MarkdownReport {
    /** Forges refuse comments beyond about 65,000 characters; findings past this number are listed by their title. */
    private static final int WRITTEN_OUT = 20;

    private final StringBuilder out = new StringBuilder();

    private MarkdownReport() {}

    static String write(Dossier dossier) {
        return new MarkdownReport().page(dossier);
    }

    private String page(Dossier dossier) {
        for (Report report : dossier.reports()) {
            out.append("## zta: ")
                    .append(text(Words.of(report.posture())))
                    .append(" is **")
                    .append(report.outcome().name().toLowerCase(Locale.ROOT))
                    .append("**\n\n| verdict | claim | where | checked |\n|---|---|---|---|\n");
            report.claims().forEach(this::row);
            out.append('\n');
        }
        findings(dossier.findings());
        if (!dossier.pivots().isEmpty()) {
            out.append(Turning.markdown(dossier.pivots()));
        }
        doubts(dossier);
        if (!dossier.damages().isEmpty()) {
            out.append("### Not read\n\n");
            dossier.damages()
                    .forEach(damage ->
                            out.append("- ").append(text(damage.toString())).append('\n'));
            out.append('\n');
        }
        listing("Assumed", dossier.assumptions());
        listing("Trusted", dossier.trustedBase());
        listing("Excepted", dossier.exceptions());
        out.append("**Next:** ").append(text(NextStep.of(dossier))).append('\n');
        return out.toString();
    }

    private void row(ClaimResult result) {
        out.append("| ")
                .append(Words.of(result.verdict()))
                .append(" | ")
                .append(text(result.claim().text()))
                .append(" | ")
                .append(text(result.scope()))
                .append(" | ")
                .append(result.covered())
                .append(" |\n");
    }

    private void findings(List<Finding> findings) {
        int shown = 0;
        for (Finding finding : findings) {
            if (shown++ == WRITTEN_OUT) {
                out.append("### And ")
                        .append(Words.count(findings.size() - WRITTEN_OUT, "finding"))
                        .append(" more\n\n");
            }
            if (shown > WRITTEN_OUT) {
                out.append("- ")
                        .append(finding.id())
                        .append(' ')
                        .append(text(finding.object() + " " + finding.title()))
                        .append('\n');
            } else {
                finding(finding);
            }
        }
        if (shown > WRITTEN_OUT) {
            out.append('\n');
        }
    }

    private void finding(Finding finding) {
        out.append("### ")
                .append(finding.id())
                .append(' ')
                .append(Words.of(finding.severity()))
                .append(": ")
                .append(text(finding.object() + " " + finding.title()))
                .append("\n\n");
        for (Evidence evidence : finding.evidence()) {
            out.append("- ")
                    .append(code(evidence.toString()))
                    .append(place(evidence.origin()))
                    .append('\n');
        }
        if (!finding.fix().isEmpty()) {
            out.append("- **fix:** ").append(text(finding.fix())).append('\n');
        }
        out.append('\n');
        if (!finding.witness().isEmpty()) {
            out.append(Mermaid.witness(finding.witness())).append('\n');
            int step = 0;
            for (Hop hop : finding.witness()) {
                out.append(++step).append(". ").append(text(hop.what()));
                hop.because()
                        .ifPresent(because -> out.append(": ")
                                .append(code(because.toString()))
                                .append(place(because.origin())));
                out.append('\n');
            }
            out.append('\n');
        }
    }

    private void doubts(Dossier dossier) {
        List<Doubt> doubts = dossier.claims().stream()
                .flatMap(asked -> Words.doubts(asked.result()).stream())
                .distinct()
                .toList();
        if (doubts.isEmpty()) {
            return;
        }
        out.append("### Not known\n\n");
        for (Doubt doubt : doubts) {
            out.append("- ").append(text(doubt.reason())).append(place(doubt.origin()));
            if (!doubt.resolve().isEmpty()) {
                out.append("; to settle it: ").append(text(doubt.resolve()));
            }
            out.append('\n');
        }
        out.append('\n');
    }

    private void listing(String name, List<String> sentences) {
        if (sentences.isEmpty()) {
            return;
        }
        out.append("<details><summary>")
                .append(name)
                .append(" (")
                .append(sentences.size())
                .append(")</summary>\n\n");
        sentences.forEach(sentence -> out.append("- ").append(text(sentence)).append('\n'));
        out.append("\n</details>\n\n");
    }

    private static String place(Origin origin) {
        return Words.hasPlace(origin) ? " (" + code(origin.source() + ":" + origin.line()) + ")" : "";
    }

    /** Text that no name or value of a manifest turns into markup, a mention or a table cell. */
    static String text(String raw) {
        StringBuilder safe = new StringBuilder();
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            switch (c) {
                case '\\', '`', '*', '_', '{', '}', '[', ']', '#', '|', '~' ->
                    safe.append('\\').append(c);
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '&' -> safe.append("&amp;");
                case '@' -> safe.append("&#64;");
                case '\n', '\r' -> safe.append(' ');
                default -> safe.append(c);
            }
        }
        return safe.toString();
    }

    /** A code span around text that may hold backticks itself. */
    static String code(String raw) {
        String line = raw.replace('\n', ' ').replace('\r', ' ');
        String fence = "`";
        while (line.contains(fence)) {
            fence += "`";
        }
        String pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
        return fence + pad + line + pad + fence;
    }
}
