package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.intent.Phase;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a posture wrote to a cluster: its steps, each with the state before and after every write. Which objects it owns
 * follows from them: what a step created or changed and no later one took away. Immutable.
 */
final class Inventory {
    /** The namespace that holds inventories and the Lease, where nobody works who only works in protected ones. */
    static final String NAMESPACE = "zta-system";

    /**
     * An object that is ours.
     *
     * @param uid its UID after our last write
     * @param version its resourceVersion then
     * @param desired what was sent last
     * @param original what was there before our first write; empty where we created it
     * @param written what was there after our last write
     */
    record Owned(
            ObjectRef object,
            Phase phase,
            Step.Stage stage,
            String uid,
            String version,
            String desired,
            Optional<ObjectNode> original,
            Optional<ObjectNode> written) {}

    private final String id;
    private final String posture;
    private final List<StepRecord> steps;

    Inventory(String id, String posture, List<StepRecord> steps) {
        this.id = id;
        this.posture = posture;
        List<StepRecord> sorted = new ArrayList<>(steps);
        sorted.sort(Comparator.comparingInt(StepRecord::sequence));
        this.steps = List.copyOf(sorted);
    }

    static Inventory empty(String id) {
        return new Inventory(id, "", List.of());
    }

    /** The posture's id. */
    String id() {
        return id;
    }

    /** The posture last applied, as YAML; empty before the first. */
    String posture() {
        return posture;
    }

    List<StepRecord> steps() {
        return steps;
    }

    /** The step of that number, which is there. */
    StepRecord step(int sequence) {
        return steps.stream()
                .filter(step -> step.sequence() == sequence)
                .findFirst()
                .orElseThrow();
    }

    Inventory with(StepRecord step) {
        List<StepRecord> others = new ArrayList<>(steps);
        others.removeIf(other -> other.sequence() == step.sequence());
        others.add(step);
        return new Inventory(id, posture, others);
    }

    Inventory of(String postureYaml) {
        return new Inventory(id, postureYaml, steps);
    }

    int next() {
        return steps.isEmpty() ? 1 : steps.get(steps.size() - 1).sequence() + 1;
    }

    /** The step that was interrupted; there is at most one, the last that was begun. */
    Optional<StepRecord> unfinished() {
        return steps.stream().filter(StepRecord::unfinished).findFirst();
    }

    /** The phase that the posture's namespaces stand in. */
    Phase phase() {
        Phase phase = Phase.OBSERVE;
        for (StepRecord step : steps) {
            if (step.state() == StepRecord.State.DONE) {
                phase = step.reached();
            }
        }
        return phase;
    }

    /** The objects that are ours, by address. */
    List<Owned> owned() {
        TreeMap<ObjectRef, Owned> owned = new TreeMap<>();
        for (StepRecord step : steps) {
            if (step.state() == StepRecord.State.UNDONE) {
                continue;
            }
            for (Write write : step.writes()) {
                if (!write.made().orElse(false)) {
                    continue;
                }
                Owned earlier = owned.get(write.object());
                switch (write.action()) {
                    case DELETE, RESTORE -> owned.remove(write.object());
                    case CREATE, CHANGE ->
                        owned.put(
                                write.object(),
                                new Owned(
                                        write.object(),
                                        step.phase(),
                                        // Its first stage says what it is: a binding that denies began as one that
                                        // warns.
                                        earlier == null ? step.stage() : earlier.stage(),
                                        write.afterUid(),
                                        write.afterVersion(),
                                        write.desired(),
                                        earlier == null ? write.before() : earlier.original(),
                                        write.after()));
                }
            }
        }
        return List.copyOf(owned.values());
    }

    Optional<Owned> owned(ObjectRef ref) {
        return owned().stream().filter(entry -> entry.object().same(ref)).findFirst();
    }

    /** A name that ConfigMaps and label values may carry, the same for the same posture. */
    static String key(String id) {
        return id.length() <= 40
                ? id
                : id.substring(0, 30).replaceAll("-+$", "") + "-" + digest(id).substring(0, 8);
    }

    static String digest(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    static ObjectNode head(Inventory inventory) {
        ObjectNode node = Json.MAPPER.createObjectNode();
        node.put("id", inventory.id()).put("posture", inventory.posture());
        return node;
    }

    static String idOf(JsonNode head) {
        return head.path("id").asText();
    }
}
