package io.zta.verify.render;

import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.snapshot.Damage;
import io.zta.verify.Report;
import java.util.List;

/**
 * JUnit XML in the form of Surefire's schema 3.0.2: a claim is a test case, a violated one a failure, one that is not known
 * an error. Skipped would be green, and Unknown is not. Times are 0: the same snapshot gives the same bytes.
 */
final class JUnitReport {
    private final StringBuilder out = new StringBuilder();

    private JUnitReport() {}

    static String write(Dossier dossier) {
        return new JUnitReport().suite(dossier);
    }

    private String suite(Dossier dossier) {
        long failures = count(dossier, "violated");
        long errors = count(dossier, "unknown") + dossier.damages().size();
        long tests = dossier.claims().size() + (long) dossier.damages().size();
        out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite");
        attribute("name", "zta");
        attribute("time", "0");
        attribute("tests", String.valueOf(tests));
        attribute("errors", String.valueOf(errors));
        attribute("skipped", "0");
        attribute("failures", String.valueOf(failures));
        out.append(">\n  <properties>\n");
        dossier.trustedBase().forEach(trusted -> property("trusted", trusted));
        dossier.assumptions().forEach(assumed -> property("assumed", assumed));
        dossier.exceptions().forEach(excepted -> property("excepted", excepted));
        out.append("  </properties>\n");
        dossier.claims().forEach(asked -> testCase(asked.report(), asked.result()));
        dossier.damages().forEach(this::unread);
        return out.append("</testsuite>\n").toString();
    }

    private static long count(Dossier dossier, String verdict) {
        return dossier.claims().stream()
                .filter(asked -> Words.of(asked.result().verdict()).equals(verdict))
                .count();
    }

    private void property(String name, String value) {
        out.append("    <property");
        attribute("name", name);
        attribute("value", value);
        out.append("/>\n");
    }

    private void testCase(Report report, ClaimResult result) {
        open(
                result.claim().id() + ": " + result.scope(),
                "zta." + Words.of(report.posture()).replace('/', '.'));
        List<Finding> findings = Words.findings(result);
        List<Doubt> doubts = Words.doubts(result);
        if (!findings.isEmpty()) {
            StringBuilder text = new StringBuilder();
            findings.forEach(finding -> text.append(describe(finding)));
            doubts.forEach(
                    doubt -> text.append("not known: ").append(doubt.reason()).append('\n'));
            Finding first = findings.get(0);
            problem("failure", first.object() + " " + first.title(), first.id(), text.toString());
        } else if (!doubts.isEmpty()) {
            StringBuilder text = new StringBuilder();
            for (Doubt doubt : doubts) {
                text.append(doubt.reason());
                if (Words.hasPlace(doubt.origin())) {
                    text.append(" (").append(doubt.origin()).append(')');
                }
                text.append('\n');
                if (!doubt.resolve().isEmpty()) {
                    text.append("  to settle it: ").append(doubt.resolve()).append('\n');
                }
            }
            problem("error", "not known: " + doubts.get(0).reason(), "unknown", text.toString());
        }
        out.append("  </testcase>\n");
    }

    private void unread(Damage damage) {
        open("readable: " + damage.origin(), "zta.snapshot");
        problem("error", damage.problem(), "unreadable", damage + "\n");
        out.append("  </testcase>\n");
    }

    private void open(String name, String className) {
        out.append("  <testcase");
        attribute("name", name);
        attribute("classname", className);
        attribute("time", "0");
        out.append(">\n");
    }

    private void problem(String element, String message, String type, String text) {
        out.append("    <").append(element);
        attribute("message", message);
        attribute("type", type);
        out.append('>');
        escape(text, false);
        out.append("</").append(element).append(">\n");
    }

    private static String describe(Finding finding) {
        StringBuilder text = new StringBuilder();
        text.append(finding.id())
                .append(' ')
                .append(Words.of(finding.severity()))
                .append(' ')
                .append(finding.object())
                .append(' ')
                .append(finding.title())
                .append('\n');
        for (Evidence evidence : finding.evidence()) {
            text.append("  evidence  ").append(evidence);
            if (Words.hasPlace(evidence.origin())) {
                text.append(" (").append(evidence.origin()).append(')');
            }
            text.append('\n');
        }
        for (Hop hop : finding.witness()) {
            text.append("  witness   ").append(hop.what());
            hop.because().ifPresent(because -> text.append(": ").append(because));
            text.append('\n');
        }
        if (!finding.fix().isEmpty()) {
            text.append("  fix       ").append(finding.fix()).append('\n');
        }
        return text.append("  rule      ").append(finding.rule()).append('\n').toString();
    }

    private void attribute(String name, String value) {
        out.append(' ').append(name).append("=\"");
        escape(value, true);
        out.append('"');
    }

    private void escape(String text, boolean attribute) {
        text.codePoints().forEach(c -> {
            switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '"' -> out.append(attribute ? "&quot;" : "\"");
                case '\n' -> out.append(attribute ? "&#10;" : "\n");
                case '\t' -> out.append(attribute ? "&#9;" : "\t");
                default -> {
                    // Anything else is no character of XML 1.0.
                    boolean allowed = c >= 0x20 && c <= 0xd7ff || c >= 0xe000 && c <= 0xfffd || c >= 0x10000;
                    out.appendCodePoint(allowed ? c : 0xfffd);
                }
            }
        });
    }
}
