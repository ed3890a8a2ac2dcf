package io.zta.rbac;

import io.zta.intent.Subject;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who a request comes from, as the API server sees it: a user name and the groups it carries. Immutable.
 *
 * @param user the user name
 * @param groups the groups, {@code system:authenticated} included where it applies
 */
public record Identity(String user, Set<String> groups) {
    public Identity {
        groups = java.util.Collections.unmodifiableSet(new TreeSet<>(groups));
    }

    /** A person in these groups, and in {@code system:authenticated}. */
    public static Identity person(String user, String... groups) {
        Set<String> all = new TreeSet<>(Set.of(groups));
        all.add("system:authenticated");
        return new Identity(user, all);
    }

    /** A service account, with the groups that every one carries. */
    public static Identity serviceAccount(String namespace, String name) {
        return new Identity(
                "system:serviceaccount:" + namespace + ":" + name,
                Set.of("system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"));
    }

    /**
     * The identity a subject stands for: the user or service account itself, or, for a group, a member of it (named
     * {@code "member of GROUP"}) that has nothing else.
     */
    public static Identity of(Subject subject) {
        return switch (subject.kind()) {
            case USER -> person(subject.name());
            case GROUP -> person("member of " + subject.name(), subject.name());
            case SERVICE_ACCOUNT -> serviceAccount(subject.namespace(), subject.name());
        };
    }
}
