package io.zta.network;

import io.zta.network.Matcher.Match;
import io.zta.network.Options.Tiers;
import io.zta.network.Policy.Tier;
import io.zta.network.Row.Level;
import io.zta.network.Rule.Action;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The matrix of a cluster, row by row and on demand: for a class of pods and a direction, which ports are let through from
 * or to every end. Classes that the same policies select share a row. Thread-safe.
 *
 * <p>The order of evaluation is that of policy.networking.k8s.io: admin rules by priority, the first that matches decides
 * unless it passes on; then NetworkPolicies, which decide for every pod that one of them selects; then the baseline; what
 * nobody decided is let through.
 */
final class Rows {
    private final Universe universe;
    private final Matcher matcher;
    private final PortTable ports;
    private final Options options;
    private final List<List<Policy>> selecting;
    private final AtomicReferenceArray<@Nullable Row> ingress;
    private final AtomicReferenceArray<@Nullable Row> egress;
    private final IdentityHashMap<Policy, Integer> numbers = new IdentityHashMap<>();
    private final Map<List<Object>, Row> shared = new HashMap<>();
    private final Row everything;

    Rows(Universe universe, Matcher matcher, PortTable ports, Options options, List<Policy> policies) {
        this.universe = universe;
        this.matcher = matcher;
        this.ports = ports;
        this.options = options;
        int count = universe.classCount();
        this.ingress = new AtomicReferenceArray<>(count);
        this.egress = new AtomicReferenceArray<>(count);
        this.selecting = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            selecting.add(new ArrayList<>(2));
        }
        List<Policy> ordered = new ArrayList<>(policies);
        ordered.sort(Comparator.comparing(Policy::tier)
                .thenComparingInt(Policy::priority)
                .thenComparing(policy -> policy.resource().namespace())
                .thenComparing(policy -> policy.resource().name()));
        for (Policy policy : ordered) {
            Bits.forEach(subject(policy), i -> selecting.get(i).add(policy));
        }
        int[] all = new int[universe.size()];
        Arrays.fill(all, PortTable.ALL);
        this.everything = Row.certain(all);
    }

    private Rows(Rows before, Set<Policy> gone, Map<Policy, long[]> added, long[] touched) {
        this.universe = before.universe;
        this.matcher = before.matcher;
        this.ports = before.ports;
        this.options = before.options;
        this.everything = before.everything;
        int count = universe.classCount();
        this.ingress = new AtomicReferenceArray<>(count);
        this.egress = new AtomicReferenceArray<>(count);
        this.selecting = new ArrayList<>(before.selecting);
        for (int i = 0; i < count; i++) {
            if (!Bits.has(touched, i)) {
                ingress.set(i, before.ingress.get(i));
                egress.set(i, before.egress.get(i));
            }
        }
        Bits.forEach(touched, i -> {
            List<Policy> policies = new ArrayList<>(before.selecting.get(i));
            policies.removeIf(gone::contains);
            added.forEach((policy, subject) -> {
                if (Bits.has(subject, i)) {
                    policies.add(policy);
                }
            });
            selecting.set(i, policies);
        });
    }

    /** The same with other NetworkPolicies in the place of some; only rows of pods that these select are formed anew. */
    Rows replacing(List<Policy> removed, List<Policy> added) {
        Set<Policy> gone = Collections.newSetFromMap(new IdentityHashMap<>());
        gone.addAll(removed);
        Map<Policy, long[]> subjects = new LinkedHashMap<>();
        added.forEach(policy -> subjects.put(policy, subject(policy)));
        return new Rows(this, gone, subjects, selectedBy(removed, added));
    }

    /** The classes that some of these policies select. */
    long[] selectedBy(List<Policy> some, List<Policy> others) {
        long[] selected = Bits.none(universe.size());
        some.forEach(policy -> Bits.addAll(selected, subject(policy)));
        others.forEach(policy -> Bits.addAll(selected, subject(policy)));
        return selected;
    }

    private long[] subject(Policy policy) {
        return universe.select(policy.namespaces(), policy.resource().namespace(), policy.pods());
    }

    /** The policies that select a class, those of higher tiers first. */
    List<Policy> selecting(int pods) {
        return selecting.get(pods);
    }

    /** What a class of pods lets through. */
    Row row(int pods, Direction direction) {
        AtomicReferenceArray<@Nullable Row> rows = direction == Direction.INGRESS ? ingress : egress;
        Row row = rows.get(pods);
        if (row == null) {
            row = find(pods, direction);
            rows.set(pods, row);
        }
        return row;
    }

    /** Whether a row is that of pods which no policy selects. */
    @SuppressWarnings("ReferenceEquality")
    boolean isUnfiltered(Row row) {
        return row == everything;
    }

    private Row find(int pods, Direction direction) {
        List<Policy> policies = new ArrayList<>(2);
        boolean sharable = true;
        for (Policy policy : selecting.get(pods)) {
            if (policy.rules(direction).isPresent() || !policy.isReadable()) {
                policies.add(policy);
                sharable &= direction == Direction.EGRESS || !policy.namesPorts(direction);
            }
        }
        if (policies.isEmpty() || universe.classes().get(pods).hostNetwork()) {
            return everything;
        }
        if (!sharable) {
            return compute(pods, direction, policies);
        }
        synchronized (shared) {
            List<Object> key = new ArrayList<>();
            key.add(direction);
            policies.forEach(policy -> key.add(numbers.computeIfAbsent(policy, fresh -> numbers.size())));
            Row known = shared.get(key);
            if (known == null) {
                known = compute(pods, direction, policies);
                shared.put(key, known);
            }
            return known;
        }
    }

    private Row compute(int pods, Direction direction, List<Policy> policies) {
        boolean foreign = false;
        boolean tiers = false;
        boolean certain = true;
        for (Policy policy : policies) {
            foreign |= policy.tier() == Tier.FOREIGN;
            tiers |= policy.isOfTier();
            certain &= policy.isReadable() && policy.tier() != Tier.UNLISTED && !isUnordered(policies, policy);
            for (Rule rule : policy.rules(direction).orElse(List.of())) {
                certain &= matcher.match(policy, rule).isCertain() && !needsSidecars(policy, rule, pods, direction);
            }
        }
        int[] best = compute(pods, direction, policies, Level.BEST, tiers && options.tiers() != Tiers.IGNORED);
        if (certain && !(tiers && options.tiers() == Tiers.UNKNOWN)) {
            return Row.certain(best);
        }
        int[] sure = compute(pods, direction, policies, Level.SURE, tiers && options.tiers() != Tiers.IGNORED);
        int[] possible = compute(pods, direction, policies, Level.POSSIBLE, tiers && options.tiers() != Tiers.IGNORED);
        if (tiers && options.tiers() == Tiers.UNKNOWN) {
            int[] without = compute(pods, direction, policies, Level.SURE, false);
            int[] withoutAtMost = compute(pods, direction, policies, Level.POSSIBLE, false);
            for (int end = 0; end < sure.length; end++) {
                sure[end] = ports.intersect(sure[end], without[end]);
                possible[end] = ports.union(possible[end], withoutAtMost[end]);
            }
        }
        if (foreign) {
            Arrays.fill(sure, PortTable.NONE);
            Arrays.fill(possible, PortTable.ALL);
        }
        return new Row(sure, best, possible);
    }

    private int[] compute(int pods, Direction direction, List<Policy> policies, Level level, boolean tiers) {
        int[] row = networkPolicies(pods, direction, policies, level);
        if (!tiers) {
            if (row.length == 0) {
                row = everything.best().clone();
            }
            return row;
        }
        if (row.length == 0) {
            Decided baseline = decide(pods, direction, policies, Tier.BASELINE, level);
            row = everything.best().clone();
            for (int end = 0; end < row.length; end++) {
                row[end] = baseline.settle(end, row[end], level);
            }
        }
        Decided admin = decide(pods, direction, policies, Tier.ADMIN, level);
        for (int end = 0; end < row.length; end++) {
            row[end] = admin.settle(end, row[end], level);
        }
        return row;
    }

    /** What NetworkPolicies let through; an empty array where none of them selects the pods. */
    private int[] networkPolicies(int pods, Direction direction, List<Policy> policies, Level level) {
        boolean isolated = false;
        boolean doubtful = false;
        boolean unlisted = false;
        for (Policy policy : policies) {
            if (policy.tier() == Tier.NETWORK_POLICY) {
                isolated |= policy.isReadable() || level == Level.SURE;
                doubtful |= !policy.isReadable();
            } else if (policy.tier() == Tier.UNLISTED) {
                isolated |= level == Level.SURE;
                unlisted = true;
            }
        }
        if (!isolated && unlisted && level == Level.POSSIBLE) {
            return everything.best().clone(); // where they count, the baseline does not
        }
        if (!isolated || doubtful && level == Level.POSSIBLE) {
            return new int[0];
        }
        int[] row = new int[universe.size()];
        for (Policy policy : policies) {
            if (policy.tier() == Tier.NETWORK_POLICY && (level != Level.SURE || policy.isReadable())
                    || policy.tier() == Tier.UNLISTED && level == Level.POSSIBLE) {
                for (Rule rule : policy.rules(direction).orElse(List.of())) {
                    allow(row, pods, direction, policy, rule, level);
                }
            }
        }
        return row;
    }

    private void allow(int[] row, int pods, Direction direction, Policy policy, Rule rule, Level level) {
        long[] matched = matched(policy, rule, level);
        if (direction == Direction.INGRESS || rule.ports().named().isEmpty()) {
            int let = portsAt(rule, pods, sidecars(level));
            if (let != PortTable.NONE) {
                Bits.forEach(matched, end -> row[end] = ports.union(row[end], let));
            }
        } else {
            Bits.forEach(matched, end -> row[end] = ports.union(row[end], portsAt(rule, end, sidecars(level))));
        }
    }

    private long[] matched(Policy policy, Rule rule, Level level) {
        Match match = matcher.match(policy, rule);
        return switch (level) {
            case SURE -> match.sure();
            case BEST -> match.best();
            case POSSIBLE -> match.possible();
        };
    }

    /** Whether ports that sidecars among the init containers name are taken to count. */
    private boolean sidecars(Level level) {
        return switch (options.sidecarPorts()) {
            case EITHER -> level != Level.SURE;
            case COUNTED -> true;
            case IGNORED -> false;
        };
    }

    /** Whether what a rule means hangs on ports of sidecars that may or may not count. */
    boolean needsSidecars(Policy policy, Rule rule, int pods, Direction direction) {
        List<Rule.Named> names = rule.ports().named();
        if (names.isEmpty() || options.sidecarPorts() != Options.SidecarPorts.EITHER) {
            return false;
        }
        List<PodClass> classes = universe.classes();
        if (direction == Direction.INGRESS) {
            return classes.get(pods).needsSidecars(names);
        }
        long[] matched = matcher.match(policy, rule).possible();
        return IntStream.range(0, classes.size())
                .anyMatch(end -> Bits.has(matched, end) && classes.get(end).needsSidecars(names));
    }

    /** The number of the port set that a rule means at a destination. */
    private int portsAt(Rule rule, int destination, boolean sidecars) {
        PortSet fixed = rule.ports().fixed();
        if (rule.ports().named().isEmpty() || !universe.isClass(destination)) {
            return ports.id(fixed);
        }
        return ports.id(fixed.union(
                universe.classes().get(destination).resolve(rule.ports().named(), sidecars)));
    }

    /** What the rules of a tier decided, by end. */
    private final class Decided {
        private final int[] allowed = new int[universe.size()];
        private final int[] denied = new int[universe.size()];
        private final int[] passed = new int[universe.size()];
        private final long[] murky = Bits.none(universe.size());
        private boolean unreadable;

        int settle(int end, int below, Level level) {
            if (level != Level.BEST && (unreadable || Bits.has(murky, end))) {
                return level == Level.SURE ? PortTable.NONE : PortTable.ALL;
            }
            return ports.union(allowed[end], ports.minus(below, denied[end]));
        }

        void apply(int end, int which, Action action) {
            int open = ports.minus(which, settled(end));
            if (open != PortTable.NONE) {
                int[] kept = kept(action);
                kept[end] = ports.union(kept[end], open);
            }
        }

        void passTheRest() {
            for (int end = 0; end < passed.length; end++) {
                apply(end, PortTable.ALL, Action.PASS);
            }
        }

        /** Takes what policies decided each by itself, of which any may win. */
        void join(List<Decided> alternatives, Level level) {
            List<Action> order = level == Level.SURE
                    ? List.of(Action.DENY, Action.PASS, Action.ALLOW)
                    : List.of(Action.ALLOW, Action.PASS, Action.DENY);
            for (int end = 0; end < allowed.length; end++) {
                for (Action action : order) {
                    for (Decided other : alternatives) {
                        apply(end, other.kept(action)[end], action);
                    }
                }
            }
        }

        private int[] kept(Action action) {
            return switch (action) {
                case ALLOW -> allowed;
                case DENY -> denied;
                case PASS -> passed;
            };
        }

        private int settled(int end) {
            return ports.union(ports.union(allowed[end], denied[end]), passed[end]);
        }
    }

    /** Whether it is not said if a policy or another of its tier wins. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isUnordered(List<Policy> policies, Policy policy) {
        for (Policy other : policies) {
            if (other != policy && policy.isBeside(other)) {
                return true;
            }
        }
        return false;
    }

    private Decided decide(int pods, Direction direction, List<Policy> policies, Tier tier, Level level) {
        Decided decided = new Decided();
        List<Policy> joined = new ArrayList<>();
        List<Policy> apart = new ArrayList<>();
        for (Policy policy : policies) {
            if (policy.tier() == tier) {
                (policy.joinsTiers() ? joined : apart).add(policy);
            }
        }
        if (joined.isEmpty() || apart.isEmpty()) {
            decide(decided, decided, pods, direction, joined.isEmpty() ? apart : joined, level);
            return decided;
        }
        List<Decided> alternatives = new ArrayList<>();
        for (List<Policy> ofOneApi : List.of(apart, joined)) {
            Decided alone = new Decided();
            decide(decided, alone, pods, direction, ofOneApi, level);
            if (level != Level.BEST && options.tiers() == Tiers.UNKNOWN) {
                alone.passTheRest(); // a plugin may know the other kinds alone
            }
            alternatives.add(alone);
        }
        decided.join(alternatives, level);
        return decided;
    }

    /** What policies that the API puts in an order decide. */
    private void decide(
            Decided doubts, Decided decided, int pods, Direction direction, List<Policy> policies, Level level) {
        for (int first = 0, next; first < policies.size(); first = next) {
            next = first + 1;
            while (next < policies.size() && policies.get(first).isBeside(policies.get(next))) {
                next++;
            }
            if (next == first + 1) {
                add(doubts, decided, pods, direction, policies.get(first), level);
            } else {
                List<Decided> alternatives = new ArrayList<>();
                for (Policy policy : policies.subList(first, next)) {
                    Decided alone = new Decided();
                    add(doubts, alone, pods, direction, policy, level);
                    alternatives.add(alone);
                }
                decided.join(alternatives, level);
            }
        }
    }

    /**
     * Adds what a policy decides. One that is not legible forbids nothing in rows: the API server would refuse it, or it may
     * mean something else than was read.
     */
    private void add(Decided doubts, Decided decided, int pods, Direction direction, Policy policy, Level level) {
        doubts.unreadable |= !policy.isReadable() && level != Level.BEST;
        for (Rule rule : policy.rules(direction).orElse(List.of())) {
            if (!policy.legible() && rule.action() != Action.ALLOW) {
                continue;
            }
            Match match = matcher.match(policy, rule);
            if (needsSidecars(policy, rule, pods, direction)) {
                Bits.addAll(doubts.murky, match.possible());
            } else if (!match.isCertain()) {
                long[] doubtful = Bits.copy(match.possible());
                Bits.remove(doubtful, match.sure());
                Bits.addAll(doubts.murky, doubtful);
            }
            Bits.forEach(
                    match.best(),
                    end -> decided.apply(
                            end,
                            portsAt(rule, direction == Direction.INGRESS ? pods : end, sidecars(Level.BEST)),
                            rule.action()));
        }
    }
}
