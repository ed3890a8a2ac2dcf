package io.zta.verify.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.verify.Catalogue;
import java.util.List;
import java.util.Locale;

/**
 * What attacks came to before and after the posture's objects were there. Immutable.
 *
 * @param run what names the run in the cluster
 * @param rows an attack each, in the order of the catalogue; rows of the catalogue that were not tried have none
 * @param uses what has to go on working, tried at the same times
 */
public record RedTeamReport(String run, List<Row> rows, List<Row> uses) {
    /** What an attempt came to. */
    public enum Outcome {
        /** It got through. */
        OPEN,
        /** It was refused, or nothing came back. */
        CLOSED,
        /** It is not known. */
        UNKNOWN
    }

    /**
     * One attempt.
     *
     * @param bypass the row of the catalogue; empty for a use
     * @param what the attempt
     * @param needs what the attacker held
     * @param before without the posture's objects
     * @param after with them
     * @param detail why something is not known; else empty
     */
    public record Row(String bypass, String what, String needs, Outcome before, Outcome after, String detail) {}

    public RedTeamReport {
        rows = List.copyOf(rows);
        uses = List.copyOf(uses);
    }

    /** Rows of the catalogue that no attack of this run belongs to. */
    public List<Catalogue.Bypass> notTried() {
        return Catalogue.all().stream()
                .filter(bypass -> rows.stream().noneMatch(row -> row.bypass().equals(bypass.id())))
                .toList();
    }

    /**
     * 0 where every attack got through before and none after, and every use works; 1 where an attack gets through or a use
     * does not work any more; 3 where an attack did not get through before, or is not known: nothing was shown by it.
     */
    public int exitCode() {
        boolean broken = rows.stream().anyMatch(row -> row.after() == Outcome.OPEN)
                || uses.stream().anyMatch(row -> row.after() == Outcome.CLOSED);
        if (broken) {
            return 1;
        }
        boolean shown = !rows.isEmpty()
                && rows.stream().allMatch(row -> row.before() == Outcome.OPEN && row.after() == Outcome.CLOSED)
                && uses.stream().allMatch(row -> row.before() == Outcome.OPEN && row.after() == Outcome.OPEN);
        return shown ? 0 : 3;
    }

    /** As text, one line for each attempt. */
    public String text() {
        StringBuilder out = new StringBuilder("attacks of run " + run + ": before and after the posture's objects\n\n");
        for (Row row : rows) {
            line(out, row.bypass(), row);
        }
        out.append("\nwhat has to go on working\n");
        for (Row row : uses) {
            line(out, "", row);
        }
        List<Catalogue.Bypass> left = notTried();
        if (!left.isEmpty()) {
            out.append("\nnot tried\n");
            for (Catalogue.Bypass bypass : left) {
                out.append(String.format(
                        Locale.ROOT,
                        "  %-16s %s (%s)\n",
                        bypass.id(),
                        bypass.wayIn(),
                        bypass.closing().text()));
            }
        }
        return out.toString();
    }

    private static void line(StringBuilder out, String id, Row row) {
        out.append(String.format(
                Locale.ROOT,
                "  %-16s %-7s -> %-7s %s%s%s\n",
                id,
                row.before().name().toLowerCase(Locale.ROOT),
                row.after().name().toLowerCase(Locale.ROOT),
                row.what(),
                row.needs().isEmpty() ? "" : ", with " + row.needs(),
                row.detail().isEmpty() ? "" : " (" + row.detail() + ")"));
    }

    /** As indented JSON. */
    public String json() {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode().put("run", run);
        array(root.putArray("attacks"), rows);
        array(root.putArray("uses"), uses);
        ArrayNode left = root.putArray("notTried");
        notTried()
                .forEach(bypass -> left.addObject()
                        .put("bypass", bypass.id())
                        .put("wayIn", bypass.wayIn())
                        .put("closing", bypass.closing().text())
                        .put("preventedBy", bypass.preventedBy()));
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
                    .put("before", row.before().name().toLowerCase(Locale.ROOT))
                    .put("after", row.after().name().toLowerCase(Locale.ROOT))
                    .put("detail", row.detail());
        }
    }
}
