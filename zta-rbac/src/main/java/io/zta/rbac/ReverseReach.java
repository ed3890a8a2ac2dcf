package io.zta.rbac;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which places lead to some goals, and by which shortest way: the graph of escalation read backwards. */
final class ReverseReach {
    private final Map<Place, List<Step>> into = new HashMap<>();
    private final Set<Place> places = new HashSet<>();

    /** Explores the graph from these starting places on. */
    ReverseReach(Ways ways, Collection<Place> starts) {
        Deque<Place> open = new ArrayDeque<>();
        for (Place start : starts) {
            if (places.add(start)) {
                open.add(start);
            }
        }
        while (!open.isEmpty()) {
            for (Step step : ways.from(open.poll())) {
                into.computeIfAbsent(step.to(), key -> new ArrayList<>(2)).add(step);
                if (places.add(step.to())) {
                    open.add(step.to());
                }
            }
        }
    }

    /** Every place that was explored. */
    Set<Place> places() {
        return places;
    }

    /**
     * For each place that leads to a goal, the next step of a shortest way; goals themselves have none.
     *
     * @param withDoubts whether steps that are not certain count
     */
    Map<Place, Optional<Step>> toward(Collection<Place> goals, boolean withDoubts) {
        Map<Place, Optional<Step>> next = new HashMap<>();
        Map<Place, Integer> distance = new HashMap<>();
        Set<Place> closed = new HashSet<>();
        Deque<Place> open = new ArrayDeque<>();
        for (Place goal : goals) {
            next.put(goal, Optional.empty());
            distance.put(goal, 0);
            open.add(goal);
        }
        while (!open.isEmpty()) {
            Place place = open.poll();
            if (!closed.add(place)) {
                continue;
            }
            int here = distance.getOrDefault(place, 0);
            for (Step step : into.getOrDefault(place, List.of())) {
                int there = here + step.cost();
                boolean counts = withDoubts || step.doubts().isEmpty();
                if (counts && there < distance.getOrDefault(step.from(), Integer.MAX_VALUE)) {
                    distance.put(step.from(), there);
                    next.put(step.from(), Optional.of(step));
                    if (step.cost() == 0) {
                        open.addFirst(step.from());
                    } else {
                        open.addLast(step.from());
                    }
                }
            }
        }
        return next;
    }

    /** The steps from a place to the goal that its map of next steps leads to. */
    static List<Step> follow(Map<Place, Optional<Step>> next, Place start) {
        List<Step> path = new ArrayList<>();
        Optional<Step> step = next.getOrDefault(start, Optional.empty());
        while (step.isPresent() && path.size() <= next.size()) {
            path.add(step.get());
            step = next.getOrDefault(step.get().to(), Optional.empty());
        }
        return path;
    }
}
