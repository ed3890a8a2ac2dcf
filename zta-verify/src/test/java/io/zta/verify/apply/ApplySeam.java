package io.zta.verify.apply;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.compile.Compiled;
import java.util.List;

/** Opens to integration tests what stays inside the package: plans of objects of their own. */
public final class ApplySeam {
    private ApplySeam() {}

    public static Plan plan(Posture posture, List<Compiled> compiled, KubernetesClient client, PlanOptions options) {
        return Planner.plan(posture, compiled, client, options);
    }

    /** Overrides every gate but those on writes: for tests of the mechanics alone. */
    public static PlanOptions mechanicsOnly() {
        PlanOptions options = PlanOptions.none();
        for (Gate gate : Gates.list()) {
            if (!List.of("APPLY-04", "APPLY-09", "APPLY-11", "APPLY-12", "APPLY-13", "APPLY-14")
                    .contains(gate.id())) {
                options = options.overriding(gate.id());
            }
        }
        return options;
    }
}
