package io.zta.rbac;

import io.zta.intent.Subject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Shortest ways from a subject into the containers of a namespace.
 *
 * <p>A breadth-first search with steps of cost 0 and 1 over the graph of {@link Ways}. Rights only ever add up, so what was
 * reached stays reached; the one thing that changes the graph is that somebody reached may take the admission policies
 * away. Then the way is: get there, take them away, and search again without them.
 */
final class Search {
    private final Ways ways;
    private final Ways unguarded;
    private final String namespace;
    private final ServerFacts server;

    Search(Situation situation, String namespace, ServerFacts server) {
        this.ways = new Ways(situation);
        this.unguarded = new Ways(situation.withoutAdmission());
        this.namespace = namespace;
        this.server = server;
    }

    /** The shortest way of any kind. */
    Optional<List<Step>> shortest(Subject subject, boolean withDoubts) {
        return better(List.of(), Place.of(subject), subject, withDoubts);
    }

    /** Ways that need no step before: one for each grant. */
    List<Step> direct(Subject subject) {
        return EntrySteps.into(ways.situation(), Place.of(subject), namespace, server);
    }

    /** The shortest way for each kind of first step, by bypass id, in the order found. */
    Map<String, List<Step>> indirect(Subject subject, boolean withDoubts) {
        Map<String, List<Step>> found = new LinkedHashMap<>();
        for (Step first : ways.from(Place.of(subject))) {
            if (withDoubts || first.doubts().isEmpty()) {
                within(ways, List.of(first), first.to(), withDoubts).ifPresent(path -> keep(found, first, path));
            }
        }
        if (found.isEmpty()) {
            better(List.of(), Place.of(subject), subject, withDoubts).ifPresent(path -> {
                if (path.size() > 1) {
                    keep(found, path.get(0), path);
                }
            });
        }
        return found;
    }

    private static void keep(Map<String, List<Step>> found, Step first, List<Step> path) {
        found.merge(first.bypass(), path, (one, other) -> cost(other) < cost(one) ? other : one);
    }

    static int cost(List<Step> path) {
        return path.stream().mapToInt(Step::cost).sum();
    }

    private Optional<List<Step>> better(List<Step> prefix, Place start, Subject subject, boolean withDoubts) {
        Optional<List<Step>> plain = within(ways, prefix, start, withDoubts);
        if (plain.isPresent()) {
            return plain;
        }
        Optional<List<Step>> removal = toRemoval(start, withDoubts);
        if (removal.isEmpty()) {
            return Optional.empty();
        }
        return within(unguarded, removal.get(), Place.of(subject), withDoubts);
    }

    private Optional<List<Step>> toRemoval(Place start, boolean withDoubts) {
        return run(
                ways,
                List.of(),
                start,
                withDoubts,
                place -> ways.removesDeny(place).orElse(null));
    }

    private Optional<List<Step>> within(Ways graph, List<Step> prefix, Place start, boolean withDoubts) {
        return run(graph, prefix, start, withDoubts, place -> {
            @Nullable Step doubtful = null;
            for (Step step : EntrySteps.into(graph.situation(), place, namespace, server)) {
                if (step.doubts().isEmpty()) {
                    return step;
                }
                doubtful = step;
            }
            return withDoubts ? doubtful : null;
        });
    }

    private interface Goal {
        @Nullable
        Step last(Place place);
    }

    private static Optional<List<Step>> run(Ways graph, List<Step> prefix, Place start, boolean withDoubts, Goal goal) {
        Map<Place, Integer> distance = new HashMap<>();
        Map<Place, Step> parent = new HashMap<>();
        Deque<Place> open = new ArrayDeque<>();
        Map<Place, Boolean> closed = new HashMap<>();
        distance.put(start, 0);
        open.add(start);
        while (!open.isEmpty()) {
            Place place = open.poll();
            if (closed.put(place, true) != null) {
                continue;
            }
            @Nullable Step last = goal.last(place);
            if (last != null) {
                return Optional.of(path(prefix, parent, start, place, last));
            }
            int here = distance.getOrDefault(place, 0);
            for (Step step : graph.from(place)) {
                if (!withDoubts && !step.doubts().isEmpty()) {
                    continue;
                }
                int there = here + step.cost();
                if (there < distance.getOrDefault(step.to(), Integer.MAX_VALUE)) {
                    distance.put(step.to(), there);
                    parent.put(step.to(), step);
                    if (step.cost() == 0) {
                        open.addFirst(step.to());
                    } else {
                        open.addLast(step.to());
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static List<Step> path(List<Step> prefix, Map<Place, Step> parent, Place start, Place end, Step last) {
        List<Step> path = new ArrayList<>();
        path.add(last);
        Place place = end;
        while (!place.equals(start)) {
            Step step = parent.get(place);
            if (step == null) {
                break;
            }
            path.add(step);
            place = step.from();
        }
        path.addAll(reversed(prefix));
        Collections.reverse(path);
        return path;
    }

    private static List<Step> reversed(List<Step> steps) {
        List<Step> copy = new ArrayList<>(steps);
        Collections.reverse(copy);
        return copy;
    }
}
