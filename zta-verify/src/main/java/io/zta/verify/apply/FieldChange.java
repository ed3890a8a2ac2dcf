package io.zta.verify.apply;

/**
 * One field that a write changes, as the server-side dry run answered it.
 *
 * @param path the field, such as {@code spec.ingress[0].from}
 * @param before the value as JSON; {@code absent} where there was none
 * @param after the value as JSON; {@code absent} where there will be none
 */
public record FieldChange(String path, String before, String after) {
    /** {@code path: before -> after}. */
    @Override
    public String toString() {
        return path + ": " + before + " -> " + after;
    }
}
