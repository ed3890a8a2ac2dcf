package io.zta.verify.render;

import io.zta.Posture;
import io.zta.snapshot.Snapshot;
import java.util.List;

/**
 * Who reaches whom, to be drawn. Immutable.
 *
 * @param places workloads, and ranges of addresses outside the cluster
 * @param flows connections between them, by their place in that list
 * @param leftOut how many connections are not in the list, because they concern no protected workload or are too many
 */
public record FlowMap(List<Place> places, List<Flow> flows, int leftOut) {
    public FlowMap {
        places = List.copyOf(places);
        flows = List.copyOf(flows);
    }

    /**
     * An end of connections.
     *
     * @param group the namespace; empty for addresses outside the cluster
     * @param name the workload or the range
     * @param kind the workload's kind, or the empty text
     * @param isProtected whether a posture protects it
     */
    public record Place(String group, String name, String kind, boolean isProtected) {}

    /**
     * A connection that the network lets through.
     *
     * @param from place of the source in {@link FlowMap#places()}
     * @param to place of the destination
     * @param ports protocols and ports, such as {@code "TCP 8080"} or {@code "All Connections"}
     * @param asked whether the source is expected: a gateway or peer that a posture names, or the node's own network
     */
    public record Flow(int from, int to, String ports, boolean asked) {}

    /**
     * What network policies let through to the workloads that postures protect. What the sidecar would then refuse is in
     * here: the map shows the network alone.
     */
    public static FlowMap of(Snapshot snapshot, List<Posture> postures) {
        return new FlowReader(snapshot, postures).read();
    }
}
