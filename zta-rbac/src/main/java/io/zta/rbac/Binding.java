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

    boolean countsIn(String asked) {
        return namespace.isEmpty() || namespace.equals(asked);
    }
}
