package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.Node;
import java.util.List;
import java.util.Optional;

/**
 * Decides what admission makes of a request that the authorizer lets through. Pure. {@code io.zta.rbac.admission} evaluates
 * the policies of a snapshot; {@link #NONE} is a cluster without any.
 */
@FunctionalInterface
public interface AdmissionVerdicts {
    /** A cluster in which admission refuses nothing. */
    AdmissionVerdicts NONE = request -> new Answer.Allowed(List.of());

    /** What admission does with the request. */
    Answer decide(Request request);

    /** What a request does, as admission sees it: every verb on exec, attach, port-forward and proxies is a CONNECT. */
    enum Operation {
        /** An object is made. */
        CREATE,
        /** An object is changed, by whatever verb. */
        UPDATE,
        /** An object is deleted, or a collection of them. */
        DELETE,
        /** A stream or a proxied request. */
        CONNECT
    }

    /**
     * A request that was authorized.
     *
     * @param identity who asks, as admission sees it: the impersonated identity where there is one
     * @param attributes what is asked for; an empty name is an object of some name
     * @param operation what it does
     * @param object the object as it would be stored; empty where it is not known, and on CONNECT and DELETE
     * @param old the object as it is; empty where there is none or it is not known
     */
    record Request(
            Identity identity, Attributes attributes, Operation operation, Optional<Node> object, Optional<Node> old) {
        /** A request of unknown content, with the operation that its verb and subresource mean. */
        public static Request of(Identity identity, Attributes attributes) {
            return new Request(identity, attributes, operation(attributes), Optional.empty(), Optional.empty());
        }

        /** The same request with the object it would store. */
        public Request storing(Node content) {
            return new Request(identity, attributes, operation, Optional.of(content), old);
        }

        private static Operation operation(Attributes attributes) {
            boolean connects = switch (attributes.subresource()) {
                case "exec", "attach", "portforward", "proxy" -> true;
                default -> false;
            };
            if (connects) {
                return Operation.CONNECT;
            }
            return switch (attributes.verb()) {
                case "update", "patch" -> Operation.UPDATE;
                case "delete", "deletecollection" -> Operation.DELETE;
                default -> Operation.CREATE;
            };
        }
    }

    /** What admission makes of a request. */
    sealed interface Answer permits Answer.Allowed, Answer.Denied, Answer.Unknown {
        /**
         * It goes through, whatever its content.
         *
         * @param notes what was in the way and did not refuse, such as a policy that only warns
         */
        record Allowed(List<Evidence> notes) implements Answer {
            public Allowed {
                notes = List.copyOf(notes);
            }
        }

        /**
         * It is refused.
         *
         * @param because the policy and binding that refuse, the decisive field first, at least one
         */
        record Denied(List<Evidence> because) implements Answer {
            public Denied {
                because = List.copyOf(because);
            }
        }

        /**
         * It cannot be told.
         *
         * @param doubts why, at least one
         */
        record Unknown(List<Doubt> doubts) implements Answer {
            public Unknown {
                doubts = List.copyOf(doubts);
            }
        }
    }
}
