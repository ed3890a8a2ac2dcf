package io.zta.verify.apply;

import io.zta.snapshot.GroupKind;
import java.util.Comparator;

/**
 * The address of an object in a cluster.
 *
 * @param apiVersion the version it is written in, such as {@code networking.k8s.io/v1}
 * @param kind the kind
 * @param namespace the namespace; empty for a cluster-scoped object
 * @param name the name
 */
public record ObjectRef(String apiVersion, String kind, String namespace, String name)
        implements Comparable<ObjectRef> {
    private static final Comparator<ObjectRef> ORDER = Comparator.comparing(ObjectRef::kind)
            .thenComparing(ObjectRef::group)
            .thenComparing(ObjectRef::namespace)
            .thenComparing(ObjectRef::name);

    /** Group and kind. */
    public GroupKind type() {
        return GroupKind.of(apiVersion, kind);
    }

    String group() {
        return type().group();
    }

    /** Whether both name the same object, whatever version they are written in. */
    boolean same(ObjectRef other) {
        return ORDER.compare(this, other) == 0;
    }

    @Override
    public int compareTo(ObjectRef other) {
        return ORDER.compare(this, other);
    }

    /** {@code Kind namespace/name}. */
    @Override
    public String toString() {
        return kind + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
    }
}
