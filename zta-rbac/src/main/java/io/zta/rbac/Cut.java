package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.snapshot.Resource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Bindings and rules whose removal leaves a subject no way in. Immutable.
 *
 * <p>Every way needs all of its grants, so a cut must hit each way: a smallest hitting set. The ways are too many to list,
 * so they are found one at a time: cut those known, search for one that is left, and repeat (implicit hitting set, after
 * Moreno-Centeno and Karp, 2013). With exact hitting sets the last one is smallest; when they grow large the greedy one is
 * taken, and the bound is the largest number of known ways that share no grant.
 *
 * @param remove what to remove, one text each: an object, or a rule of a role
 * @param exact whether no smaller set exists
 * @param atLeast the size that no cut can go below
 */
public record Cut(List<String> remove, boolean exact, int atLeast) {
    private static final int LARGEST_EXACT = 5;
    private static final int MOST_WAYS = 120;

    public Cut {
        remove = List.copyOf(remove);
    }

    static String element(Resource binding) {
        return binding.display();
    }

    static String element(Resource role, int rule) {
        return role.display() + " rules[" + rule + "]";
    }

    /** The cut for a subject and a namespace; empty where some way rests on nothing that can be removed. */
    static Optional<Cut> of(Situation situation, Subject subject, String namespace, ServerFacts server) {
        List<Set<String>> ways = new ArrayList<>();
        Set<String> cut = Set.of();
        boolean exact = true;
        while (true) {
            Optional<List<Step>> left = new Search(situation.without(cut), namespace, server).shortest(subject, true);
            if (left.isEmpty()) {
                break;
            }
            Set<String> elements = elements(left.get());
            if (elements.isEmpty()) {
                return Optional.empty();
            }
            ways.add(elements);
            Optional<Set<String>> smallest = ways.size() > MOST_WAYS ? Optional.empty() : smallest(ways);
            exact = smallest.isPresent();
            cut = smallest.orElseGet(() -> greedy(ways));
        }
        return Optional.of(new Cut(cut.stream().sorted().toList(), exact, exact ? cut.size() : disjoint(ways)));
    }

    /** What of a way can be removed: bindings and rules, except those that Kubernetes puts back. */
    private static Set<String> elements(List<Step> path) {
        Set<String> elements = new LinkedHashSet<>();
        for (Step step : path) {
            for (Grant grant : step.grants()) {
                if (grant.binding().name().startsWith("(")) {
                    continue; // a binding of its own making: what let it be made is a step before
                }
                if (!Bootstrap.isBootstrap(grant.binding())) {
                    elements.add(element(grant.binding()));
                }
                if (!Bootstrap.isBootstrap(grant.source())) {
                    elements.add(element(grant.source(), grant.rule()));
                }
            }
        }
        return elements;
    }

    private static Optional<Set<String>> smallest(List<Set<String>> ways) {
        for (int size = 1; size <= LARGEST_EXACT; size++) {
            Optional<Set<String>> hit = hit(ways, new LinkedHashSet<>(), size);
            if (hit.isPresent()) {
                return hit;
            }
        }
        return Optional.empty();
    }

    private static Optional<Set<String>> hit(List<Set<String>> ways, Set<String> chosen, int left) {
        Optional<Set<String>> open = ways.stream()
                .filter(way -> way.stream().noneMatch(chosen::contains))
                .findFirst();
        if (open.isEmpty()) {
            return Optional.of(new TreeSet<>(chosen));
        }
        if (left == 0) {
            return Optional.empty();
        }
        for (String element : open.get()) {
            chosen.add(element);
            Optional<Set<String>> rest = hit(ways, chosen, left - 1);
            chosen.remove(element);
            if (rest.isPresent()) {
                return rest;
            }
        }
        return Optional.empty();
    }

    private static Set<String> greedy(List<Set<String>> ways) {
        Set<String> chosen = new TreeSet<>();
        List<Set<String>> open = new ArrayList<>(ways);
        while (!open.isEmpty()) {
            Map<String, Integer> counts = new HashMap<>();
            open.forEach(way -> way.forEach(element -> counts.merge(element, 1, Integer::sum)));
            String best = counts.entrySet().stream()
                    .max(Map.Entry.<String, Integer>comparingByValue()
                            .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                    .orElseThrow()
                    .getKey();
            chosen.add(best);
            open.removeIf(way -> way.contains(best));
        }
        return chosen;
    }

    private static int disjoint(List<Set<String>> ways) {
        Set<String> used = new TreeSet<>();
        int count = 0;
        for (Set<String> way : ways) {
            if (way.stream().noneMatch(used::contains)) {
                used.addAll(way);
                count++;
            }
        }
        return count;
    }

    /** {@code remove RoleBinding shop/devs and ClusterRole x rules[0]}. */
    @Override
    public String toString() {
        String what = String.join(" and ", remove);
        return "remove " + what + (exact ? "" : " (at least " + atLeast + " of such must go)");
    }
}
