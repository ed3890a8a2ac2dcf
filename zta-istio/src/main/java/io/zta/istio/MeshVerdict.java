package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import java.util.List;
import java.util.function.Function;

/** What the mesh does with a connection to a port. */
public sealed interface MeshVerdict permits MeshVerdict.Allowed, MeshVerdict.Denied, MeshVerdict.Unknown {
    /** The fields that decide, in the order in which they act. */
    List<Evidence> because();

    /**
     * It reaches the application.
     *
     * @param because the fields that decide
     * @param everyRequest whether whatever the client sends passes; otherwise some requests or addresses do
     * @param authorizers names of external authorizers that are asked as well and may still refuse
     */
    record Allowed(List<Evidence> because, boolean everyRequest, List<String> authorizers) implements MeshVerdict {
        public Allowed {
            because = List.copyOf(because);
            authorizers = List.copyOf(authorizers);
        }

        @Override
        public <R> R match(Function<Allowed, R> allowed, Function<Denied, R> denied, Function<Unknown, R> unknown) {
            return allowed.apply(this);
        }
    }

    /**
     * It does not reach the application.
     *
     * @param because the fields that decide
     * @param reason what refuses it, as a clause
     */
    record Denied(List<Evidence> because, String reason) implements MeshVerdict {
        public Denied {
            because = List.copyOf(because);
        }

        @Override
        public <R> R match(Function<Allowed, R> allowed, Function<Denied, R> denied, Function<Unknown, R> unknown) {
            return denied.apply(this);
        }
    }

    /**
     * It can't be told.
     *
     * @param because the fields that are known to act
     * @param doubts why, at least one
     */
    record Unknown(List<Evidence> because, List<Doubt> doubts) implements MeshVerdict {
        public Unknown {
            because = List.copyOf(because);
            doubts = List.copyOf(doubts);
            if (doubts.isEmpty()) {
                throw new IllegalArgumentException("an unknown verdict needs a reason");
            }
        }

        @Override
        public <R> R match(Function<Allowed, R> allowed, Function<Denied, R> denied, Function<Unknown, R> unknown) {
            return unknown.apply(this);
        }
    }

    /** Handles each case; a case more breaks every caller at compile time. */
    <R> R match(Function<Allowed, R> allowed, Function<Denied, R> denied, Function<Unknown, R> unknown);
}
