package io.zta;

import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.intent.Workload;
import java.util.List;

/** An {@code allowFrom(..)} that waits for its port. Immutable. */
public final class AllowStage {
    private final Intents before;
    private final Workload from;
    private final Workload to;

    AllowStage(Intents before, Workload from, Workload to) {
        this.before = before;
        this.from = from;
        this.to = to;
    }

    /** Lets them reach only these of the protected workloads. */
    public AllowStage to(Workload target) {
        return new AllowStage(before, from, target);
    }

    /** On this TCP port of the pods. */
    public Posture onPort(int number) {
        return onPort(Port.tcp(number));
    }

    /** On this port. */
    public Posture onPort(Port port) {
        return before.and(new Intent.Allow(from, to, List.of(port)));
    }

    /** On every port. */
    public Posture onAnyPort() {
        return before.and(new Intent.Allow(from, to, List.of()));
    }
}
