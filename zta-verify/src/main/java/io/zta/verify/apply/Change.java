package io.zta.verify.apply;

import java.util.List;

/**
 * What one write does to one object.
 *
 * @param action what is done
 * @param object which object
 * @param desired the object as it is sent, as JSON; empty for a deletion
 * @param uid the UID seen when the plan was made; empty where there was no such object
 * @param resourceVersion the resourceVersion seen then; empty where there was none, or where an earlier step of the same
 *     plan writes the object
 * @param fields what changes, as the server-side dry run answered
 * @param forced whether the caller named the object to be taken over from other field managers
 */
public record Change(
        Action action,
        ObjectRef object,
        String desired,
        String uid,
        String resourceVersion,
        List<FieldChange> fields,
        boolean forced) {
    /** What is done to an object. */
    public enum Action {
        /** It is not there and will be. */
        CREATE,
        /** Fields of it change. */
        CHANGE,
        /** It is ours, is asked for no longer and goes. */
        DELETE,
        /** It was there before us, is asked for no longer, and gets back the fields that we changed. */
        RESTORE
    }

    public Change {
        fields = List.copyOf(fields);
    }

    /** {@code create NetworkPolicy shop/zta-deny}. */
    @Override
    public String toString() {
        return action.name().toLowerCase(java.util.Locale.ROOT) + " " + object;
    }
}
