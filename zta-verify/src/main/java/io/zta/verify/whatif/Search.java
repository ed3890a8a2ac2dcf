package io.zta.verify.whatif;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Looks for few edits that together turn a verdict, by trying them.
 *
 * <p>Single edits are tried first, then pairs where they are not too many. Else all are made at once and as many left out
 * again as the verdict allows, half of them at a time (delta debugging, after Zeller and Hildebrandt, 2002): then none of
 * those left can be spared, and a smaller set of others may exist.
 */
final class Search {
    /** Pairs are tried for up to so many edits. */
    private static final int MOST_FOR_PAIRS = 14;

    private final Predicate<List<Edit>> turns;
    private int tried;

    /**
     * A search.
     *
     * @param turns makes the edits, evaluates again, and says whether the verdict has turned
     */
    Search(Predicate<List<Edit>> turns) {
        this.turns = edits -> {
            tried++;
            return turns.test(edits);
        };
    }

    /** How often was evaluated. */
    int tried() {
        return tried;
    }

    /** Whether these edits turn the verdict together. */
    boolean holds(List<Edit> edits) {
        return turns.test(edits);
    }

    /**
     * Edits that turn the verdict together.
     *
     * @param edits the edits, none of which can be spared
     * @param least whether no fewer of those that were given do
     */
    record Found(List<Edit> edits, boolean least) {}

    /** All edits that turn the verdict by themselves, in the order given, up to a number. */
    List<Edit> singles(List<Edit> candidates, int most) {
        List<Edit> found = new ArrayList<>();
        for (Edit candidate : candidates) {
            if (found.size() < most && turns.test(List.of(candidate))) {
                found.add(candidate);
            }
        }
        return found;
    }

    /**
     * Few edits that turn the verdict.
     *
     * @param candidates edits to choose from, those liked best first
     * @param all edits that may be made all at once
     */
    Optional<Found> few(List<Edit> candidates, List<Edit> all) {
        List<Edit> single = singles(candidates, 1);
        if (!single.isEmpty()) {
            return Optional.of(new Found(single, true));
        }
        boolean pairs = candidates.size() <= MOST_FOR_PAIRS;
        if (pairs) {
            for (int i = 0; i < candidates.size(); i++) {
                for (int j = i + 1; j < candidates.size(); j++) {
                    List<Edit> pair = List.of(candidates.get(i), candidates.get(j));
                    if (turns.test(pair)) {
                        return Optional.of(new Found(pair, true));
                    }
                }
            }
        }
        if (all.isEmpty() || !turns.test(all)) {
            return Optional.empty();
        }
        List<Edit> left = shrunk(all);
        boolean among = new LinkedHashSet<>(candidates).containsAll(left);
        return Optional.of(new Found(left, among && (left.size() <= 2 || pairs && left.size() == 3)));
    }

    /** What is left of edits that turn the verdict when as many as possible are left out, the last first. */
    private List<Edit> shrunk(List<Edit> edits) {
        List<Edit> kept = new ArrayList<>(edits);
        for (int size = Math.max(1, kept.size() / 2); size >= 1; size /= 2) {
            int end = kept.size();
            while (end > 0) {
                int start = Math.max(0, end - size);
                List<Edit> fewer = new ArrayList<>(kept.subList(0, start));
                fewer.addAll(kept.subList(end, kept.size()));
                if (!fewer.isEmpty() && turns.test(fewer)) {
                    kept = fewer;
                }
                end = start;
            }
        }
        return shrunkOnce(kept);
    }

    /** One at a time until none can be spared: leaving out a later one may make an earlier one needless. */
    private List<Edit> shrunkOnce(List<Edit> edits) {
        for (int i = edits.size() - 1; i >= 0 && edits.size() > 1; i--) {
            List<Edit> fewer = new ArrayList<>(edits);
            fewer.remove(i);
            if (turns.test(fewer)) {
                return shrunkOnce(fewer);
            }
        }
        return edits;
    }
}
