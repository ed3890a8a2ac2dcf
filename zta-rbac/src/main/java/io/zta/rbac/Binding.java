package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.snapshot.Resource;
import java.util.List;

/**
 * A binding that leads to a role.
 *
 * @param resource the object
 * @param namespace where it counts; empty for everywhere
 * @param subjects whom it names, in the order written; a user named like a service account is that service account
 * @param role the role
 */
record Binding(Resource resource, String namespace, List<Subject> subjects, Role role) {
    Binding {
        subjects = List.copyOf(subjects);
    }

    /** Equal when it is the same object: contents are not compared. */
    @Override
    @SuppressWarnings("ReferenceEquality")
    public boolean equals(Object other) {
        return other instanceof Binding that && resource == that.resource && role == that.role;
    }

    @Override
    public int hashCode() {
        return resource.name().hashCode() * 31 + namespace.hashCode();
    }

    boolean countsIn(String asked) {
        return namespace.isEmpty() || namespace.equals(asked);
    }
}
