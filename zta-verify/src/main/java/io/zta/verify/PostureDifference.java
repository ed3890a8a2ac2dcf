package io.zta.verify;

import java.util.List;

/**
 * What two postures let differ: the ways that open and close where one takes the place of the other, the claims that are no
 * longer made, and the objects that change. Immutable; start at {@link Verifier#compare(io.zta.Posture, io.zta.Posture)}.
 *
 * @param ways what opens and what closes; an opened finding is one against a claim of the old posture
 * @param dropped claims that the old posture makes and the new one does not, one clause each
 * @param added claims that the new posture makes and the old one does not, one clause each
 * @param objects rendered objects that come, go or change, by kind, namespace and name
 */
public record PostureDifference(Difference ways, List<String> dropped, List<String> added, List<Rendered> objects) {
    public PostureDifference {
        dropped = List.copyOf(dropped);
        added = List.copyOf(added);
        objects = List.copyOf(objects);
    }

    /** What becomes of a rendered object. */
    public enum Fate {
        /** The new posture renders it, the old one does not. */
        ADDED,
        /** The old posture renders it, the new one does not. */
        REMOVED,
        /** Both render it, and differently. */
        CHANGED
    }

    /**
     * A rendered object that differs.
     *
     * @param fate what becomes of it
     * @param object {@code Kind namespace/name}
     * @param fields fields that differ, as {@code path: old -> new}; empty unless it is changed
     */
    public record Rendered(Fate fate, String object, List<String> fields) {
        public Rendered {
            fields = List.copyOf(fields);
        }
    }

    /** Whether no way opens and no claim is dropped, as far as could be read. */
    public boolean opensNothing() {
        return ways.opensNothing() && dropped.isEmpty();
    }

    /** Whether both postures come to the same. */
    public boolean isEmpty() {
        return ways.isEmpty() && dropped.isEmpty() && added.isEmpty() && objects.isEmpty();
    }
}
