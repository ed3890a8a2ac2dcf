package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.verify.apply.Change.Action;
import io.zta.verify.apply.Draft.Item;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Puts changes into steps: phases upwards, and within a phase what allows before what restricts; removals after that,
 * phases downwards, what restricts before what allows.
 *
 * <p>A NetworkPolicy that allows one peer isolates its pods from all others, so a namespace without any would lose flows
 * between the first allow and the last. Such a namespace is first given a policy that allows all; taking that one away
 * puts all others in force at once. A namespace that has policies of its own keeps them, and is never opened.
 */
final class Order {
    static final String HOLD_OPEN = "zta-hold-open";

    private Order() {}

    static List<Step> steps(Posture posture, Snapshot before, List<Item> items) {
        List<Item> all = new ArrayList<>(items);
        holdOpen(posture, before, all);
        List<Step> steps = new ArrayList<>();
        for (Phase phase : Phase.values()) {
            Map<Step.Stage, List<Change>> stages = stages(all, phase);
            boolean removes = stages.containsKey(Step.Stage.UNRESTRICT) || stages.containsKey(Step.Stage.DISALLOW);
            for (Step.Stage stage : Step.Stage.values()) {
                boolean removal = stage == Step.Stage.UNRESTRICT || stage == Step.Stage.DISALLOW;
                boolean later = removal || stage == Step.Stage.CUT_OVER && removes;
                if (!later && stages.containsKey(stage)) {
                    steps.add(new Step(phase, stage, stages.get(stage)));
                }
            }
        }
        List<Phase> downwards = new ArrayList<>(List.of(Phase.values()));
        Collections.reverse(downwards);
        for (Phase phase : downwards) {
            Map<Step.Stage, List<Change>> stages = stages(all, phase);
            boolean removes = stages.containsKey(Step.Stage.UNRESTRICT) || stages.containsKey(Step.Stage.DISALLOW);
            for (Step.Stage stage : List.of(Step.Stage.UNRESTRICT, Step.Stage.DISALLOW, Step.Stage.CUT_OVER)) {
                if (stages.containsKey(stage) && (removes || stage != Step.Stage.CUT_OVER)) {
                    List<Change> changes = new ArrayList<>(stages.get(stage));
                    if (stage != Step.Stage.CUT_OVER) {
                        // A binding goes before the policy or role it names.
                        Collections.sort(
                                changes,
                                java.util.Comparator.comparing((Change change) ->
                                        !change.object().kind().endsWith("Binding")));
                    }
                    steps.add(new Step(phase, stage, changes));
                }
            }
        }
        return steps;
    }

    private static Map<Step.Stage, List<Change>> stages(List<Item> items, Phase phase) {
        Map<Step.Stage, List<Change>> stages = new EnumMap<>(Step.Stage.class);
        for (Item item : items) {
            if (item.phase() == phase) {
                stages.computeIfAbsent(item.stage(), stage -> new ArrayList<>()).add(item.change());
            }
        }
        return stages;
    }

    private static void holdOpen(Posture posture, Snapshot before, List<Item> items) {
        for (String namespace : posture.namespaces()) {
            List<Resource> policies = before.resources(GroupKind.NETWORK_POLICY, namespace);
            Set<String> ours = new TreeSet<>();
            boolean creates = false;
            for (Item item : items) {
                ObjectRef ref = item.change().object();
                if (ref.kind().equals("NetworkPolicy") && ref.namespace().equals(namespace)) {
                    creates |= item.change().action() == Action.CREATE;
                    if (item.change().action() == Action.DELETE) {
                        ours.add(ref.name());
                    }
                }
            }
            boolean leftOver =
                    policies.stream().anyMatch(policy -> policy.name().equals(HOLD_OPEN));
            boolean open = policies.isEmpty();
            boolean opens = !policies.isEmpty()
                    && !creates
                    && policies.stream().allMatch(policy -> ours.contains(policy.name()));
            if (!leftOver && (open && creates || opens)) {
                ObjectNode policy = policy(posture, namespace);
                ObjectRef ref = Json.ref(policy);
                items.add(new Item(
                        new Change(Action.CREATE, ref, Json.text(policy), "", "", List.of(), false),
                        Phase.NETWORK,
                        Step.Stage.HOLD_OPEN));
                items.add(new Item(
                        new Change(Action.DELETE, ref, "", "", "", List.of(), false),
                        Phase.NETWORK,
                        Step.Stage.CUT_OVER));
            }
        }
    }

    private static ObjectNode policy(Posture posture, String namespace) {
        ObjectNode policy = Json.MAPPER.createObjectNode();
        policy.put("apiVersion", "networking.k8s.io/v1").put("kind", "NetworkPolicy");
        ObjectNode metadata =
                policy.putObject("metadata").put("name", HOLD_OPEN).put("namespace", namespace);
        metadata.putObject("labels").put("app.kubernetes.io/managed-by", "zta");
        metadata.putObject("annotations")
                .put("zta.io/asked-by", "apply: held open until every policy is there")
                .put("zta.io/posture", posture.namespaces().get(0) + "/" + posture.name());
        ObjectNode spec = policy.putObject("spec");
        spec.putObject("podSelector");
        ArrayNode types = spec.putArray("policyTypes").add("Ingress");
        spec.putArray("ingress").addObject();
        if (posture.asks(Intent.DenyEgress.class)) {
            types.add("Egress");
            spec.putArray("egress").addObject();
        }
        return policy;
    }
}
