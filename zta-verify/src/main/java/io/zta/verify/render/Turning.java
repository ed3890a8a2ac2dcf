package io.zta.verify.render;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.Origin;
import io.zta.verify.internal.Json;
import io.zta.verify.internal.Lines;
import io.zta.verify.whatif.Edit;
import io.zta.verify.whatif.Pivot;
import io.zta.verify.whatif.Pivot.Turn;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes what would change a verdict. Pure. */
public final class Turning {
    /** Longer values of what is to be made are left to {@code zta render}. */
    private static final int LONGEST_VALUE = 600;

    private Turning() {}

    /** For a terminal: 80 columns. */
    public static String text(Pivot pivot) {
        StringBuilder out = new StringBuilder();
        Lines.wrap(out, "  ", "    ", pivot.about() + ": " + pivot.verdict());
        for (Turn turn : pivot.turns()) {
            Lines.wrap(out, "    ", "      ", headline(turn));
            for (Edit edit : turn.edits()) {
                Lines.wrap(out, "      - ", "        ", edit + place(edit.origin()));
                value(edit).ifPresent(value -> Lines.wrap(out, "          ", "            ", value));
            }
            if (!turn.consequence().isEmpty()) {
                Lines.wrap(out, "        then: ", "          ", turn.consequence());
            }
        }
        if (pivot.turns().isEmpty() && pivot.wanting().isEmpty()) {
            Lines.wrap(out, "    ", "      ", none(pivot));
        }
        for (Doubt doubt : pivot.wanting()) {
            Lines.wrap(out, "    to know: ", "      ", wanting(doubt) + place(doubt.origin()));
        }
        return out.toString();
    }

    private static String headline(Turn turn) {
        int edits = turn.edits().size();
        String how = edits == 1
                ? "by this alone:"
                : turn.least() ? "by these together, and no fewer:" : "by these together, none of which can be spared:";
        return turn.verdict() + ", " + how;
    }

    private static String none(Pivot pivot) {
        return "no edit that was tried changes it (" + Words.count(pivot.tried(), "snapshot") + " evaluated)";
    }

    private static String wanting(Doubt doubt) {
        return doubt.reason() + (doubt.resolve().isEmpty() ? "" : "; " + doubt.resolve());
    }

    private static Optional<String> value(Edit edit) {
        return edit.value().filter(value -> edit.action() == Edit.Action.PUT && value.length() <= LONGEST_VALUE);
    }

    private static String place(Origin origin) {
        return Words.hasPlace(origin) ? " (" + origin.source() + ":" + origin.line() + ")" : "";
    }

    /** For programs. */
    static Map<String, Object> tree(Pivot pivot) {
        return Json.object(
                "about",
                pivot.about(),
                "verdict",
                pivot.verdict(),
                "turns",
                pivot.turns().stream().map(Turning::tree).toList(),
                "wanting",
                pivot.wanting().stream().map(JsonReport::doubt).toList(),
                "tried",
                pivot.tried());
    }

    private static Map<String, Object> tree(Turn turn) {
        return Json.object(
                "verdict",
                turn.verdict(),
                "least",
                turn.least(),
                "edits",
                turn.edits().stream().map(Turning::tree).toList(),
                "consequence",
                turn.consequence().isEmpty() ? Optional.empty() : Optional.of(turn.consequence()));
    }

    private static Map<String, Object> tree(Edit edit) {
        Evidence evidence = edit.evidence();
        return Json.object(
                "action",
                edit.action().name().toLowerCase(java.util.Locale.ROOT),
                "object",
                edit.object(),
                "path",
                edit.path(),
                "text",
                edit.toString(),
                "was",
                edit.action() == Edit.Action.PUT ? Optional.empty() : Optional.of(evidence.value()),
                "value",
                edit.value(),
                "at",
                JsonReport.place(edit.origin()));
    }

    /** For a comment on a change. */
    static String markdown(List<Pivot> pivots) {
        StringBuilder out = new StringBuilder("### What would change it\n\n");
        for (Pivot pivot : pivots) {
            out.append("- ")
                    .append(MarkdownReport.text(pivot.about() + ": " + pivot.verdict()))
                    .append('\n');
            for (Turn turn : pivot.turns()) {
                out.append("  - ").append(MarkdownReport.text(headline(turn))).append('\n');
                for (Edit edit : turn.edits()) {
                    out.append("    - ").append(MarkdownReport.code(edit + place(edit.origin())));
                    value(edit).ifPresent(value -> out.append(": ").append(MarkdownReport.code(value)));
                    out.append('\n');
                }
                if (!turn.consequence().isEmpty()) {
                    out.append("    - then: ")
                            .append(MarkdownReport.text(turn.consequence()))
                            .append('\n');
                }
            }
            if (pivot.turns().isEmpty() && pivot.wanting().isEmpty()) {
                out.append("  - ").append(MarkdownReport.text(none(pivot))).append('\n');
            }
            for (Doubt doubt : pivot.wanting()) {
                out.append("  - to know: ")
                        .append(MarkdownReport.text(wanting(doubt) + place(doubt.origin())))
                        .append('\n');
            }
        }
        return out.append('\n').toString();
    }
}
