package io.zta.verify.render;

import java.util.Locale;
import java.util.function.Function;

/** The formats a report can be written in. */
public enum Format {
    /** For a terminal or a log: 80 columns, the worst first, the next step last. No colour. */
    TEXT(dossier -> TextReport.plain().write(dossier)),
    /** For programs; described by the resource {@code io/zta/report.schema.json}. */
    JSON(JsonReport::write),
    /** SARIF 2.1.0, for code scanning. */
    SARIF(SarifReport::write),
    /** JUnit XML as Surefire writes it: a test case for each claim. */
    JUNIT(JUnitReport::write),
    /** One page that needs nothing else, for a browser. */
    HTML(HtmlReport::write),
    /** For a comment on a change, with Mermaid diagrams of the ways that are open. */
    MARKDOWN(MarkdownReport::write);

    private final Function<Dossier, String> writer;

    Format(Function<Dossier, String> writer) {
        this.writer = writer;
    }

    /** Writes reports in this format. Pure; ends in a line break. */
    public String render(Dossier dossier) {
        return writer.apply(dossier);
    }

    /** The name in lower case, as the command takes it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
