package io.zta.verify.apply;

import io.zta.intent.Phase;
import java.util.List;

/**
 * What an apply or a rollback did.
 *
 * @param steps the steps made, or taken back, as {@code 3 network/allow}
 * @param phase the phase that the posture's namespaces stand in now
 * @param observations what the last proof saw
 * @param unproven what should be closed and was not seen closed, and what was left because somebody changed it since
 */
public record Applied(
        List<String> steps, Phase phase, List<StepProbe.Observation> observations, List<String> unproven) {
    public Applied {
        steps = List.copyOf(steps);
        observations = List.copyOf(observations);
        unproven = List.copyOf(unproven);
    }

    /** As text for people. */
    public String toText() {
        StringBuilder out = new StringBuilder();
        out.append(steps.isEmpty() ? "Nothing to do.\n" : "Steps\n");
        steps.forEach(step -> out.append("  ").append(step).append('\n'));
        out.append("Phase ").append(PlanWriter.phase(phase)).append('\n');
        observations.forEach(seen -> out.append("  ")
                .append(seen.what())
                .append(": ")
                .append(seen.seen().name().toLowerCase(java.util.Locale.ROOT))
                .append(" (")
                .append(seen.evidence())
                .append(")\n"));
        if (!unproven.isEmpty()) {
            out.append("Not proven\n");
            unproven.forEach(line -> out.append("  ").append(line).append('\n'));
        }
        return out.toString();
    }
}
