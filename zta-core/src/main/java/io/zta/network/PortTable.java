package io.zta.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers port sets, so that rows of a matrix are arrays of numbers and an operation on two sets is done once. A cluster
 * has millions of pairs and some dozens of different port sets. Thread-safe.
 */
final class PortTable {
    static final int NONE = 0;
    static final int ALL = 1;

    private final List<PortSet> sets = new ArrayList<>();
    private final Map<PortSet, Integer> ids = new HashMap<>();
    private final Map<Long, Integer> unions = new HashMap<>();
    private final Map<Long, Integer> intersections = new HashMap<>();
    private final Map<Long, Integer> differences = new HashMap<>();

    PortTable() {
        id(PortSet.NONE);
        id(PortSet.ALL);
    }

    synchronized int id(PortSet set) {
        Integer known = ids.get(set);
        if (known != null) {
            return known;
        }
        ids.put(set, sets.size());
        sets.add(set);
        return sets.size() - 1;
    }

    synchronized PortSet set(int id) {
        return sets.get(id);
    }

    synchronized int size() {
        return sets.size();
    }

    int union(int a, int b) {
        if (a == b || b == NONE || a == ALL) {
            return a;
        }
        if (a == NONE || b == ALL) {
            return b;
        }
        return unionOf(Math.min(a, b), Math.max(a, b));
    }

    private synchronized int unionOf(int a, int b) {
        Integer known = unions.get(key(a, b));
        if (known == null) {
            known = id(set(a).union(set(b)));
            unions.put(key(a, b), known);
        }
        return known;
    }

    int intersect(int a, int b) {
        if (a == b || b == ALL || a == NONE) {
            return a;
        }
        if (a == ALL || b == NONE) {
            return b;
        }
        return intersectionOf(Math.min(a, b), Math.max(a, b));
    }

    private synchronized int intersectionOf(int a, int b) {
        Integer known = intersections.get(key(a, b));
        if (known == null) {
            known = id(set(a).intersect(set(b)));
            intersections.put(key(a, b), known);
        }
        return known;
    }

    int minus(int a, int b) {
        return b == NONE ? a : a == NONE || b == ALL || a == b ? NONE : differenceOf(a, b);
    }

    private synchronized int differenceOf(int a, int b) {
        Integer known = differences.get(key(a, b));
        if (known == null) {
            known = id(set(a).minus(set(b)));
            differences.put(key(a, b), known);
        }
        return known;
    }

    private static Long key(int a, int b) {
        return (long) a << 32 | b;
    }
}
