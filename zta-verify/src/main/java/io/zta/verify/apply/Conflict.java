package io.zta.verify.apply;

/**
 * A field that another field manager owns.
 *
 * @param object the object
 * @param manager who owns the field, as the API server names it
 * @param field the field
 */
public record Conflict(ObjectRef object, String manager, String field) {
    /** One line. */
    @Override
    public String toString() {
        return object + ": " + field + " is owned by " + manager;
    }
}
