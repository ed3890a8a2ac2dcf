package io.zta.rbac;

import io.zta.intent.Subject;
import java.util.Optional;

/** Where somebody can get to: an identity, a set of identities, or power that no identity stands for. Immutable. */
final class Place {
    enum Kind {
        /** A subject with what bindings give it, and perhaps what it gave itself. */
        SUBJECT,
        /** Any service account of a namespace, or of all. */
        ACCOUNTS,
        /** Any user that is no service account. */
        USERS,
        /** Any group. */
        GROUPS,
        /** Any group but system:masters. */
        ORDINARY_GROUPS,
        /** Root on a node. */
        HOST,
        /** Containers of one's own in new pods of others. */
        INJECTED,
        /** Inside a container of a namespace: the goal. */
        INSIDE
    }

    private final Kind kind;
    private final Optional<Subject> subject;
    private final String scope;
    private final Optional<Binding> extra;
    private final String id;

    private Place(Kind kind, Optional<Subject> subject, String scope, Optional<Binding> extra) {
        this.kind = kind;
        this.subject = subject;
        this.scope = scope;
        this.extra = extra;
        this.id = kind + "|" + subject.map(Subject::toString).orElse("") + "|" + scope + "|"
                + extra.map(binding -> binding.namespace() + "/"
                                + binding.role().resource().display())
                        .orElse("");
    }

    static Place of(Subject subject) {
        return new Place(Kind.SUBJECT, Optional.of(subject), "", Optional.empty());
    }

    /** A subject that also holds what a binding of its own making gives. */
    static Place granted(Subject subject, Binding extra) {
        return new Place(Kind.SUBJECT, Optional.of(subject), "", Optional.of(extra));
    }

    /** Any service account of a namespace; of every one for {@code "*"}. */
    static Place accounts(String namespace) {
        return new Place(Kind.ACCOUNTS, Optional.empty(), namespace, Optional.empty());
    }

    static Place of(Kind kind) {
        return new Place(kind, Optional.empty(), "", Optional.empty());
    }

    Kind kind() {
        return kind;
    }

    Optional<Subject> subject() {
        return subject;
    }

    String scope() {
        return scope;
    }

    Optional<Binding> extra() {
        return extra;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Place that && id.equals(that.id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return id;
    }
}
