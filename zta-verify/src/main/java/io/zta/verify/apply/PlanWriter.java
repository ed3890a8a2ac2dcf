package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.intent.Phase;
import io.zta.verify.internal.Lines;
import java.util.Collection;
import java.util.Locale;

/** A plan as text and as JSON. */
final class PlanWriter {
    private PlanWriter() {}

    static String text(Plan plan) {
        StringBuilder out = new StringBuilder();
        Lines.wrap(
                out,
                "",
                "  ",
                "Plan for " + String.join(", ", plan.posture().namespaces()) + " to phase "
                        + phase(plan.posture().phase()));
        plan.from()
                .forEach((namespace, phase) ->
                        Lines.wrap(out, "  ", "    ", namespace + " stands in phase " + phase(phase)));
        out.append('\n');
        if (plan.isEmpty()) {
            out.append("Nothing to write.\n");
        }
        int number = 0;
        for (Step step : plan.steps()) {
            out.append("Step ").append(++number).append("  ").append(step.id()).append('\n');
            for (Change change : step.changes()) {
                Lines.wrap(out, "  ", "    ", change + (change.forced() ? "  (forced)" : ""));
                if (change.action() == Change.Action.CHANGE || change.action() == Change.Action.RESTORE) {
                    change.fields().forEach(field -> Lines.wrap(out, "      ", "        ", field.toString()));
                }
            }
        }
        section(out, "Unchanged", plan.unchanged());
        section(out, "Conflicts", plan.objections().conflicts());
        section(out, "Refused by the API server's dry run", plan.objections().refusals());
        section(out, "Flows that end", plan.impact().ends());
        section(out, "Flows that begin", plan.impact().begins());
        section(out, "Grants that remain", plan.impact().grants());
        section(out, "Notes", plan.impact().notes());
        out.append("\nGates\n");
        for (GateResult gate : plan.gates()) {
            String outcome = gate.outcome().name().toLowerCase(Locale.ROOT);
            Lines.wrap(out, "  " + gate.id() + "  " + outcome + "  ", "      ", gate.title());
            gate.evidence().forEach(line -> Lines.wrap(out, "      ", "        ", line));
            if (gate.outcome() != GateResult.Outcome.PASSED) {
                Lines.wrap(out, "      do: ", "        ", gate.answer());
            }
        }
        int refused = plan.refused().size();
        out.append(
                refused == 0
                        ? "\nNo gate stands against it.\n"
                        : "\n" + refused + " gate" + (refused == 1 ? " stands" : "s stand") + " against it.\n");
        return out.toString();
    }

    static String phase(Phase phase) {
        return phase.number() + " (" + phase.key() + ")";
    }

    private static void section(StringBuilder out, String title, Collection<?> lines) {
        if (!lines.isEmpty()) {
            out.append('\n').append(title).append('\n');
            lines.forEach(line -> Lines.wrap(out, "  ", "    ", line.toString()));
        }
    }

    static String json(Plan plan) {
        ObjectNode root = Json.MAPPER.createObjectNode();
        root.put("posture", plan.posture().toYaml());
        root.put("phase", plan.posture().phase().number());
        root.set("options", ReviewedPlan.json(plan.options()));
        root.put("empty", plan.isEmpty());
        ObjectNode from = root.putObject("from");
        plan.from().forEach((namespace, phase) -> from.put(namespace, phase.number()));
        ArrayNode steps = root.putArray("steps");
        for (Step step : plan.steps()) {
            ObjectNode node = steps.addObject()
                    .put("id", step.id())
                    .put("phase", step.phase().number());
            ArrayNode changes = node.putArray("changes");
            for (Change change : step.changes()) {
                ObjectNode entry = changes.addObject();
                entry.put("action", change.action().name().toLowerCase(Locale.ROOT));
                entry.put("apiVersion", change.object().apiVersion())
                        .put("kind", change.object().kind());
                entry.put("namespace", change.object().namespace())
                        .put("name", change.object().name());
                entry.put("uid", change.uid()).put("resourceVersion", change.resourceVersion());
                entry.put("forced", change.forced());
                if (!change.desired().isEmpty()) {
                    entry.set("desired", Json.parse(change.desired()));
                }
                ArrayNode fields = entry.putArray("fields");
                change.fields()
                        .forEach(field -> fields.addObject()
                                .put("path", field.path())
                                .put("before", field.before())
                                .put("after", field.after()));
            }
        }
        strings(root, "unchanged", plan.unchanged());
        ArrayNode conflicts = root.putArray("conflicts");
        plan.objections()
                .conflicts()
                .forEach(conflict -> conflicts
                        .addObject()
                        .put("object", conflict.object().toString())
                        .put("manager", conflict.manager())
                        .put("field", conflict.field()));
        strings(root, "refusals", plan.objections().refusals());
        flows(root, "ends", plan.impact().ends());
        flows(root, "begins", plan.impact().begins());
        strings(root, "grants", plan.impact().grants());
        strings(root, "notes", plan.impact().notes());
        strings(root, "prunes", plan.pruned());
        ArrayNode gates = root.putArray("gates");
        for (GateResult gate : plan.gates()) {
            ObjectNode node = gates.addObject().put("id", gate.id()).put("title", gate.title());
            node.put("outcome", gate.outcome().name().toLowerCase(Locale.ROOT));
            strings(node, "evidence", gate.evidence());
            node.put("answer", gate.answer());
        }
        ObjectNode basis = root.putObject("basis");
        plan.basis().forEach(basis::put);
        return Json.indented(root);
    }

    private static void flows(ObjectNode root, String name, Collection<Flow> flows) {
        ArrayNode array = root.putArray(name);
        flows.forEach(flow ->
                array.addObject().put("from", flow.from()).put("to", flow.to()).put("connection", flow.connection()));
    }

    private static void strings(ObjectNode root, String name, Collection<?> values) {
        ArrayNode array = root.putArray(name);
        values.forEach(value -> array.add(value.toString()));
    }
}
