package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Phase;
import io.zta.intent.PostureException;
import io.zta.verify.apply.ApplyException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A plan that was written down as JSON, reviewed, and is to be carried out exactly as it reads. Nothing of the file is
 * written to a cluster: its posture and options are planned again, and the plan of now must be the one that was reviewed.
 * Immutable.
 */
public final class ReviewedPlan {
    /** What must be the same: what is written, on what, in what order, who loses and gains what, what stands against it. */
    private static final List<String> SAME = List.of(
            "posture",
            "phase",
            "options",
            "from",
            "steps",
            "prunes",
            "conflicts",
            "refusals",
            "ends",
            "begins",
            "grants",
            "basis");

    private final String source;
    private final JsonNode reviewed;
    private final Posture posture;
    private final PlanOptions options;

    private ReviewedPlan(String source, JsonNode reviewed, Posture posture, PlanOptions options) {
        this.source = source;
        this.reviewed = reviewed;
        this.posture = posture;
        this.options = options;
    }

    /**
     * Reads a file of {@link Plan#toJson()}.
     *
     * @throws ApplyException if it can't be read or is no plan
     */
    public static ReviewedPlan read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw new ApplyException(Reason.USAGE, "The plan " + file + " can't be read: " + e.getMessage() + ".");
        }
    }

    /**
     * Reads the text of {@link Plan#toJson()}.
     *
     * @param source what messages call it
     * @throws ApplyException if it is no plan
     */
    public static ReviewedPlan parse(String source, String json) {
        try {
            JsonNode reviewed = Json.parseObject(json);
            Posture posture = Posture.parse(
                    source + " (posture)", reviewed.path("posture").asText());
            return new ReviewedPlan(source, reviewed, posture, options(reviewed.path("options")));
        } catch (PostureException | IllegalArgumentException e) {
            throw new ApplyException(
                    Reason.USAGE,
                    source + " is no plan as `zta plan -o json` prints it: " + e.getMessage() + " Plan again.");
        }
    }

    /** What is asked. */
    public Posture posture() {
        return posture;
    }

    /** What was decided by name. */
    public PlanOptions options() {
        return options;
    }

    /**
     * The plan as it was reviewed, formed again.
     *
     * @throws ApplyException if it would be another one now: with {@link Reason#MOVED}, and each difference
     */
    public Plan confirm(KubernetesClient client) {
        Plan now = Planner.plan(posture, client, options);
        List<String> differences = differences(now);
        if (!differences.isEmpty()) {
            throw new ApplyException(
                    Reason.MOVED,
                    "The plan in " + source + " is not the plan of now; nothing was written. Plan and review again:",
                    differences);
        }
        return now;
    }

    /** What is another in the plan of now, one line each, as far as it was decided on by who reviewed it. */
    List<String> differences(Plan plan) {
        JsonNode now = Json.parse(plan.toJson());
        List<String> differences = new ArrayList<>();
        for (String part : SAME) {
            if (!reviewed.path(part).equals(now.path(part))) {
                Json.differences(present(reviewed.get(part)), present(now.get(part)))
                        .forEach(field ->
                                differences.add(shortened(part + (field.path().startsWith("[") ? "" : " ") + field)));
            }
        }
        for (JsonNode gate : now.path("gates")) {
            String id = gate.path("id").asText();
            JsonNode was = gate(reviewed, id);
            String before = was.path("outcome").asText("absent");
            String after = gate.path("outcome").asText();
            if (!before.equals(after)) {
                differences.add(id + " was " + before + ", is " + after);
            } else if (!after.equals("passed") && !was.path("evidence").equals(gate.path("evidence"))) {
                differences.add(id + " is " + after + " for another reason: " + gate.path("evidence"));
            }
        }
        return differences;
    }

    /** Lists of another length are printed whole, which nobody reads. */
    private static String shortened(String line) {
        return line.length() <= 240 ? line : line.substring(0, 240) + " ...";
    }

    private static Optional<JsonNode> present(@org.jspecify.annotations.Nullable JsonNode node) {
        return Optional.ofNullable(node);
    }

    private static JsonNode gate(JsonNode plan, String id) {
        for (JsonNode gate : plan.path("gates")) {
            if (gate.path("id").asText().equals(id)) {
                return gate;
            }
        }
        return Json.MAPPER.missingNode();
    }

    /** What was decided by name, as the plan's JSON says it. */
    static ObjectNode json(PlanOptions options) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        options.overrides().forEach(json.putArray("overrides")::add);
        options.forced().forEach(json.putArray("forced")::add);
        options.givenUp().forEach(json.putArray("givenUp")::add);
        var skipped = json.putArray("skipped");
        options.skipped().forEach(phase -> skipped.add(phase.key()));
        json.put("holdAtWarn", options.holdAtWarn());
        options.auditLog().ifPresent(file -> json.put("auditLog", file.toString()));
        options.proxyMetrics().ifPresent(metrics -> json.set("proxyMetrics", metrics.json()));
        return json;
    }

    private static PlanOptions options(JsonNode json) {
        PlanOptions options = PlanOptions.none();
        options = each(json.path("overrides"), options, PlanOptions::overriding);
        options = each(json.path("forced"), options, PlanOptions::forcing);
        options = each(json.path("givenUp"), options, PlanOptions::givingUp);
        options = each(
                json.path("skipped"),
                options,
                (so, phase) -> so.skipping(Phase.valueOf(phase.toUpperCase(Locale.ROOT))));
        if (json.path("holdAtWarn").asBoolean()) {
            options = options.holdingAtWarn();
        }
        if (json.has("auditLog")) {
            options = options.withAuditLog(Path.of(json.path("auditLog").asText()));
        }
        return json.has("proxyMetrics")
                ? options.withProxyMetrics(ProxyMetrics.of(json.path("proxyMetrics")))
                : options;
    }

    private static PlanOptions each(
            JsonNode names, PlanOptions options, BiFunction<PlanOptions, String, PlanOptions> add) {
        PlanOptions all = options;
        for (JsonNode name : names) {
            all = add.apply(all, name.asText());
        }
        return all;
    }
}
