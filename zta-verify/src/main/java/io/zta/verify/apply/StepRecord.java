package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.intent.Phase;
import java.util.ArrayList;
import java.util.List;

/**
 * A step as the inventory keeps it, written before the first of its writes.
 *
 * @param sequence counted from 1 over the life of the posture
 * @param run the sequence of the first step of the same apply
 * @param reached the phase that the namespaces stand in after it
 */
record StepRecord(
        int sequence, int run, Phase phase, Step.Stage stage, Phase reached, State state, List<Write> writes) {
    /** How far it got. */
    enum State {
        /** Announced; some of its writes may have been made. */
        PENDING,
        /** All of its writes were made. */
        DONE,
        /** On the way back; some of its writes may have been taken back. */
        LEAVING,
        /** Taken back. */
        UNDONE
    }

    StepRecord {
        writes = List.copyOf(writes);
    }

    /** Whether it was interrupted. */
    boolean unfinished() {
        return state == State.PENDING || state == State.LEAVING;
    }

    String id() {
        return new Step(phase, stage, List.of()).id();
    }

    StepRecord as(State other) {
        return new StepRecord(sequence, run, phase, stage, reached, other, writes);
    }

    StepRecord with(List<Write> others) {
        return new StepRecord(sequence, run, phase, stage, reached, state, others);
    }

    ObjectNode json() {
        ObjectNode node = Json.MAPPER.createObjectNode();
        node.put("sequence", sequence)
                .put("run", run)
                .put("phase", phase.name())
                .put("stage", stage.name());
        node.put("reached", reached.name()).put("state", state.name());
        ArrayNode array = node.putArray("writes");
        writes.forEach(write -> array.add(write.json()));
        return node;
    }

    static StepRecord of(JsonNode node) {
        List<Write> writes = new ArrayList<>();
        node.path("writes").forEach(write -> writes.add(Write.of(write)));
        return new StepRecord(
                node.path("sequence").asInt(),
                node.path("run").asInt(),
                Phase.valueOf(node.path("phase").asText()),
                Step.Stage.valueOf(node.path("stage").asText()),
                Phase.valueOf(node.path("reached").asText()),
                State.valueOf(node.path("state").asText()),
                writes);
    }
}
