package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.List;
import java.util.Optional;

/**
 * A policy as read: a NetworkPolicy, one of a tier above or below, or one of a kind that is recognised and not evaluated.
 * Immutable.
 *
 * @param resource the object
 * @param tier where it stands
 * @param priority within its tier, lower first; 0 for a NetworkPolicy
 * @param namespaces which namespaces its pods are in; empty for its own
 * @param pods which pods of these it selects
 * @param ingress its ingress rules; empty where it says nothing of ingress at all
 * @param egress its egress rules; empty where it says nothing of egress at all
 * @param problems what of it can't be read or evaluated; the API server would refuse most of it
 * @param legible whether it can only mean what was read, problems or not
 */
record Policy(
        Resource resource,
        Tier tier,
        int priority,
        Optional<Selector> namespaces,
        Selector pods,
        Optional<List<Rule>> ingress,
        Optional<List<Rule>> egress,
        List<Doubt> problems,
        boolean legible) {
    Policy {
        ingress = ingress.map(List::copyOf);
        egress = egress.map(List::copyOf);
        problems = List.copyOf(problems);
    }

    /** Where a policy stands, in the order of evaluation. */
    enum Tier {
        ADMIN,
        NETWORK_POLICY,
        /** Rules of a NetworkPolicy for a direction that its policyTypes leaves out: some plugins enforce them. */
        UNLISTED,
        BASELINE,
        /** A kind of some network plugin's own: it may allow before and deny after. */
        FOREIGN
    }

    Optional<List<Rule>> rules(Direction direction) {
        return direction == Direction.INGRESS ? ingress : egress;
    }

    /** Whether a rule of a direction gives ports by name. */
    boolean namesPorts(Direction direction) {
        for (Rule rule : rules(direction).orElse(List.of())) {
            if (!rule.ports().named().isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** Whether this stands above or below NetworkPolicies. */
    boolean isOfTier() {
        return tier == Tier.ADMIN || tier == Tier.BASELINE;
    }

    /** Whether it is not said which of this and another policy wins: by their priorities, or by the APIs they are of. */
    boolean isBeside(Policy other) {
        return isOfTier() && tier == other.tier && (priority == other.priority || joinsTiers() != other.joinsTiers());
    }

    /** Whether this is of the kind that took the place of one kind for each tier. */
    boolean joinsTiers() {
        return resource.type().kind().equals("ClusterNetworkPolicy");
    }

    boolean isReadable() {
        return problems.isEmpty();
    }
}
