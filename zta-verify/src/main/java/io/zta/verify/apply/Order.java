package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.istio.Mesh;
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

/**
 * Puts changes into steps: phases upwards, and within a phase what allows before what restricts; removals after that,
 * phases downwards, what restricts before what allows.
 *
 * <p>A NetworkPolicy that allows one peer isolates its pods from all others, so a namespace without any would lose flows
 * between the first allow and the last. Such a namespace is first given a policy that allows all; taking that one away
 * puts all others in force at once. So do AuthorizationPolicies: the first that admits somebody keeps out whom the second
 * is to admit. A namespace that has policies of its own keeps them, and is never opened.
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
        String root = Mesh.of(before).rootNamespace();
        for (String namespace : posture.namespaces()) {
            List<Resource> policies = before.resources(GroupKind.NETWORK_POLICY, namespace);
            holdOpen(policies, changes(items, "NetworkPolicy", namespace), 1, network(posture, namespace), items);

            List<Resource> rules = before.resources(GroupKind.AUTHORIZATION_POLICY).stream()
                    .filter(policy -> allows(Json.of(policy)))
                    .filter(policy -> List.of(namespace, root).contains(policy.namespace()))
                    .toList();
            List<Change> identities = changes(items, "AuthorizationPolicy", namespace).stream()
                    .filter(change -> change.action() == Action.DELETE || allows(Json.parse(change.desired())))
                    .toList();
            // One rule alone admits at once all that it admits.
            holdOpen(rules, identities, 2, mesh(posture, namespace), items);
        }
    }

    private static List<Change> changes(List<Item> items, String kind, String namespace) {
        return items.stream()
                .map(Item::change)
                .filter(change -> change.object().kind().equals(kind)
                        && change.object().namespace().equals(namespace))
                .toList();
    }

    /** Whether an AuthorizationPolicy is one that admits somebody, and by that keeps out all others. */
    private static boolean allows(JsonNode policy) {
        return policy.path("spec").path("action").asText("ALLOW").equals("ALLOW")
                && !policy.path("spec").path("rules").isEmpty();
    }

    /**
     * Adds the policy that holds open before the others come, where there are none yet, or before the last of them go.
     *
     * @param there the policies of that kind in the cluster
     * @param changes what happens to policies of that kind
     * @param least how many must come or go, so that one is in force before another
     */
    private static void holdOpen(
            List<Resource> there, List<Change> changes, int least, ObjectNode open, List<Item> items) {
        List<String> created = named(changes, Action.CREATE);
        List<String> deleted = named(changes, Action.DELETE);
        boolean leftOver = there.stream().anyMatch(policy -> policy.name().equals(HOLD_OPEN));
        boolean comes = there.isEmpty() && created.size() >= least;
        boolean goes = there.size() >= least
                && created.isEmpty()
                && there.stream()
                        .allMatch(policy -> policy.namespace()
                                        .equals(open.path("metadata")
                                                .path("namespace")
                                                .asText())
                                && deleted.contains(policy.name()));
        if (leftOver || !comes && !goes) {
            return;
        }
        ObjectRef ref = Json.ref(open);
        Phase phase = ref.kind().equals("NetworkPolicy") ? Phase.NETWORK : Phase.MESH;
        items.add(new Item(
                new Change(Action.CREATE, ref, Json.text(open), "", "", List.of(), false),
                phase,
                Step.Stage.HOLD_OPEN));
        items.add(new Item(new Change(Action.DELETE, ref, "", "", "", List.of(), false), phase, Step.Stage.CUT_OVER));
    }

    private static List<String> named(List<Change> changes, Action action) {
        return changes.stream()
                .filter(change -> change.action() == action)
                .map(change -> change.object().name())
                .toList();
    }

    private static ObjectNode network(Posture posture, String namespace) {
        ObjectNode policy = policy("networking.k8s.io/v1", "NetworkPolicy", posture, namespace);
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

    private static ObjectNode mesh(Posture posture, String namespace) {
        ObjectNode policy = policy("security.istio.io/v1", "AuthorizationPolicy", posture, namespace);
        policy.putObject("spec").put("action", "ALLOW").putArray("rules").addObject();
        return policy;
    }

    private static ObjectNode policy(String apiVersion, String kind, Posture posture, String namespace) {
        ObjectNode policy = Json.MAPPER.createObjectNode();
        policy.put("apiVersion", apiVersion).put("kind", kind);
        ObjectNode metadata =
                policy.putObject("metadata").put("name", HOLD_OPEN).put("namespace", namespace);
        metadata.putObject("labels").put("app.kubernetes.io/managed-by", "zta");
        metadata.putObject("annotations")
                .put("zta.io/asked-by", "apply: held open until every policy is there")
                .put("zta.io/posture", posture.namespaces().get(0) + "/" + posture.name());
        return policy;
    }
}
