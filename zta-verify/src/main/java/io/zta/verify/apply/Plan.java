package io.zta.verify.apply;

import io.zta.Posture;
import io.zta.intent.Phase;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Everything that would be written, in order, with what speaks against it. Immutable; made by {@link Planner}, carried out
 * by {@link Applier}.
 *
 * @param posture what is asked
 * @param options what the caller decided by name
 * @param from the phase in which each namespace stands
 * @param steps what is written
 * @param unchanged objects that are as they should be
 * @param impact who loses and gains what
 * @param objections what the server-side dry run refused: conflicts, and objects that the API server does not take
 * @param gates the gates with their evidence, in the order of their ids
 * @param basis what the plan was made on: objects with their resourceVersions; another one at apply time stops it
 */
public record Plan(
        Posture posture,
        PlanOptions options,
        Map<String, Phase> from,
        List<Step> steps,
        List<ObjectRef> unchanged,
        Impact impact,
        Objections objections,
        List<GateResult> gates,
        Map<String, String> basis) {
    /**
     * Who loses and gains what.
     *
     * @param ends flows that end
     * @param begins flows that begin
     * @param grants grants of the named subjects that remain, which the posture does not own and does not delete
     * @param notes what the plan can't judge, and what else is worth knowing
     */
    public record Impact(List<Flow> ends, List<Flow> begins, List<String> grants, List<String> notes) {
        public Impact {
            ends = List.copyOf(ends);
            begins = List.copyOf(begins);
            grants = List.copyOf(grants);
            notes = List.copyOf(notes);
        }
    }

    /**
     * What the server-side dry run refused.
     *
     * @param conflicts fields that others own
     * @param refusals objects that the API server does not take, with its words
     */
    public record Objections(List<Conflict> conflicts, List<String> refusals) {
        public Objections {
            conflicts = List.copyOf(conflicts);
            refusals = List.copyOf(refusals);
        }
    }

    public Plan {
        from = Collections.unmodifiableMap(new TreeMap<>(from));
        steps = List.copyOf(steps);
        unchanged = List.copyOf(unchanged);
        gates = List.copyOf(gates);
        basis = Collections.unmodifiableMap(new TreeMap<>(basis));
    }

    /** Whether nothing is written. */
    public boolean isEmpty() {
        return steps.stream().allMatch(step -> step.changes().isEmpty());
    }

    /** All writes, in order. */
    public List<Change> changes() {
        return steps.stream().flatMap(step -> step.changes().stream()).toList();
    }

    /** The gates that stop it. */
    public List<GateResult> refused() {
        return gates.stream().filter(GateResult::refused).toList();
    }

    /** The gate of that id. */
    public GateResult gate(String id) {
        return gates.stream()
                .filter(gate -> gate.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no gate " + id));
    }

    /** Objects that pruning removes or gives back. */
    public Set<ObjectRef> pruned() {
        Set<ObjectRef> refs = new TreeSet<>();
        for (Step step : steps) {
            if (step.stage() == Step.Stage.UNRESTRICT || step.stage() == Step.Stage.DISALLOW) {
                step.changes().forEach(change -> refs.add(change.object()));
            }
        }
        return refs;
    }

    /** As text for people. */
    public String toText() {
        return PlanWriter.text(this);
    }

    /** As JSON, indented; the same plan gives the same bytes. */
    public String toJson() {
        return PlanWriter.json(this);
    }
}
