package io.zta.verify.render;

import io.zta.finding.Doubt;
import io.zta.verify.Difference;
import io.zta.verify.Difference.Change;
import io.zta.verify.PostureDifference;
import io.zta.verify.PostureDifference.Rendered;
import io.zta.verify.internal.Json;
import io.zta.verify.internal.Lines;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes what two snapshots or two postures let differ: for a terminal, for programs, or as a comment on a change. Pure. */
public final class DifferenceReport {
    /** Changes of one workload that are written out; the rest is counted. */
    private static final int SHOWN = 20;

    private DifferenceReport() {}

    /** For a terminal: 80 columns, by workload. */
    public static String text(Difference difference) {
        StringBuilder out = new StringBuilder();
        out.append(headline(difference)).append("\n");
        textPart("opens", "+ ", difference.opened(), out);
        textPart("closes", "- ", difference.closed(), out);
        if (!difference.doubts().isEmpty()) {
            out.append("\nnot known: something may open here unseen\n");
            difference.doubts().forEach(doubt -> Lines.wrap(out, "  ", "    ", doubtText(doubt)));
        }
        return out.toString();
    }

    /** What two postures let differ, for a terminal: claims first, then ways, then the objects behind them. */
    public static String text(PostureDifference difference) {
        StringBuilder out = new StringBuilder();
        claims("claims dropped", "+ ", difference.dropped(), out);
        claims("claims added", "- ", difference.added(), out);
        out.append(text(difference.ways()));
        if (!difference.objects().isEmpty()) {
            out.append("\nobjects\n");
            for (Rendered object : difference.objects()) {
                Lines.wrap(out, "  ", "    ", fate(object) + " " + object.object());
                object.fields().stream().limit(SHOWN).forEach(field -> Lines.wrap(out, "      ", "        ", field));
                if (object.fields().size() > SHOWN) {
                    Lines.wrap(out, "      ", "", "and " + (object.fields().size() - SHOWN) + " fields more");
                }
            }
        }
        return out.toString();
    }

    private static void claims(String name, String mark, List<String> claims, StringBuilder out) {
        if (!claims.isEmpty()) {
            out.append(name).append('\n');
            claims.forEach(claim -> Lines.wrap(out, "  " + mark, "      ", claim));
            out.append('\n');
        }
    }

    private static String fate(Rendered object) {
        return object.fate().name().toLowerCase(Locale.ROOT);
    }

    /** The same for programs: the keys of {@link #json(Difference)}, and {@code dropped}, {@code added}, {@code objects}. */
    public static String json(PostureDifference difference) {
        Map<String, Object> tree = new LinkedHashMap<>(tree(difference.ways()));
        tree.put("dropped", difference.dropped());
        tree.put("added", difference.added());
        tree.put(
                "objects",
                difference.objects().stream()
                        .map(object ->
                                Json.object("object", object.object(), "fate", fate(object), "fields", object.fields()))
                        .toList());
        return Json.indented(tree);
    }

    /** The same for a comment on a change. */
    public static String markdown(PostureDifference difference) {
        StringBuilder out = new StringBuilder(markdown(difference.ways()));
        markdownList("Claims dropped", difference.dropped(), out);
        markdownList("Claims added", difference.added(), out);
        List<String> objects = new ArrayList<>();
        for (Rendered object : difference.objects()) {
            objects.add(fate(object) + " " + object.object());
            object.fields().stream().limit(SHOWN).forEach(field -> objects.add(object.object() + " " + field));
        }
        markdownList("Objects", objects, out);
        return out.toString();
    }

    private static void markdownList(String name, List<String> sentences, StringBuilder out) {
        if (!sentences.isEmpty()) {
            out.append("### ").append(name).append("\n\n");
            sentences.forEach(sentence ->
                    out.append("- ").append(MarkdownReport.text(sentence)).append('\n'));
            out.append('\n');
        }
    }

    private static void textPart(String name, String mark, List<Change> changes, StringBuilder out) {
        if (changes.isEmpty()) {
            return;
        }
        out.append('\n').append(name).append('\n');
        byWorkload(changes).forEach((workload, list) -> {
            Lines.wrap(out, "  ", "    ", workload);
            list.stream().limit(SHOWN).forEach(change -> Lines.wrap(out, "    " + mark, "        ", sentence(change)));
            if (list.size() > SHOWN) {
                Lines.wrap(out, "    " + mark, "", "and " + (list.size() - SHOWN) + " more: -o json has them all");
            }
        });
    }

    /** For programs: {@code version}, {@code opened}, {@code closed} and {@code doubts}. */
    public static String json(Difference difference) {
        return Json.indented(tree(difference));
    }

    private static Map<String, Object> tree(Difference difference) {
        return Json.object(
                "version",
                1,
                "opened",
                difference.opened().stream().map(DifferenceReport::tree).toList(),
                "closed",
                difference.closed().stream().map(DifferenceReport::tree).toList(),
                "doubts",
                difference.doubts().stream().map(JsonReport::doubt).toList());
    }

    private static Map<String, Object> tree(Change change) {
        return Json.object(
                "kind",
                change.kind().name().toLowerCase(Locale.ROOT),
                "workload",
                change.workload(),
                "who",
                change.who(),
                "how",
                change.how(),
                "via",
                change.via());
    }

    /** For a comment on a change. */
    public static String markdown(Difference difference) {
        StringBuilder out =
                new StringBuilder("## zta: ").append(headline(difference)).append("\n\n");
        markdownPart("Opens", difference.opened(), out);
        markdownPart("Closes", difference.closed(), out);
        if (!difference.doubts().isEmpty()) {
            out.append("### Not known\n\nSomething may open here unseen.\n\n");
            difference
                    .doubts()
                    .forEach(doubt -> out.append("- ")
                            .append(MarkdownReport.text(doubtText(doubt)))
                            .append('\n'));
        }
        return out.toString();
    }

    private static void markdownPart(String name, List<Change> changes, StringBuilder out) {
        if (changes.isEmpty()) {
            return;
        }
        out.append("### ").append(name).append("\n\n| workload | what |\n|---|---|\n");
        byWorkload(changes).forEach((workload, list) -> {
            list.stream()
                    .limit(SHOWN)
                    .forEach(change -> out.append("| ")
                            .append(MarkdownReport.code(workload).replace("|", "\\|"))
                            .append(" | ")
                            .append(MarkdownReport.text(sentence(change)))
                            .append(" |\n"));
            if (list.size() > SHOWN) {
                out.append("| ")
                        .append(MarkdownReport.code(workload).replace("|", "\\|"))
                        .append(" | and ");
                out.append(list.size() - SHOWN).append(" more |\n");
            }
        });
        out.append('\n');
    }

    private static String headline(Difference difference) {
        if (difference.isEmpty()) {
            return difference.doubts().isEmpty() ? "nothing opens, nothing closes" : "no change is seen";
        }
        int opened = difference.opened().size();
        int closed = difference.closed().size();
        return (opened == 0 ? "nothing" : Words.count(opened, "way"))
                + (opened > 1 ? " open, " : " opens, ")
                + (closed == 0 ? "nothing" : Words.count(closed, "way"))
                + (closed > 1 ? " close" : " closes");
    }

    private static Map<String, List<Change>> byWorkload(List<Change> changes) {
        Map<String, List<Change>> grouped = new LinkedHashMap<>();
        changes.forEach(change -> grouped.computeIfAbsent(change.workload(), key -> new ArrayList<>())
                .add(change));
        return grouped;
    }

    private static String sentence(Change change) {
        String via = change.via().isEmpty() ? "" : change.via().get(0);
        int more = change.via().size() - 1;
        String rest = more > 0 ? " and " + Words.count(more, "rule") + " more" : "";
        return switch (change.kind()) {
            case FLOW ->
                change.how().startsWith("to ")
                        ? "connects " + change.how()
                        : change.who() + " connects on " + change.how();
            case ENTRY -> change.who() + ": API-" + change.how() + ", by " + via + rest;
            case FINDING -> change.how() + " " + via;
        };
    }

    private static String doubtText(Doubt doubt) {
        String place = Words.hasPlace(doubt.origin())
                ? " (" + doubt.origin().source() + ":" + doubt.origin().line() + ")"
                : "";
        return doubt.reason() + place + (doubt.resolve().isEmpty() ? "" : "; to settle it: " + doubt.resolve());
    }
}
