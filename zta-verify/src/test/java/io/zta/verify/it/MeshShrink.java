package io.zta.verify.it;

import io.zta.verify.it.MeshSets.Draft;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Smaller sets of policies, the smallest steps last. */
final class MeshShrink {
    private MeshShrink() {}

    /** Every set with one object less, then with one entry or field less somewhere. */
    static List<List<Draft>> smaller(List<Draft> set) {
        List<List<Draft>> sets = new ArrayList<>();
        for (int i = 0; i < set.size(); i++) {
            List<Draft> without = new ArrayList<>(set);
            without.remove(i);
            sets.add(without);
        }
        for (int i = 0; i < set.size(); i++) {
            for (Map<String, Object> spec : fields(set.get(i).spec())) {
                List<Draft> changed = new ArrayList<>(set);
                changed.set(i, set.get(i).withSpec(spec));
                sets.add(changed);
            }
        }
        return sets;
    }

    private static List<Map<String, Object>> fields(Map<?, ?> tree) {
        List<Map<String, Object>> trees = new ArrayList<>();
        for (Object key : tree.keySet()) {
            if (List.of("action", "provider", "key", "issuer", "jwks").contains(key)) {
                continue; // without it the object is another one, or none
            }
            Map<String, Object> without = copy(tree);
            without.remove(key);
            trees.add(without);
            for (Object inner : values(tree.get(key))) {
                Map<String, Object> changed = copy(tree);
                changed.put((String) key, inner);
                trees.add(changed);
            }
        }
        return trees;
    }

    private static List<Object> values(Object value) {
        List<Object> values = new ArrayList<>();
        if (value instanceof Map<?, ?> map) {
            values.addAll(fields(map));
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                List<Object> without = new ArrayList<>(list);
                without.remove(i);
                if (!without.isEmpty()) {
                    values.add(without);
                }
                for (Object inner : values(list.get(i))) {
                    List<Object> changed = new ArrayList<>(list);
                    changed.set(i, inner);
                    values.add(changed);
                }
            }
        }
        return values;
    }

    private static Map<String, Object> copy(Map<?, ?> tree) {
        Map<String, Object> copy = new LinkedHashMap<>();
        tree.forEach((key, value) -> copy.put((String) key, value));
        return copy;
    }
}
