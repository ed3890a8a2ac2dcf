package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Phase;
import io.zta.intent.PostureException;
import io.zta.verify.internal.Lines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where each namespace stands, by the inventories of a cluster, and what the next phase would break. Reads only.
 *
 * @param postures one entry for each posture that was applied, by id
 */
public record Status(List<Entry> postures) {
    public Status {
        postures = List.copyOf(postures);
    }

    /**
     * A posture that was applied.
     *
     * @param id its id
     * @param namespaces its namespaces
     * @param phase the phase they stand in
     * @param objects how many objects are ours
     * @param steps its steps, with state, as {@code 3 network/allow done}
     * @param unfinished the step that was interrupted, and how far it got; empty where none was
     * @param next the phase after, and the gates that refuse it, one line each; empty where there is none
     */
    public record Entry(
            String id,
            List<String> namespaces,
            Phase phase,
            int objects,
            List<String> steps,
            Optional<String> unfinished,
            List<String> next) {
        public Entry {
            namespaces = List.copyOf(namespaces);
            steps = List.copyOf(steps);
            next = List.copyOf(next);
        }
    }

    /**
     * Reads every inventory, and plans the next phase of each posture.
     *
     * @throws ApplyException if the inventories can't be read
     */
    public static Status read(KubernetesClient client) {
        Api api = new Api(client, Duration.ofSeconds(15));
        List<Entry> entries = new ArrayList<>();
        for (Inventory inventory : new Store(api).all()) {
            Posture posture = Applier.posture(inventory);
            entries.add(new Entry(
                    inventory.id(),
                    posture.namespaces(),
                    inventory.phase(),
                    inventory.owned().size(),
                    inventory.steps().stream()
                            .map(step -> step.sequence() + " " + step.id() + " "
                                    + step.state().name().toLowerCase(java.util.Locale.ROOT))
                            .toList(),
                    inventory.unfinished().map(step -> unfinished(api, step)),
                    next(posture, inventory.phase(), client)));
        }
        return new Status(entries);
    }

    private static String unfinished(Api api, StepRecord step) {
        StepRecord decided = Applier.decided(api, step);
        long made = decided.writes().stream()
                .filter(write -> write.made().orElse(false))
                .count();
        boolean leaving = step.state() == StepRecord.State.LEAVING;
        return "step " + step.sequence() + " (" + step.id() + ") was interrupted "
                + (leaving
                        ? "while it was taken back"
                        : "after " + made + " of " + step.writes().size() + " writes")
                + ": `apply` completes it, `rollback --step " + step.sequence() + "` takes it back";
    }

    private static List<String> next(Posture posture, Phase phase, KubernetesClient client) {
        if (phase == Phase.AUDIT) {
            return List.of();
        }
        Phase next = Phase.values()[phase.ordinal() + 1];
        List<String> lines = new ArrayList<>();
        try {
            Plan plan = Planner.plan(posture.upTo(next), client);
            lines.add("phase " + PlanWriter.phase(next) + " would write "
                    + plan.changes().size() + " times, end "
                    + plan.impact().ends().size() + " flows");
            plan.refused()
                    .forEach(gate -> gate.evidence().forEach(line -> lines.add(gate.id() + " refuses it: " + line)));
        } catch (PostureException | ApplyException e) {
            lines.add("phase " + PlanWriter.phase(next) + " can't be planned: " + e.getMessage());
        }
        return lines;
    }

    /** As text for people. */
    public String toText() {
        if (postures.isEmpty()) {
            return "No posture was applied to this cluster: namespace " + Inventory.NAMESPACE
                    + " holds no inventory.\n";
        }
        StringBuilder out = new StringBuilder();
        for (Entry entry : postures) {
            Lines.wrap(
                    out,
                    "",
                    "  ",
                    String.join(", ", entry.namespaces()) + " (posture " + entry.id() + ") phase "
                            + PlanWriter.phase(entry.phase()) + ", " + entry.objects() + " objects");
            entry.steps().forEach(step -> Lines.wrap(out, "  ", "    ", step));
            entry.unfinished().ifPresent(line -> Lines.wrap(out, "  ", "    ", line));
            entry.next().forEach(line -> Lines.wrap(out, "  next: ", "    ", line));
        }
        return out.toString();
    }

    /** As JSON, indented. */
    public String toJson() {
        ArrayNode root = Json.MAPPER.createArrayNode();
        for (Entry entry : postures) {
            ObjectNode node = root.addObject()
                    .put("id", entry.id())
                    .put("phase", entry.phase().number());
            node.put("objects", entry.objects());
            ArrayNode namespaces = node.putArray("namespaces");
            entry.namespaces().forEach(namespaces::add);
            ArrayNode steps = node.putArray("steps");
            entry.steps().forEach(steps::add);
            node.put("unfinished", entry.unfinished().orElse(""));
            ArrayNode next = node.putArray("next");
            entry.next().forEach(next::add);
        }
        return Json.indented(root);
    }
}
