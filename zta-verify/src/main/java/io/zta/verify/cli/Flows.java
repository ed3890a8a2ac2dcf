package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.snapshot.Snapshot;
import io.zta.verify.render.FlowMap;
import java.util.List;

final class Flows {
    private Flows() {}

    static FlowMap of(Snapshot snapshot, List<Posture> postures) {
        return new FlowMap(List.of(), List.of(), 0);
    }
}
