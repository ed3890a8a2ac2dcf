package io.zta.verify.render;

import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.snapshot.Origin;
import io.zta.verify.Catalogue;
import io.zta.verify.Report;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * One page that needs nothing else: style and script are inside, and its content security policy forbids every request.
 * All it says is in the markup; the script adds filters and the picture. Text of manifests is escaped wherever it stands.
 */
final class HtmlReport {
    /** Beyond this many a group of like findings starts folded. */
    private static final int UNFOLDED = 3;

    private final Dossier dossier;
    private final StringBuilder out = new StringBuilder(1 << 16);

    private HtmlReport(Dossier dossier) {
        this.dossier = dossier;
    }

    static String write(Dossier dossier) {
        return new HtmlReport(dossier).page();
    }

    private String page() {
        String outcome = dossier.outcome().name().toLowerCase(Locale.ROOT);
        String name = String.join(
                ", ",
                dossier.reports().stream()
                        .map(report -> Words.of(report.posture()))
                        .toList());
        out.append("""
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
                script-src 'unsafe-inline'">
                """);
        out.append("<title>").append(safe("zta: " + name + " is " + outcome)).append("</title>\n<style>\n");
        out.append(resource("report.css")).append("</style>\n</head>\n<body>\n");
        out.append("<a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n<header>\n<h1>");
        out.append(safe("Posture " + name + " is ")).append(tag(outcome)).append("</h1>\n<p>");
        out.append(safe(summary())).append("</p>\n<p class=\"next\"><strong>Next:</strong> ");
        out.append(safe(NextStep.of(dossier))).append("</p>\n</header>\n");
        out.append("<nav aria-label=\"Sections\"><ul><li><a href=\"#claims\">Claims</a></li>");
        out.append("<li><a href=\"#flows\">Who reaches whom</a></li><li><a href=\"#findings\">Findings</a></li>");
        out.append("<li><a href=\"#unknown\">Not known</a></li><li><a href=\"#rests\">What it rests on</a></li>");
        out.append("</ul></nav>\n<main>\n");
        claims();
        HtmlFlows.write(dossier.flows(), out);
        findings();
        unknown();
        rests();
        out.append("</main>\n<footer>Written by zta. This page asks nothing of any network.</footer>\n<script>\n");
        out.append(resource("report.js")).append("</script>\n</body>\n</html>\n");
        return out.toString();
    }

    private String summary() {
        int claims = dossier.claims().size();
        long proven = dossier.claims().stream()
                .filter(asked -> Words.of(asked.result().verdict()).equals("proven"))
                .count();
        int read = dossier.reports().get(0).read().values().stream()
                .mapToInt(Integer::intValue)
                .sum();
        return proven + " of " + Words.count(claims, "claim") + " proven, "
                + Words.count(dossier.findings().size(), "finding") + ", " + Words.count(read, "object") + " read.";
    }

    private void claims() {
        out.append("<section id=\"claims\" aria-labelledby=\"claims-head\">\n<h2 id=\"claims-head\">Claims</h2>\n");
        for (Report report : dossier.reports()) {
            out.append("<table class=\"stack\"><caption>").append(safe(Words.of(report.posture())));
            out.append("</caption><thead><tr><th scope=\"col\">Verdict</th><th scope=\"col\">Claim</th>");
            out.append("<th scope=\"col\">Where</th><th scope=\"col\">Checked</th></tr></thead><tbody>\n");
            for (ClaimResult result : report.claims()) {
                out.append("<tr><td>").append(tag(Words.of(result.verdict()))).append("</td><th scope=\"row\">");
                out.append(safe(result.claim().text())).append(because(result)).append("</th><td>");
                out.append(safe(result.scope())).append("</td><td data-name=\"checked:\">");
                out.append(result.covered()).append("</td></tr>\n");
            }
            out.append("</tbody></table>\n");
        }
        out.append("</section>\n");
    }

    private static String because(ClaimResult result) {
        List<String> because = Words.because(result);
        if (because.isEmpty()) {
            return "";
        }
        return "<details><summary>why</summary>" + listed(because) + "</details>";
    }

    private void findings() {
        out.append("<section id=\"findings\" aria-labelledby=\"findings-head\">\n");
        out.append("<h2 id=\"findings-head\">Findings</h2>\n");
        List<Finding> all = dossier.findings();
        if (all.isEmpty()) {
            out.append("<p>None.</p>\n</section>\n");
            return;
        }
        out.append("<form id=\"filter\" role=\"search\" aria-label=\"Findings\" hidden><label>Find ");
        out.append("<input type=\"search\" id=\"find\" placeholder=\"an object, an id, a word\"></label>\n");
        for (Severity severity : Severity.values()) {
            String word = Words.of(severity);
            out.append("<label><input type=\"checkbox\" name=\"severity\" value=\"")
                    .append(word);
            out.append("\" checked> ").append(word).append("</label>\n");
        }
        out.append("<output id=\"shown\" class=\"count\"></output></form>\n");
        Map<String, List<Finding>> groups = new LinkedHashMap<>();
        all.forEach(finding -> groups.computeIfAbsent(finding.id() + finding.bypass(), key -> new ArrayList<>())
                .add(finding));
        groups.values().forEach(group -> group(group, groups.size() + all.size() <= 2 * UNFOLDED + 2));
        out.append("</section>\n");
    }

    private void group(List<Finding> group, boolean unfolded) {
        Finding first = group.get(0);
        Optional<Catalogue.Bypass> row = Catalogue.find(first.bypass());
        out.append("<details class=\"findings\"")
                .append(unfolded ? " open" : "")
                .append("><summary>");
        out.append(tag(Words.of(first.severity()))).append(" <strong>").append(safe(first.id()));
        out.append("</strong> ").append(safe(first.bypass())).append(' ');
        out.append(safe(row.map(Catalogue.Bypass::wayIn).orElse(first.title()))).append(" <span class=\"count\">");
        out.append(Words.count(group.size(), "finding")).append("</span></summary>\n");
        row.ifPresent(bypass -> out.append("<p class=\"count\">")
                .append(safe(bypass.preventedBy() + "; " + bypass.closing().text() + ". "
                        + String.join(", ", bypass.references())))
                .append("</p>\n"));
        group.forEach(this::finding);
        out.append("</details>\n");
    }

    private void finding(Finding finding) {
        out.append("<article data-severity=\"")
                .append(Words.of(finding.severity()))
                .append("\">\n<h3>");
        out.append(safe(finding.object()))
                .append(' ')
                .append(safe(finding.title()))
                .append("</h3>\n<dl>\n");
        if (!finding.evidence().isEmpty()) {
            out.append("<dt>evidence</dt>");
            finding.evidence()
                    .forEach(evidence ->
                            out.append("<dd>").append(quote(evidence)).append("</dd>"));
            out.append('\n');
        }
        if (!finding.witness().isEmpty()) {
            out.append("<dt>way in</dt><dd><ol class=\"way\">");
            for (Hop hop : finding.witness()) {
                out.append("<li>").append(safe(hop.what()));
                hop.because().ifPresent(because -> out.append("<br>").append(quote(because)));
                out.append("</li>");
            }
            out.append("</ol></dd>\n");
        }
        if (!finding.fix().isEmpty()) {
            out.append("<dt>fix</dt><dd>").append(safe(finding.fix())).append("</dd>\n");
        }
        if (!finding.rule().isEmpty()) {
            out.append("<dt>rule</dt><dd>").append(safe(finding.rule())).append("</dd>\n");
        }
        out.append("</dl>\n</article>\n");
    }

    private void unknown() {
        out.append("<section id=\"unknown\" aria-labelledby=\"unknown-head\">\n");
        out.append("<h2 id=\"unknown-head\">Not known</h2>\n");
        Map<Doubt, List<String>> doubts = Words.doubts(dossier);
        if (doubts.isEmpty() && dossier.damages().isEmpty()) {
            out.append("<p>Nothing: every claim is decided.</p>\n");
        }
        if (!doubts.isEmpty()) {
            out.append("<table class=\"stack\"><thead><tr><th scope=\"col\">What is not known</th>");
            out.append(
                    "<th scope=\"col\">What would settle it</th><th scope=\"col\">Claims</th></tr></thead><tbody>\n");
            doubts.forEach((doubt, claims) -> {
                out.append("<tr><td>")
                        .append(safe(doubt.reason()))
                        .append(place(doubt.origin()))
                        .append("</td><td>");
                out.append(safe(doubt.resolve())).append("</td><td data-name=\"claims:\">");
                out.append(safe(String.join(", ", claims))).append("</td></tr>\n");
            });
            out.append("</tbody></table>\n");
        }
        if (!dossier.damages().isEmpty()) {
            out.append("<h3>Not read</h3>\n");
            out.append(listed(dossier.damages().stream().map(Object::toString).toList()));
        }
        out.append("</section>\n");
    }

    private void rests() {
        out.append("<section id=\"rests\" aria-labelledby=\"rests-head\">\n");
        out.append("<h2 id=\"rests-head\">What it rests on</h2>\n");
        part("Assumed: the snapshot can't show it", dossier.assumptions());
        part("Trusted: whoever is here can undo all of it", dossier.trustedBase());
        part("Excepted: ways in that no object closes", dossier.exceptions());
        out.append("</section>\n");
    }

    private void part(String name, List<String> sentences) {
        if (!sentences.isEmpty()) {
            out.append("<h3>").append(safe(name)).append("</h3>\n").append(listed(sentences));
        }
    }

    private static String listed(List<String> sentences) {
        StringBuilder list = new StringBuilder("<ul>");
        sentences.forEach(sentence -> list.append("<li>").append(safe(sentence)).append("</li>"));
        return list.append("</ul>\n").toString();
    }

    private static String quote(Evidence evidence) {
        return "<code>" + safe(evidence.toString()) + "</code>" + place(evidence.origin());
    }

    private static String place(Origin origin) {
        return Words.hasPlace(origin)
                ? " <span class=\"at mono\">" + safe(origin.source() + ":" + origin.line()) + "</span>"
                : "";
    }

    private static String tag(String word) {
        return "<span class=\"tag " + word + "\">" + word + "</span>";
    }

    /** Text in which nothing is markup, in an element or in quotes. */
    static String safe(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '&' -> safe.append("&amp;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.append(c < 0x20 && c != '\n' && c != '\t' ? '\ufffd' : c);
            }
        }
        return safe.toString();
    }

    private static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks io/zta/verify/render/" + name + ": build it again");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
