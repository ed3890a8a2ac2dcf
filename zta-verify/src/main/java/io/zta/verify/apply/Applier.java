package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.verify.apply.ApplyException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Carries out a plan, exactly, step by step; and takes steps back. Holds a Lease while it does. Before the first write of
 * a step the state before all of its writes is in the inventory, so that it may be killed at any moment: the next apply
 * completes what was begun, or a rollback takes it back.
 *
 * <p>Immutable; configure it with the {@code with} methods. One instance may serve several threads; the Lease lets one in.
 */
public final class Applier {
    private final KubernetesClient client;
    private final StepProbe probe;
    private final Duration settle;
    private final Duration patience;
    private final Duration lease;
    private final String holder;
    private final Duration request;

    private Applier(
            KubernetesClient client,
            StepProbe probe,
            Duration settle,
            Duration patience,
            Duration lease,
            String holder,
            Duration request) {
        this.client = client;
        this.probe = probe;
        this.settle = settle;
        this.patience = patience;
        this.lease = lease;
        this.holder = holder;
        this.request = request;
    }

    /** An applier that proves each step by the readiness of the posture's pods, 3 s after it. */
    public static Applier with(KubernetesClient client) {
        return new Applier(
                client,
                new ReadinessProbe(),
                Duration.ofSeconds(3),
                Duration.ofSeconds(30),
                Duration.ofSeconds(15),
                "zta-" + UUID.randomUUID(),
                Duration.ofSeconds(15));
    }

    /** Also asks this probe, beside the readiness of pods. */
    public Applier withProbe(StepProbe other) {
        return new Applier(client, probe.and(other), settle, patience, lease, holder, request);
    }

    /**
     * How long what works must go on working after a step, and how long to wait for what does not (yet).
     *
     * @param settling not negative
     * @param waiting not shorter than {@code settling}
     */
    public Applier withPatience(Duration settling, Duration waiting) {
        return new Applier(client, probe, settling, waiting, lease, holder, request);
    }

    /** The name and duration under which it holds the Lease; whole seconds, at least one. */
    public Applier withLease(String name, Duration duration) {
        return new Applier(client, probe, settle, patience, duration, name, request);
    }

    /** How long one request to the API server may take, its retries not counted; 15 s unless said otherwise. */
    public Applier withRequestTimeout(Duration timeout) {
        return new Applier(client, probe, settle, patience, lease, holder, timeout);
    }

    /**
     * Carries out a plan.
     *
     * @throws ApplyException if a gate is refused, the cluster has moved, another applier is at work, the API server
     *     refuses, or a step had to be undone; what was done before stays, and the message says what it is
     */
    public Applied apply(Plan plan) {
        List<String> refused = new ArrayList<>();
        plan.refused()
                .forEach(gate ->
                        gate.evidence().forEach(line -> refused.add(gate.id() + " " + gate.title() + ": " + line)));
        if (!refused.isEmpty()) {
            throw new ApplyException(
                    Reason.GATE,
                    "The plan is not applied; nothing was written. Answer each gate, or override it by its id:",
                    refused);
        }
        Api api = new Api(client, request);
        Store store = new Store(api);
        if (plan.isEmpty() && store.load(plan.posture().id()).unfinished().isEmpty()) {
            return finishEmpty(api, store, plan);
        }
        store.ensureNamespace();
        try (ApplierLease held = ApplierLease.take(api, holder, lease)) {
            Inventory inventory = settle(api, store, store.load(plan.posture().id()));
            Map<ObjectRef, ObjectNode> live = Basis.read(api, plan);
            List<String> moved = Basis.moved(plan, live);
            if (!moved.isEmpty()) {
                throw new ApplyException(
                        Reason.MOVED,
                        "The cluster has moved since the plan was made; nothing was written. Plan again:",
                        moved);
            }
            inventory = inventory.of(plan.posture().toYaml());
            store.saveHead(inventory);
            Proof proof = new Proof(api, probe, plan.posture(), settle, patience);
            Runner runner = new Runner(api, store, held, inventory, live, proof);
            return runner.run(plan);
        }
    }

    /** Nothing to write: only the phase may be another, for a phase that has no objects. */
    private Applied finishEmpty(Api api, Store store, Plan plan) {
        Inventory inventory = store.load(plan.posture().id());
        if (inventory.phase() == plan.posture().phase()) {
            return new Applied(List.of(), inventory.phase(), List.of(), List.of());
        }
        store.ensureNamespace();
        try (ApplierLease held = ApplierLease.take(api, holder, lease)) {
            Inventory now = store.load(plan.posture().id()).of(plan.posture().toYaml());
            held.check();
            store.saveHead(now);
            StepRecord step = new StepRecord(
                    now.next(),
                    now.next(),
                    plan.posture().phase(),
                    Step.Stage.ALLOW,
                    plan.posture().phase(),
                    StepRecord.State.DONE,
                    List.of());
            store.save(now, step);
            return new Applied(
                    List.of(step.sequence() + " " + step.id() + " (nothing to write)"),
                    step.reached(),
                    List.of(),
                    List.of());
        }
    }

    /** Decides an interrupted step by what is there now, and records it: what it made is ours, what it did not is not. */
    private static Inventory settle(Api api, Store store, Inventory inventory) {
        Optional<StepRecord> open = inventory.unfinished();
        if (open.isEmpty()) {
            return inventory;
        }
        if (open.get().state() == StepRecord.State.LEAVING) {
            return Rollback.back(api, store, inventory, open.get(), new ArrayList<>());
        }
        StepRecord decided = decided(api, open.get());
        // The phase is reached by the step that ends it, and that one will be made again.
        Phase stands = inventory.phase();
        StepRecord done = new StepRecord(
                decided.sequence(),
                decided.run(),
                decided.phase(),
                decided.stage(),
                stands,
                StepRecord.State.DONE,
                decided.writes());
        store.save(inventory, done);
        return inventory.with(done);
    }

    static StepRecord decided(Api api, StepRecord open) {
        List<Write> writes = new ArrayList<>();
        for (Write write : open.writes()) {
            writes.add(write.made().isPresent() ? write : write.settled(api.find(write.object())));
        }
        return open.with(writes);
    }

    /**
     * Takes back the last apply: all of its steps, the last first.
     *
     * @throws ApplyException if there is nothing to take back, another applier is at work, or the API server refuses
     */
    public Applied rollback(Posture posture) {
        Inventory inventory = new Store(new Api(client, request)).load(posture.id());
        int run = 0;
        for (StepRecord step : inventory.steps()) {
            if (step.state() != StepRecord.State.UNDONE) {
                run = step.run();
            }
        }
        if (run == 0) {
            throw new ApplyException(
                    Reason.USAGE,
                    "There is nothing to roll back: the inventory of \"" + posture.id() + "\" in namespace "
                            + Inventory.NAMESPACE + " has no step that was made and not yet taken back.");
        }
        return rollback(posture, run);
    }

    /**
     * Brings back the state before a step: it and all later ones are taken back, the last first. A field that somebody
     * else changed since is left as it is, and listed.
     *
     * @param sequence the step's number, as {@code status} prints it; at least 1
     * @throws ApplyException if there is no such step, another applier is at work, or the API server refuses
     */
    public Applied rollback(Posture posture, int sequence) {
        Api api = new Api(client, request);
        Store store = new Store(api);
        Inventory known = store.load(posture.id());
        if (sequence < 1 || known.steps().stream().noneMatch(step -> step.sequence() >= sequence)) {
            throw new ApplyException(
                    Reason.USAGE,
                    "There is no step " + sequence + " in the inventory of \"" + posture.id()
                            + "\"; its steps are 1 to " + (known.next() - 1) + ". `status` lists them.");
        }
        try (ApplierLease held = ApplierLease.take(api, holder, lease)) {
            Inventory inventory = store.load(posture.id());
            List<StepRecord> back = new ArrayList<>(inventory.steps());
            Collections.reverse(back);
            List<String> done = new ArrayList<>();
            List<String> left = new ArrayList<>();
            for (StepRecord read : back) {
                StepRecord step = inventory.step(read.sequence());
                if (step.sequence() >= sequence && step.state() != StepRecord.State.UNDONE) {
                    held.check();
                    inventory = Rollback.back(api, store, inventory, step, left);
                    done.add("took back " + step.sequence() + " " + step.id());
                }
            }
            store.forget(inventory, 50);
            return new Applied(done, inventory.phase(), List.of(), left);
        }
    }

    /** The namespaces of an inventory, of which nothing else is known than its id. */
    static Posture posture(Inventory inventory) {
        return inventory.posture().isEmpty()
                ? ZeroTrust.namespace(inventory.id()).denyDirectAccess()
                : Posture.parse("inventory " + inventory.id(), inventory.posture());
    }
}
