package io.zta.snapshot;

/**
 * Names a workload: the outermost controller of pods, or a bare pod.
 *
 * @param namespace its namespace
 * @param name its name
 * @param kind its kind, such as {@code Deployment}
 */
public record WorkloadRef(String namespace, String name, String kind) implements Comparable<WorkloadRef> {
    @Override
    public int compareTo(WorkloadRef other) {
        int order = namespace.compareTo(other.namespace);
        if (order == 0) {
            order = name.compareTo(other.name);
        }
        return order != 0 ? order : kind.compareTo(other.kind);
    }

    /** {@code namespace/name[Kind]}. */
    @Override
    public String toString() {
        return namespace + "/" + name + "[" + kind + "]";
    }
}
