package io.zta.verify.apply;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Forms the plan that brings a posture to a cluster. Reads with a constant number of list calls for each kind, asks one
 * server-side dry run for each object that is not known to be as it should be, and writes nothing.
 */
public final class Planner {
    private Planner() {}

    /**
     * Plans a posture up to {@link Posture#phase()}; what was applied of later phases is planned to be removed.
     *
     * @throws ApplyException if the cluster can't be read
     * @throws io.zta.intent.PostureException if the posture can't be compiled
     */
    public static Plan plan(Posture posture, KubernetesClient client) {
        return plan(posture, client, PlanOptions.none());
    }

    /** The same, with what the caller decided by name. */
    public static Plan plan(Posture posture, KubernetesClient client, PlanOptions options) {
        return plan(posture, posture.manifests().compiled(), client, options);
    }

    /** The same, with the objects given: the seam for tests that bring objects of their own. */
    static Plan plan(Posture posture, List<Compiled> compiled, KubernetesClient client, PlanOptions options) {
        Api api = new Api(client, Duration.ofSeconds(15));
        Snapshot before = Snapshot.of(client);
        Inventory inventory = settled(new Store(api).load(posture.id()), before);
        List<Compiled> wanted = compiled.stream()
                .filter(entry -> entry.phase().compareTo(posture.phase()) <= 0
                        && !options.skipped().contains(entry.phase()))
                .toList();
        Draft draft = new Draft(api, posture, options, before, inventory);
        draft.want(wanted);
        draft.prune();
        List<Step> steps = Order.steps(posture, before, draft.items());
        Snapshot after = after(before, steps, draft);
        Map<String, Phase> from = new TreeMap<>();
        posture.namespaces().forEach(namespace -> from.put(namespace, inventory.phase()));
        Objections objections = new Objections(draft.conflicts(), draft.refusals());
        GateContext context = GateContext.of(
                posture, options, before, after, steps, from, objections, draft, Cluster.of(api, before, posture));
        List<GateResult> gates = Gates.evaluate(context);
        List<String> notes = new ArrayList<>(draft.notes());
        inventory
                .unfinished()
                .ifPresent(
                        step -> notes.add(
                                "step " + step.sequence() + " (" + step.id()
                                        + ") of an earlier apply was interrupted; applying this plan completes it, rollback takes it back"));
        before.unread().forEach(type -> notes.add(type + " could not be listed: what depends on it is not judged"));
        return new Plan(
                posture,
                options,
                from,
                steps,
                draft.unchanged(),
                new Plan.Impact(context.flows().ends(), context.flows().begins(), context.remainingGrants(), notes),
                new Plan.Objections(objections.conflicts(), objections.refusals()),
                gates,
                Basis.of(posture, steps, before));
    }

    /** What the dry runs refused. */
    record Objections(List<Conflict> conflicts, List<String> refusals) {}

    /** The inventory with an interrupted step decided by what is in the cluster now; nothing is written. */
    private static Inventory settled(Inventory inventory, Snapshot snapshot) {
        Optional<StepRecord> open = inventory.unfinished();
        if (open.isEmpty()) {
            return inventory;
        }
        List<Write> writes = new ArrayList<>();
        for (Write write : open.get().writes()) {
            writes.add(write.settled(snapshot.find(
                            write.object().type(),
                            write.object().namespace(),
                            write.object().name())
                    .map(Json::of)));
        }
        return inventory.with(open.get().with(writes));
    }

    private static Snapshot after(Snapshot before, List<Step> steps, Draft draft) {
        Snapshot after = before;
        Map<ObjectRef, Resource> results = new TreeMap<>();
        Set<ObjectRef> gone = new TreeSet<>();
        for (Step step : steps) {
            for (Change change : step.changes()) {
                switch (change.action()) {
                    case CREATE, CHANGE, RESTORE -> {
                        gone.remove(change.object());
                        results.put(change.object(), Json.resource(draft.answer(change)));
                    }
                    case DELETE -> {
                        results.remove(change.object());
                        gone.add(change.object());
                    }
                }
            }
        }
        for (ObjectRef ref : gone) {
            Optional<Resource> live = before.find(ref.type(), ref.namespace(), ref.name());
            if (live.isPresent()) {
                after = after.without(live.get());
            }
        }
        return after.with(new LinkedHashSet<>(results.values()));
    }
}
