package io.zta.network;

import io.zta.snapshot.Selector;
import io.zta.snapshot.Selector.Requirement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds which of a numbered list of label sets a selector matches, a word of 64 at a time. Immutable once built. */
final class LabelIndex {
    private final int size;
    private final Map<String, Map<String, long[]>> byValue = new HashMap<>();
    private final Map<String, long[]> byKey = new HashMap<>();

    LabelIndex(List<Map<String, String>> labels) {
        this.size = labels.size();
        for (int i = 0; i < size; i++) {
            for (Map.Entry<String, String> label : labels.get(i).entrySet()) {
                Bits.set(byKey.computeIfAbsent(label.getKey(), key -> Bits.none(size)), i);
                Bits.set(
                        byValue.computeIfAbsent(label.getKey(), key -> new HashMap<>())
                                .computeIfAbsent(label.getValue(), value -> Bits.none(size)),
                        i);
            }
        }
    }

    /** The matching numbers; the caller owns the array. */
    long[] match(Selector selector) {
        long[] matched = Bits.none(size);
        Bits.setRange(matched, 0, size);
        for (Requirement requirement : selector.requirements()) {
            switch (requirement.operator()) {
                case EXISTS -> Bits.retain(matched, having(requirement.key()));
                case DOES_NOT_EXIST -> Bits.remove(matched, having(requirement.key()));
                case IN -> Bits.retain(matched, having(requirement.key(), requirement.values()));
                case NOT_IN -> Bits.remove(matched, having(requirement.key(), requirement.values()));
            }
        }
        return matched;
    }

    private long[] having(String key) {
        long[] found = byKey.get(key);
        return found == null ? Bits.none(size) : found;
    }

    private long[] having(String key, Set<String> values) {
        Map<String, long[]> known = byValue.getOrDefault(key, Map.of());
        long[] found = Bits.none(size);
        for (String value : values) {
            long[] some = known.get(value);
            if (some != null) {
                Bits.addAll(found, some);
            }
        }
        return found;
    }
}
