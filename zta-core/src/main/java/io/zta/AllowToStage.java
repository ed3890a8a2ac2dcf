package io.zta;

import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.intent.Workload;
import java.util.List;
import java.util.Optional;

/** An {@code allowTo(..)} or {@code allowToAddresses(..)} that waits for its port. Immutable. */
public final class AllowToStage {
    private final Intents before;
    private final Optional<Workload> workload;
    private final String cidr;

    AllowToStage(Intents before, Optional<Workload> workload, String cidr) {
        this.before = before;
        this.workload = workload;
        this.cidr = cidr;
    }

    /** On this TCP port. */
    public Posture onPort(int number) {
        return onPort(Port.tcp(number));
    }

    /** On this port. */
    public Posture onPort(Port port) {
        return on(List.of(port));
    }

    /** On every port. */
    public Posture onAnyPort() {
        return on(List.of());
    }

    private Posture on(List<Port> ports) {
        return before.and(workload.<Intent>map(target -> new Intent.AllowTo(target, ports))
                .orElseGet(() -> new Intent.AllowToAddresses(cidr, ports)));
    }
}
