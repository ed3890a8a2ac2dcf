package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.rbac.Action.Right;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A subject that can do something, and by what.
 *
 * @param subject who
 * @param namespace where: a namespace, or {@code "*"} for every one and for what has none
 * @param via the grants; for steps of an escalation, in their order
 * @param steps how many times it first becomes someone else or gives itself rights; 0 when a binding names it
 */
public record WhoCan(Subject subject, String namespace, List<Grant> via, int steps) {
    /** The order of lists: by subject, then namespace. */
    static final Comparator<WhoCan> ORDER =
            Comparator.comparing(WhoCan::subject).thenComparing(WhoCan::namespace);

    public WhoCan {
        via = List.copyOf(via);
    }

    /** Whom bindings name for an action, sorted. */
    static List<WhoCan> directly(Rbac rbac, Action action, Optional<String> namespace) {
        Map<Subject, Map<String, Set<Grant>>> found = new HashMap<>();
        Map<Role, List<List<Rule>>> matches = new HashMap<>();
        List<Right> single = new ArrayList<>();
        for (List<Right> way : action.ways()) {
            if (way.size() == 1) {
                single.add(way.get(0));
            } else {
                together(rbac, way, namespace, found);
            }
        }
        for (Binding binding : rbac.bindings()) {
            if (namespace.isPresent() && !binding.countsIn(namespace.get())) {
                continue;
            }
            List<List<Rule>> perRight = matches.computeIfAbsent(
                    binding.role(),
                    role -> single.stream().map(right -> rules(role, right)).toList());
            for (int i = 0; i < perRight.size(); i++) {
                boolean counts = binding.namespace().isEmpty() || !single.get(i).clusterScoped();
                if (counts && !perRight.get(i).isEmpty()) {
                    add(found, binding, perRight.get(i));
                }
            }
        }
        List<WhoCan> result = new ArrayList<>();
        found.forEach((subject, places) -> places.forEach((place, grants) -> {
            List<Grant> via = new ArrayList<>(grants);
            if (via.size() > 1) {
                via.sort(Rbac.ORDER);
            }
            result.add(new WhoCan(subject, place, via, 0));
        }));
        result.sort(ORDER);
        return result;
    }

    private static void add(Map<Subject, Map<String, Set<Grant>>> found, Binding binding, List<Rule> rules) {
        String place = binding.namespace().isEmpty() ? "*" : binding.namespace();
        for (Subject subject : binding.subjects()) {
            Set<Grant> grants = found.computeIfAbsent(subject, key -> new TreeMap<>())
                    .computeIfAbsent(place, key -> new LinkedHashSet<>());
            rules.forEach(rule -> grants.add(Grant.of(subject, binding, rule)));
        }
    }

    private static List<Rule> rules(Role role, Right right) {
        return role.rules().stream()
                .filter(rule -> right.parts().stream().anyMatch(part -> Privilege.gives(rule, part)))
                .toList();
    }

    /** Rights that are needed together, all of the cluster's scope. */
    private static void together(
            Rbac rbac, List<Right> way, Optional<String> namespace, Map<Subject, Map<String, Set<Grant>>> found) {
        Map<Subject, List<Set<Grant>>> held = new HashMap<>();
        for (Right right : way) {
            Map<Subject, Set<Grant>> one = new HashMap<>();
            directly(rbac, Action.of(right), namespace)
                    .forEach(who -> one.computeIfAbsent(who.subject(), key -> new LinkedHashSet<>())
                            .addAll(who.via()));
            one.forEach((subject, grants) ->
                    held.computeIfAbsent(subject, key -> new ArrayList<>()).add(grants));
        }
        held.forEach((subject, rights) -> {
            if (rights.size() == way.size()) {
                rights.forEach(grants -> found.computeIfAbsent(subject, key -> new TreeMap<>())
                        .computeIfAbsent("*", key -> new LinkedHashSet<>())
                        .addAll(grants));
            }
        });
    }
}
