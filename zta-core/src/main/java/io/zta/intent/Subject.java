package io.zta.intent;

/**
 * Who asks the API server: a user, a group, or a service account.
 *
 * @param kind which of these
 * @param namespace the namespace of a service account, empty otherwise
 * @param name the name
 */
public record Subject(Kind kind, String namespace, String name) implements Comparable<Subject> {
    /** Kinds of subjects, spelled as RBAC does. */
    public enum Kind {
        /** A group, whose members the identity provider knows. */
        GROUP("Group"),
        /** A user by the name that authentication gives. */
        USER("User"),
        /** An account of pods in a namespace. */
        SERVICE_ACCOUNT("ServiceAccount");

        private final String rbac;

        Kind(String rbac) {
            this.rbac = rbac;
        }

        /** As {@code subjects[].kind} of a binding has it. */
        public String rbac() {
            return rbac;
        }
    }

    public Subject {
        if (name.isBlank() || kind == Kind.SERVICE_ACCOUNT && namespace.isBlank()) {
            throw new PostureException("A subject needs a name, and a service account a namespace as well; got \""
                    + namespace + "/" + name + "\".");
        }
    }

    /** A group. */
    public static Subject group(String name) {
        return new Subject(Kind.GROUP, "", name);
    }

    /** A user. */
    public static Subject user(String name) {
        return new Subject(Kind.USER, "", name);
    }

    /** A service account. */
    public static Subject serviceAccount(String namespace, String name) {
        return new Subject(Kind.SERVICE_ACCOUNT, namespace, name);
    }

    /** The user name under which a service account authenticates; the name otherwise. */
    public String userName() {
        return kind == Kind.SERVICE_ACCOUNT ? "system:serviceaccount:" + namespace + ":" + name : name;
    }

    @Override
    public int compareTo(Subject other) {
        return toString().compareTo(other.toString());
    }

    /** {@code Group developers}, {@code User jane} or {@code ServiceAccount ns/name}. */
    @Override
    public String toString() {
        return kind.rbac() + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
    }
}
