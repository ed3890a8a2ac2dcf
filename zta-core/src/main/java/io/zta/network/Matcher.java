package io.zta.network;

import io.zta.network.Options.IpBlocks;
import io.zta.network.Rule.Action;
import io.zta.network.Rule.Peer;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Finds which ends the peers of a rule match. Answers are kept, since many rows ask for the same rule. Thread-safe. */
final class Matcher {
    /**
     * The ends that a rule matches. The arrays are shared and must not be changed.
     *
     * @param sure whatever the plugin does and whatever addresses pods get
     * @param best as far as is known, a block taken to match pods unless the plugin is known not to
     * @param possible also what it would match if unknown addresses were the worst ones
     */
    @SuppressWarnings("ArrayRecordComponent") // shared on purpose
    record Match(long[] sure, long[] best, long[] possible) {
        boolean isCertain() {
            return sure == best && best == possible;
        }
    }

    private final Universe universe;
    private final Options options;
    private final Map<AddressRange, Map<String, String>> nodes;
    private final IdentityHashMap<Rule, Match> known = new IdentityHashMap<>();

    Matcher(Universe universe, Options options, Map<AddressRange, Map<String, String>> nodes) {
        this.universe = universe;
        this.options = options;
        this.nodes = nodes;
    }

    synchronized Match match(Policy policy, Rule rule) {
        Match match = known.get(rule);
        if (match == null) {
            match = compute(policy, rule);
            known.put(rule, match);
        }
        return match;
    }

    /** Lets go of answers that are seldom asked for again: those about policies that others replaced. */
    synchronized void forget(List<Policy> policies) {
        for (Policy policy : policies) {
            for (Direction direction : Direction.values()) {
                policy.rules(direction).ifPresent(rules -> rules.forEach(known::remove));
            }
        }
    }

    private Match compute(Policy policy, Rule rule) {
        long[] best = Bits.none(universe.size());
        if (rule.everyone()) {
            Bits.setRange(best, 0, universe.size());
            return new Match(best, best, best);
        }
        boolean certain = rule.peers().stream().allMatch(peer -> peer.kind() == Peer.Kind.PODS);
        long[] sure = certain ? best : Bits.none(universe.size());
        long[] possible = certain ? best : Bits.none(universe.size());
        for (Peer peer : rule.peers()) {
            add(policy, peer, rule.action(), sure, best, possible);
        }
        return new Match(sure, best, possible);
    }

    /** The match of one peer alone. */
    Match match(Policy policy, Peer peer) {
        long[] sure = Bits.none(universe.size());
        long[] best = Bits.none(universe.size());
        long[] possible = Bits.none(universe.size());
        add(policy, peer, Action.ALLOW, sure, best, possible);
        return new Match(sure, best, possible);
    }

    private void add(Policy policy, Peer peer, Action action, long[] sure, long[] best, long[] possible) {
        switch (peer.kind()) {
            case PODS -> {
                long[] selected =
                        universe.select(peer.namespaces(), policy.resource().namespace(), peer.pods());
                Bits.addAll(best, selected);
                if (sure != best) {
                    Bits.addAll(sure, selected);
                    Bits.addAll(possible, selected);
                }
            }
            case ADDRESSES -> addresses(peer.blocks(), action, sure, best, possible);
            case NODES -> {
                List<AddressRange> selected = nodes.entrySet().stream()
                        .filter(node -> peer.pods().matches(node.getValue()))
                        .map(Map.Entry::getKey)
                        .toList();
                addresses(selected, action, Bits.none(universe.size()), best, possible);
                Bits.setRange(possible, 0, universe.size()); // a snapshot need not hold every node
            }
            case DOMAINS -> { // only what is allowed is given by name, and whoever answers for the name picks the
                // address
                Bits.setRange(best, universe.classCount(), universe.size());
                Bits.setRange(possible, 0, universe.size());
            }
            case UNKNOWN -> Bits.setRange(possible, 0, universe.size());
        }
    }

    /** Pods with an address of each family are let in by either of them, and shut out by both. */
    private void addresses(List<AddressRange> blocks, Action action, long[] sure, long[] best, long[] possible) {
        Atoms atoms = universe.atoms();
        boolean[] covered = new boolean[atoms.size()];
        boolean everyV4 = false;
        for (AddressRange block : blocks) {
            everyV4 |= block.isAll() && !block.isV6();
            int last = atoms.indexOf(block.last());
            for (int i = Math.max(0, atoms.indexOf(block.first())); i <= last; i++) {
                covered[i] = true;
            }
        }
        for (int i = 0; i < covered.length; i++) {
            if (covered[i]) {
                Bits.set(sure, universe.classCount() + i);
                Bits.set(best, universe.classCount() + i);
                Bits.set(possible, universe.classCount() + i);
            }
        }
        if (options.ipBlocks() == IpBlocks.EXTERNAL_ONLY || blocks.isEmpty()) {
            return;
        }
        for (int i = 0; i < universe.classCount(); i++) {
            PodClass pods = universe.classes().get(i);
            boolean matched = pods.addressKnown()
                    ? pods.pieces().stream().anyMatch(piece -> piece >= 0 && covered[piece])
                    : everyV4;
            boolean whole = matched && pods.pieces().stream().allMatch(piece -> piece >= 0 && covered[piece]);
            if (matched && (whole || action != Action.DENY)) {
                Bits.set(best, i);
                if (options.ipBlocks() == IpBlocks.MATCH_PODS && (whole || action == Action.ALLOW)) {
                    Bits.set(sure, i);
                }
            }
            if (matched || !pods.addressKnown()) {
                Bits.set(possible, i);
            }
        }
    }
}
