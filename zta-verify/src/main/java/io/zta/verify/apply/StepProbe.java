package io.zta.verify.apply;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import java.util.List;

/**
 * Looks whether what must work works, and whether what must be closed is closed. Asked before the first step and after
 * each; what was allowed before a step and must stay so decides whether the step is undone.
 */
@FunctionalInterface
public interface StepProbe {
    /**
     * Observes the cluster once; the applier repeats it until the answers settle.
     *
     * @param posture the posture that is brought
     * @param step the step that has just been made, or, before the first, the first one
     * @param client the applier's client
     */
    List<Observation> observe(Posture posture, Step step, KubernetesClient client);

    /**
     * One thing looked at.
     *
     * @param what the thing, the same words each time
     * @param mustWork whether it must work (a positive probe), or be closed (a negative one)
     * @param seen what was seen
     * @param evidence what the answer rests on
     */
    record Observation(String what, boolean mustWork, Seen seen, String evidence) {}

    /** What was seen. */
    enum Seen {
        /** It went through. */
        ALLOWED,
        /** It was refused or swallowed, while its control went through. */
        DENIED,
        /** It can't be told. */
        INCONCLUSIVE
    }

    /** Both probes, one after the other. */
    default StepProbe and(StepProbe other) {
        return (posture, step, client) -> {
            List<Observation> all = new java.util.ArrayList<>(observe(posture, step, client));
            all.addAll(other.observe(posture, step, client));
            return all;
        };
    }
}
