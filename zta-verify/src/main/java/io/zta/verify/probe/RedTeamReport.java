package io.zta.verify.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.verify.Catalogue;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What attacks came to before and after the posture's objects were there. Immutable.
 *
 * @param run what names the run in the cluster
 * @param rows an attack each, in the order of the catalogue
 * @param uses what has to go on working, tried at the same times
 * @param notTried attacks that this cluster or this call has not what they are about, with the reason
 */
public record RedTeamReport(String run, List<Row> rows, List<Row> uses, List<Row> notTried) {
    /** What an attempt came to. */
    public enum Outcome {
        /** It got through. */
        OPEN,
        /** It was refused, or nothing came back. */
        CLOSED,
        /** It is not known. */
        UNKNOWN,
        /** There was nothing to try it on. */
        NOT_TRIED;

        private String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** What all attempts at a row of the catalogue come to. */
    public enum Result {
        /** Each got through before, and none after. */
        CLOSED("closed by the posture's objects"),
        /** What the posture closes is closed, and what no object closes is shown or reported. */
        NARROWED("narrowed by the posture's objects"),
        /** Each gets through before and after, as the catalogue says: it is left to whom one trusts. */
        TRUSTED("closed by no object"),
        /** One gets through that the posture should close. */
        OPEN("open"),
        /** One did not get through before, or its outcome is not known: nothing was shown. */
        NOT_SHOWN("not shown"),
        /** None was tried. */
        NOT_TRIED("not tried");

        private final String text;

        Result(String text) {
            this.text = text;
        }

        /** The result as a clause. */
        public String text() {
            return text;
        }
    }

    /**
     * One attempt.
     *
     * @param bypass the row of the catalogue; empty for a use
     * @param what the attempt
     * @param needs what the attacker held
     * @param trusted who has to be trusted because no object closes it; empty where the posture does
     * @param before without the posture's objects
     * @param after with them
     * @param detail why something is not known; else empty
     */
    public record Row(
            String bypass, String what, String needs, String trusted, Outcome before, Outcome after, String detail) {
        private boolean shown() {
            return before == Outcome.OPEN && (after == Outcome.CLOSED || after == Outcome.OPEN);
        }

        private boolean broken() {
            return trusted.isEmpty() && after == Outcome.OPEN;
        }
    }

    public RedTeamReport {
        rows = List.copyOf(rows);
        uses = List.copyOf(uses);
        notTried = List.copyOf(notTried);
    }

    static RedTeamReport of(String run, List<Row> rows, List<Row> uses) {
        Map<Boolean, List<Row>> tried = rows.stream()
                .collect(Collectors.partitioningBy(
                        row -> row.before() != Outcome.NOT_TRIED && row.after() != Outcome.NOT_TRIED));
        return new RedTeamReport(run, tried.getOrDefault(true, List.of()), uses, tried.getOrDefault(false, List.of()));
    }

    /** What the attempts at a row of the catalogue come to together. */
    public Result result(Catalogue.Bypass bypass) {
        List<Row> own =
                rows.stream().filter(row -> row.bypass().equals(bypass.id())).toList();
        if (own.isEmpty()) {
            return Result.NOT_TRIED;
        }
        if (own.stream().anyMatch(Row::broken)) {
            return Result.OPEN;
        }
        if (!own.stream().allMatch(Row::shown)) {
            return Result.NOT_SHOWN;
        }
        if (own.stream().allMatch(row -> row.after() == Outcome.OPEN)) {
            return Result.TRUSTED;
        }
        boolean all = own.stream().allMatch(row -> row.after() == Outcome.CLOSED);
        return all && bypass.closing() == Catalogue.Closing.CLOSED ? Result.CLOSED : Result.NARROWED;
    }

    /**
     * 0 where every attack got through before and none after but those that no object closes, and every use works; 1 where
     * another attack gets through or a use does not work any more; 3 where an attack did not get through before, or is not
     * known: nothing was shown by it.
     */
    public int exitCode() {
        boolean broken =
                rows.stream().anyMatch(Row::broken) || uses.stream().anyMatch(row -> row.after() == Outcome.CLOSED);
        if (broken) {
            return 1;
        }
        boolean shown = !rows.isEmpty()
                && rows.stream().allMatch(Row::shown)
                && uses.stream().allMatch(row -> row.before() == Outcome.OPEN && row.after() == Outcome.OPEN);
        return shown ? 0 : 3;
    }

    /** As text: one line for each attempt, and what they come to for each row of the catalogue. */
    public String text() {
        StringBuilder out = new StringBuilder("attacks of run " + run + ": before and after the posture's objects\n\n");
        for (Row row : rows) {
            line(out, row.bypass(), row);
        }
        out.append("\nwhat has to go on working\n");
        for (Row row : uses) {
            line(out, "", row);
        }
        if (!notTried.isEmpty()) {
            out.append("\nnot tried\n");
            for (Row row : notTried) {
                out.append(String.format(Locale.ROOT, "  %-16s %s: %s\n", row.bypass(), row.what(), row.detail()));
            }
        }
        out.append("\nby rows of the catalogue\n");
        for (Result result : Result.values()) {
            List<String> ids = Catalogue.all().stream()
                    .filter(bypass -> result(bypass) == result)
                    .map(Catalogue.Bypass::id)
                    .toList();
            if (!ids.isEmpty()) {
                out.append("  ")
                        .append(result.text())
                        .append(" (")
                        .append(ids.size())
                        .append("): ")
                        .append(String.join(", ", ids))
                        .append('\n');
            }
        }
        return out.toString();
    }

    private static void line(StringBuilder out, String id, Row row) {
        out.append(String.format(
                Locale.ROOT,
                "  %-16s %-7s -> %-7s %s%s%s%s\n",
                id,
                row.before().text(),
                row.after().text(),
                row.what(),
                row.needs().isEmpty() ? "" : ", with " + row.needs(),
                row.trusted().isEmpty() ? "" : "; left to " + row.trusted(),
                row.detail().isEmpty() ? "" : " (" + row.detail() + ")"));
    }

    /** As indented JSON. */
    public String json() {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode().put("run", run);
        array(root.putArray("attacks"), rows);
        array(root.putArray("uses"), uses);
        array(root.putArray("notTried"), notTried);
        ObjectNode results = root.putObject("results");
        Catalogue.all()
                .forEach(
                        bypass -> results.put(bypass.id(), result(bypass).name().toLowerCase(Locale.ROOT)));
        try {
            return mapper.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write a report as JSON", e);
        }
    }

    private static void array(ArrayNode array, List<Row> rows) {
        for (Row row : rows) {
            array.addObject()
                    .put("bypass", row.bypass())
                    .put("what", row.what())
                    .put("needs", row.needs())
                    .put("trusted", row.trusted())
                    .put("before", row.before().text())
                    .put("after", row.after().text())
                    .put("detail", row.detail());
        }
    }
}
