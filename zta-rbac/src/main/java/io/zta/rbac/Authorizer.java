package io.zta.rbac;

/** Decides as the API server's RBAC authorizer does: additive, with no deny. Pure. */
@FunctionalInterface
public interface Authorizer {
    /** Whether this identity may do that. */
    boolean allows(Identity identity, Attributes attributes);
}
