package io.zta.verify.apply;

import java.util.ArrayList;
import java.util.List;

/** One way to lock somebody out, and the check that keeps a plan from it. Stateless; pure on its context. */
interface Gate {
    /** {@code APPLY-01} to {@code APPLY-22}. */
    String id();

    /** What it keeps from happening. */
    String title();

    /** What to do where it is refused. */
    String answer();

    /** Looks at a plan. */
    void check(GateContext context, Findings findings);

    /** What a gate found; each line is evidence, and one objection refuses the plan. Not thread-safe. */
    final class Findings {
        private final List<String> evidence = new ArrayList<>();
        private boolean refused;

        /** Notes what the answer rests on. */
        void note(String line) {
            evidence.add(line);
        }

        /** Notes what stands against the plan. */
        void object(String line) {
            evidence.add(line);
            refused = true;
        }

        boolean refused() {
            return refused;
        }

        List<String> evidence() {
            return evidence;
        }
    }

    /** The answer of this gate to a plan. */
    default GateResult evaluate(GateContext context) {
        Findings findings = new Findings();
        check(context, findings);
        if (findings.evidence().isEmpty()) {
            findings.note("the plan has nothing that this could happen to");
        }
        GateResult result = new GateResult(
                id(),
                title(),
                findings.refused() ? GateResult.Outcome.REFUSED : GateResult.Outcome.PASSED,
                findings.evidence(),
                findings.refused() ? answer() + ", or override it: " + id() : "");
        return findings.refused() && context.options().overrides().contains(id()) ? result.overridden() : result;
    }
}
