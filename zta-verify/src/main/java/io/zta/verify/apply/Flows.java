package io.zta.verify.apply;

import io.zta.snapshot.Snapshot;
import java.util.List;

/**
 * Who reaches whom before and after a plan.
 *
 * @param ends flows that end
 * @param begins flows that begin
 */
record Flows(List<Flow> ends, List<Flow> begins) {
    static Flows between(Snapshot before, Snapshot after) {
        return new Flows(List.of(), List.of());
    }
}
