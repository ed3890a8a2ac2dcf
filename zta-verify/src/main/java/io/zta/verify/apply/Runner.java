package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.intent.Phase;
import io.zta.verify.apply.Api.Answer;
import io.zta.verify.apply.ApplyException.Reason;
import io.zta.verify.apply.Change.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes the steps of one plan: record, write, record, prove; and takes a step back that failed. */
final class Runner {
    private final Api api;
    private final Store store;
    private final ApplierLease lease;
    private final Map<ObjectRef, ObjectNode> live;
    private final Proof proof;
    private Inventory inventory;

    Runner(
            Api api,
            Store store,
            ApplierLease lease,
            Inventory inventory,
            Map<ObjectRef, ObjectNode> live,
            Proof proof) {
        this.api = api;
        this.store = store;
        this.lease = lease;
        this.inventory = inventory;
        this.live = live;
        this.proof = proof;
    }

    Applied run(Plan plan) {
        int run = inventory.next();
        List<String> done = new ArrayList<>();
        List<String> unproven = new ArrayList<>();
        List<Step> steps = plan.steps();
        if (!steps.isEmpty()) {
            proof.baseline(steps.get(0));
        }
        for (int index = 0; index < steps.size(); index++) {
            Step step = steps.get(index);
            StepRecord record = record(plan, run, index);
            try {
                record = make(record);
            } catch (ApplyException e) {
                throw undone(record, done, e);
            }
            List<String> failures = proof.after(step);
            if (!failures.isEmpty()) {
                throw undone(
                        record, done, new ApplyException(Reason.UNDONE, "what worked before no longer did:", failures));
            }
            done.add(record.sequence() + " " + record.id());
            unproven.clear();
            unproven.addAll(proof.open());
        }
        reach(plan, run, done);
        return new Applied(done, inventory.phase(), proof.last(), unproven);
    }

    /** The phase is reached by the last step; a plan whose last step is of an earlier phase records it apart. */
    private void reach(Plan plan, int run, List<String> done) {
        Phase target = plan.posture().phase();
        if (inventory.phase() == target) {
            return;
        }
        StepRecord step = new StepRecord(
                inventory.next(), run, target, Step.Stage.ALLOW, target, StepRecord.State.DONE, List.of());
        lease.check();
        store.save(inventory, step);
        inventory = inventory.with(step);
        done.add(step.sequence() + " " + step.id() + " (nothing to write)");
    }

    private StepRecord record(Plan plan, int run, int index) {
        Step step = plan.steps().get(index);
        boolean last = index == plan.steps().size() - 1;
        boolean lastOfPhase = last || plan.steps().get(index + 1).phase() != step.phase();
        boolean removal = step.stage() == Step.Stage.UNRESTRICT || step.stage() == Step.Stage.DISALLOW;
        Phase reached = last
                ? plan.posture().phase()
                : lastOfPhase && !removal && step.phase().compareTo(inventory.phase()) > 0
                        ? step.phase()
                        : inventory.phase();
        List<Write> writes = new ArrayList<>();
        for (Change change : step.changes()) {
            writes.add(Write.ahead(change, Optional.ofNullable(live.get(change.object()))));
        }
        return new StepRecord(
                inventory.next(), run, step.phase(), step.stage(), reached, StepRecord.State.PENDING, writes);
    }

    private StepRecord make(StepRecord record) {
        lease.check();
        store.save(inventory, record);
        inventory = inventory.with(record);
        List<Write> writes = new ArrayList<>();
        for (Write write : record.writes()) {
            lease.check();
            writes.add(write(write));
        }
        StepRecord made = record.with(writes).as(StepRecord.State.DONE);
        store.save(inventory, made);
        inventory = inventory.with(made);
        return made;
    }

    private Write write(Write write) {
        Answer answer = switch (write.action()) {
            case CREATE, CHANGE -> apply(write);
            case RESTORE -> api.replace(versioned(Json.parseObject(write.desired()), write));
            case DELETE -> api.delete(write.object(), write.beforeUid(), write.beforeVersion(), false);
        };
        if (write.action() == Action.DELETE) {
            if (!answer.ok() && answer.code() != 404) {
                throw refused(write, answer);
            }
            live.remove(write.object());
            return write.done(Optional.empty());
        }
        if (!answer.ok()) {
            throw refused(write, answer);
        }
        live.put(write.object(), answer.object());
        Write done = write.done(Optional.of(answer.object()));
        if (write.before().isEmpty() && answer.code() == 200 && write.action() == Action.CREATE) {
            throw new ApplyException(
                    Reason.MOVED, write.object() + " appeared between the plan and the write; plan again");
        }
        return done;
    }

    private Answer apply(Write write) {
        ObjectNode object = versioned(Json.parseObject(write.desired()), write);
        return api.apply(object, false, write.forced());
    }

    /** With the resourceVersion as a precondition: the API server refuses when somebody wrote in between. */
    private static ObjectNode versioned(ObjectNode object, Write write) {
        if (!write.beforeVersion().isEmpty()) {
            ((ObjectNode) object.get("metadata")).put("resourceVersion", write.beforeVersion());
        }
        return object;
    }

    private static ApplyException refused(Write write, Answer answer) {
        Reason reason = answer.conflict() ? Reason.MOVED : Reason.REFUSED;
        return new ApplyException(reason, "The API server refused " + write.object() + ": " + answer.message());
    }

    private ApplyException undone(StepRecord record, List<String> done, ApplyException cause) {
        List<String> details = new ArrayList<>(cause.details());
        String first = String.valueOf(cause.getMessage()).split("\n")[0];
        String before = done.isEmpty() ? "Nothing else was written." : "Steps made before stay: " + done + ".";
        try {
            lease.check();
            List<String> left = new ArrayList<>();
            // What is in the store, not what was sent: the answer to the last write may never have come.
            inventory = Rollback.back(api, store, inventory, record, left);
            details.addAll(left);
            return new ApplyException(
                    cause.reason(),
                    "Step " + record.sequence() + " (" + record.id() + ") was undone: " + first + " " + before,
                    details);
        } catch (ApplyException second) {
            details.add(String.valueOf(second.getMessage()));
            return new ApplyException(
                    cause.reason(),
                    "Step " + record.sequence() + " (" + record.id() + ") failed and could not be undone yet: " + first
                            + " " + before + " `status` shows it; apply or rollback completes it.",
                    details);
        }
    }
}
