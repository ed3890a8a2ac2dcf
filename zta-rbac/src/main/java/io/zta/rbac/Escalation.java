package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.intent.Subject;
import io.zta.rbac.Gate.Passage;
import io.zta.rbac.Holder.Held;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Ways in that take more than one step: becoming another identity, giving oneself rights, taking a policy away. Every
 * API row of the catalogue of bypasses is a step with its precondition; admission is asked at each. Pure; not thread-safe.
 */
public final class Escalation {
    private static final Set<String> ENTRIES = Set.of("exec", "attach", "portforward", "ephemeral", "proxy", "node");

    private final Rbac rbac;
    private final Situation situation;
    private final ServerFacts server;

    private Escalation(Rbac rbac, AdmissionVerdicts admission) {
        this.rbac = rbac;
        this.situation = new Situation(rbac, admission);
        this.server = ServerFacts.of(rbac.snapshot());
    }

    /** The ways that rights and admission leave open; {@link AdmissionVerdicts#NONE} for rights alone. */
    public static Escalation of(Rbac rbac, AdmissionVerdicts admission) {
        return new Escalation(rbac, admission);
    }

    /**
     * The open ways of a subject into the containers of a namespace: every direct one, and for each kind of first step the
     * shortest that starts with it. Those that are not certain have doubts and come last.
     */
    public List<Route> routes(Subject subject, String namespace) {
        Search search = new Search(situation, namespace, server);
        List<Route> routes = new ArrayList<>();
        Set<String> certain = new TreeSet<>();
        for (Step step : search.direct(subject)) {
            routes.add(Route.of(subject, List.of(step)));
        }
        search.indirect(subject, false).forEach((bypass, path) -> {
            certain.add(bypass);
            routes.add(Route.of(subject, path));
        });
        search.indirect(subject, true).forEach((bypass, path) -> {
            if (!certain.contains(bypass)) {
                routes.add(Route.of(subject, path));
            }
        });
        routes.sort(Comparator.comparing((Route route) -> !route.doubts().isEmpty())
                .thenComparing(Route::steps)
                .thenComparing(Route::bypass)
                .thenComparing(route -> route.grants().toString()));
        return List.copyOf(routes);
    }

    /**
     * The grants to remove so that the subject has no way into the namespace, not even a doubtful one; empty where a way
     * rests on nothing that can be removed. An empty set to remove means that there is no way.
     */
    public Optional<Cut> cut(Subject subject, String namespace) {
        return Cut.of(situation, subject, namespace, server);
    }

    /** What refuses the direct entry of a subject that holds it by RBAC, the decisive field first; empty if nothing does. */
    public List<Evidence> refusals(Subject subject, String namespace) {
        Holder holder = situation.holder(Place.of(subject));
        Set<Evidence> refusals = new LinkedHashSet<>();
        for (Privilege privilege : EntrySteps.PRIVILEGES) {
            for (Held held : holder.grants(privilege)) {
                if (held.binding().countsIn(namespace)) {
                    Passage passage = situation.passage(holder, privilege, held, namespace, holder.enterNames());
                    refusals.addAll(passage.refusals());
                }
            }
        }
        return List.copyOf(refusals);
    }

    /** Doubts of a subject's rights to write nodes or API services, which may draw pods and requests to it (RBAC-36). */
    List<Doubt> redirections(Subject subject) {
        return situation.holder(Place.of(subject)).grants(Privilege.NODE_WRITE).stream()
                .map(held -> new Doubt(
                        subject + " may write nodes or API services by " + held.grant()
                                + ": whether that draws pods or requests to it is not evaluated",
                        "take the right away",
                        held.grant().binding().origin()))
                .toList();
    }

    /** Doubts of a subject's direct rights whose effect no rule of this library decides. */
    List<Doubt> undecided(Subject subject) {
        Holder holder = situation.holder(Place.of(subject));
        List<Doubt> doubts = new ArrayList<>(redirections(subject));
        for (Binding binding : new LinkedHashSet<>(holder.bindings())) {
            for (Rule rule : binding.role().rules()) {
                if (rule.verbs().stream()
                        .anyMatch(verb -> verb.startsWith("impersonate" + ":") || verb.startsWith("impersonate-on:"))) {
                    doubts.add(new Doubt(
                            subject + " holds constrained impersonation by " + Grant.of(subject, binding, rule)
                                    + ", which is not evaluated",
                            "take the right away, or grant the verb impersonate",
                            binding.resource().origin()));
                }
            }
        }
        return doubts;
    }

    /** Whether a subject may write pods or workloads in a namespace: it runs code there, but enters no container. */
    boolean deploys(Subject subject, String namespace) {
        Holder holder = situation.holder(Place.of(subject));
        for (Privilege privilege : List.of(Privilege.POD_CREATE, Privilege.POD_WRITE, Privilege.WORKLOAD_WRITE)) {
            for (Held held : holder.grants(privilege)) {
                if (held.binding().countsIn(namespace)) {
                    return true;
                }
            }
        }
        return false;
    }

    ServerFacts server() {
        return server;
    }

    /**
     * Everybody who can do something in one or more steps, as RBAC has it: those whom bindings name with 0 steps, and those
     * who first have to become someone else. Of the control plane's own subjects only the former.
     *
     * @param action what is to be done
     * @param namespace where; empty for anywhere
     */
    public List<WhoCan> whoCan(Action action, Optional<String> namespace) {
        List<WhoCan> direct = rbac.whoCan(action, namespace);
        Map<Subject, Set<String>> places = new TreeMap<>();
        Map<String, Set<Place>> goals = new TreeMap<>();
        for (WhoCan who : direct) {
            places.computeIfAbsent(who.subject(), key -> new TreeSet<>()).add(who.namespace());
            goals.computeIfAbsent(who.namespace(), key -> new LinkedHashSet<>()).add(Place.of(who.subject()));
        }
        Ways ways = new Ways(new Situation(rbac, AdmissionVerdicts.NONE));
        ReverseReach reach = new ReverseReach(ways, starts(subject -> false));
        for (Place place : reach.places()) {
            if (ENTRIES.contains(action.id())
                    && (place.kind() == Place.Kind.HOST || place.kind() == Place.Kind.INJECTED)) {
                goals.computeIfAbsent("*", key -> new LinkedHashSet<>()).add(place);
            }
            place.extra().ifPresent(extra -> {
                boolean counts = namespace.isEmpty() || extra.countsIn(namespace.get());
                if (counts && action.ways().stream().anyMatch(way -> givesAll(extra.role(), way))) {
                    String where = extra.namespace().isEmpty() ? "*" : extra.namespace();
                    goals.computeIfAbsent(where, key -> new LinkedHashSet<>()).add(place);
                }
            });
        }
        List<WhoCan> all = new ArrayList<>(direct);
        Set<Subject> everywhere = new TreeSet<>();
        goals.forEach((where, targets) -> {
            Map<Place, Optional<Step>> next = reach.toward(targets, true);
            for (Place place : next.keySet()) {
                Optional<Subject> subject = place.extra().isPresent() ? Optional.empty() : place.subject();
                boolean known = subject.isEmpty()
                        || targets.contains(place)
                        || ControlPlane.includes(subject.get())
                        || everywhere.contains(subject.get())
                        || places.getOrDefault(subject.get(), Set.of()).contains("*");
                if (!known) {
                    List<Step> path = ReverseReach.follow(next, place);
                    Route route = Route.of(subject.orElseThrow(), path);
                    Set<Grant> via = new LinkedHashSet<>(route.grants());
                    if (!path.isEmpty()) {
                        via.addAll(last(direct, path.get(path.size() - 1).to(), where));
                    }
                    all.add(new WhoCan(subject.orElseThrow(), where, List.copyOf(via), Math.max(1, route.steps())));
                    if (where.equals("*")) {
                        everywhere.add(subject.orElseThrow());
                    }
                }
            }
        });
        all.sort(WhoCan.ORDER.thenComparing(WhoCan::steps));
        return List.copyOf(all);
    }

    /** The grants by which the place that a way ends at can do it. */
    private static List<Grant> last(List<WhoCan> direct, Place end, String where) {
        return direct.stream()
                .filter(who -> who.namespace().equals(where)
                        && end.subject().filter(who.subject()::equals).isPresent())
                .findFirst()
                .map(WhoCan::via)
                .orElse(List.of());
    }

    private static boolean givesAll(Role role, List<Action.Right> way) {
        return way.stream()
                .allMatch(right -> role.rules().stream()
                        .anyMatch(rule -> right.parts().stream().anyMatch(part -> Privilege.gives(rule, part))));
    }

    private List<Place> starts(Predicate<Subject> left) {
        List<Place> starts = new ArrayList<>();
        for (Subject subject : rbac.subjects()) {
            if (!ControlPlane.includes(subject) && !left.test(subject)) {
                starts.add(Place.of(subject));
            }
        }
        return starts;
    }

    /**
     * Everybody who can become a service account: by its token, by impersonation, by a pod that runs as it, by a Secret, or
     * in more steps. The control plane's own subjects are left out, who belong to the trusted base.
     *
     * @return one shortest way for each subject, sorted by subject; those that are not certain have doubts
     */
    public List<Route> whoCanBecome(String namespace, String account) {
        Subject target = Subject.serviceAccount(namespace, account);
        situation.knowAccount(target);
        return routesTo(place -> place.equals(Place.of(target)), subject -> false);
    }

    /**
     * Everybody who can become one of some subjects, or root on a node: each by one shortest way, sorted by subject. The
     * subjects themselves and the control plane's own are left out.
     */
    List<Route> whoCanBecomeAny(Predicate<Subject> targets) {
        return routesTo(
                place -> place.kind() == Place.Kind.HOST
                        || place.extra().isEmpty()
                                && place.subject().filter(targets).isPresent(),
                targets);
    }

    private List<Route> routesTo(Predicate<Place> isGoal, Predicate<Subject> left) {
        Ways ways = new Ways(situation);
        List<Place> starts = starts(left);
        ReverseReach reach = new ReverseReach(ways, starts);
        Set<Place> goals = goals(reach, isGoal);
        Map<Subject, Route> routes = new TreeMap<>();
        collect(routes, reach.toward(goals, false), goals, left);
        collect(routes, reach.toward(goals, true), goals, left);
        if (!situation.gate().isAbsent()) {
            Map<Place, Step> removals = new HashMap<>();
            reach.places().forEach(place -> ways.removesDeny(place).ifPresent(step -> removals.put(place, step)));
            if (removals.isEmpty()) {
                return List.copyOf(routes.values());
            }
            Map<Place, Optional<Step>> toRemoval = reach.toward(removals.keySet(), false);
            ReverseReach free = new ReverseReach(new Ways(situation.withoutAdmission()), starts);
            Set<Place> freeGoals = goals(free, isGoal);
            Map<Place, Optional<Step>> next = free.toward(freeGoals, false);
            for (Place place : toRemoval.keySet()) {
                Optional<Subject> subject = place.subject()
                        .filter(start -> place.extra().isEmpty()
                                && !ControlPlane.includes(start)
                                && !left.test(start)
                                && !freeGoals.contains(place)
                                && next.containsKey(place)
                                && !certain(routes, start));
                subject.ifPresent(start -> {
                    List<Step> path = new ArrayList<>(ReverseReach.follow(toRemoval, place));
                    Place end =
                            path.isEmpty() ? place : path.get(path.size() - 1).to();
                    Optional.ofNullable(removals.get(end)).ifPresent(path::add);
                    path.addAll(ReverseReach.follow(next, place));
                    routes.put(start, Route.of(start, path));
                });
            }
        }
        return List.copyOf(routes.values());
    }

    private static Set<Place> goals(ReverseReach reach, Predicate<Place> isGoal) {
        return reach.places().stream().filter(isGoal).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static boolean certain(Map<Subject, Route> routes, Subject subject) {
        Route route = routes.get(subject);
        return route != null && route.doubts().isEmpty();
    }

    private static void collect(
            Map<Subject, Route> routes, Map<Place, Optional<Step>> next, Set<Place> goals, Predicate<Subject> left) {
        for (Place place : next.keySet()) {
            if (place.extra().isEmpty() && place.subject().isPresent() && !goals.contains(place)) {
                Subject subject = place.subject().get();
                if (!left.test(subject) && !ControlPlane.includes(subject) && !routes.containsKey(subject)) {
                    routes.put(subject, Route.of(subject, ReverseReach.follow(next, place)));
                }
            }
        }
    }
}
