package io.zta.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Numbers port sets, so that rows of a matrix are arrays of numbers and an operation on two sets is done once. A cluster
 * has millions of pairs and some dozens of different port sets. Thread-safe.
 */
final class PortTable {
    static final int NONE = 0;
    static final int ALL = 1;

    private final List<PortSet> sets = new ArrayList<>();
    private final Map<PortSet, Integer> ids = new HashMap<>();
    private final Answers unions = new Answers();
    private final Answers intersections = new Answers();
    private final Answers differences = new Answers();

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

    private int unionOf(int a, int b) {
        int known = unions.find(a, b);
        return known >= 0 ? known : unions.keep(a, b, id(set(a).union(set(b))));
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

    private int intersectionOf(int a, int b) {
        int known = intersections.find(a, b);
        return known >= 0 ? known : intersections.keep(a, b, id(set(a).intersect(set(b))));
    }

    int minus(int a, int b) {
        return b == NONE ? a : a == NONE || b == ALL || a == b ? NONE : differenceOf(a, b);
    }

    private int differenceOf(int a, int b) {
        int known = differences.find(a, b);
        return known >= 0 ? known : differences.keep(a, b, id(set(a).minus(set(b))));
    }

    /**
     * What an operation gave for two numbers. Most clusters have fewer port sets than a small table has rows: there an answer
     * is found without a lock, and whoever does not see it yet works out the same one.
     */
    private static final class Answers {
        private static final int WIDTH = 128;
        private final int[] small = new int[WIDTH * WIDTH]; // 0 for what was not asked yet, so answers are one more
        private final Map<Long, Integer> large = new ConcurrentHashMap<>();

        /** The answer, or -1. */
        int find(int a, int b) {
            return a < WIDTH && b < WIDTH ? small[a * WIDTH + b] - 1 : large.getOrDefault(key(a, b), -1);
        }

        int keep(int a, int b, int answer) {
            if (a < WIDTH && b < WIDTH) {
                small[a * WIDTH + b] = answer + 1;
            } else {
                large.put(key(a, b), answer);
            }
            return answer;
        }

        private static Long key(int a, int b) {
            return (long) a << 32 | b;
        }
    }
}
