package io.zta.verify.apply;

import java.util.List;

/**
 * The answer of a gate.
 *
 * @param id {@code APPLY-01} to {@code APPLY-22}, as docs/semantics/apply.md numbers them
 * @param title what the gate keeps from happening
 * @param outcome passed, refused, or overridden
 * @param evidence what the answer rests on: objects, flows, subjects, one line each; at least one
 * @param answer what to do where it is refused; empty otherwise
 */
public record GateResult(String id, String title, Outcome outcome, List<String> evidence, String answer) {
    /** The outcome of a gate. */
    public enum Outcome {
        /** Nothing stands against the plan. */
        PASSED,
        /** The plan is not applied. */
        REFUSED,
        /** It was refused, and the caller named it to be passed over. */
        OVERRIDDEN
    }

    public GateResult {
        evidence = List.copyOf(evidence);
        if (evidence.isEmpty()) {
            throw new IllegalArgumentException("gate " + id + " gives no evidence");
        }
    }

    GateResult overridden() {
        return new GateResult(id, title, Outcome.OVERRIDDEN, evidence, answer);
    }

    /** Whether it stops the plan. */
    public boolean refused() {
        return outcome == Outcome.REFUSED;
    }
}
