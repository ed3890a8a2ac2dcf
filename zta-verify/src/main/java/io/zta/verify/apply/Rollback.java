package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.verify.apply.Api.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Takes a step back by its record. May be interrupted and begun again: what is already as it was before is left. Deletes
 * only the very object we made, and gives back only fields that still have the value we gave them.
 */
final class Rollback {
    private Rollback() {}

    /**
     * Takes one step back, its last write first. An object that is made again has another UID than the one that was
     * deleted: the records of earlier steps, which know it by its UID, are told.
     *
     * @param left receives what was left, one line each
     * @return the inventory after it
     */
    static Inventory back(Api api, Store store, Inventory inventory, StepRecord step, List<String> left) {
        StepRecord decided = Applier.decided(api, step).as(StepRecord.State.LEAVING);
        store.save(inventory, decided);
        Inventory now = inventory.with(decided);
        List<Write> writes = new ArrayList<>(decided.writes());
        Collections.reverse(writes);
        for (Write write : writes) {
            if (write.made().orElse(false)) {
                takeBack(api, write, left);
                now = madeAgain(api, store, now, write);
            }
        }
        StepRecord undone = decided.as(StepRecord.State.UNDONE);
        store.save(now, undone);
        return now.with(undone);
    }

    private static Inventory madeAgain(Api api, Store store, Inventory inventory, Write write) {
        if (write.before().isEmpty()) {
            return inventory;
        }
        Optional<ObjectNode> live = api.find(write.object());
        if (live.isEmpty()
                || Json.metadata(live.get(), "uid").equals(write.beforeUid())
                || !Json.stripped(live.get()).equals(write.before().get())) {
            return inventory;
        }
        Inventory told = inventory;
        for (StepRecord step : inventory.steps()) {
            List<Write> writes = step.writes().stream()
                    .map(other -> other.madeAgain(write.beforeUid(), live.get()))
                    .toList();
            if (!writes.equals(step.writes())) {
                store.save(told, step.with(writes));
                told = told.with(step.with(writes));
            }
        }
        return told;
    }

    private static void takeBack(Api api, Write write, List<String> left) {
        for (int attempt = 0; ; attempt++) {
            Optional<ObjectNode> live = api.find(write.object());
            Optional<Answer> answer =
                    write.before().isPresent() ? giveBack(api, write, live, left) : remove(api, write, live, left);
            if (answer.isEmpty()
                    || answer.get().ok()
                    || answer.get().code() == 404 && write.before().isEmpty()) {
                return;
            }
            if (!answer.get().conflict() || attempt >= 4) {
                throw Api.refused(
                        write.object() + " can't be brought back to what it was; rollback again completes it",
                        answer.get());
            }
        }
    }

    private static Optional<Answer> remove(Api api, Write write, Optional<ObjectNode> live, List<String> left) {
        if (live.isEmpty()) {
            return Optional.empty();
        }
        String uid = Json.metadata(live.get(), "uid");
        if (!uid.equals(write.afterUid())) {
            left.add(write.object() + " is left: it is not the one we made (UID " + uid + ")");
            return Optional.empty();
        }
        return Optional.of(api.delete(write.object(), uid, Json.metadata(live.get(), "resourceVersion"), false));
    }

    private static Optional<Answer> giveBack(Api api, Write write, Optional<ObjectNode> live, List<String> left) {
        ObjectNode before = write.before().orElseThrow();
        if (live.isEmpty()) {
            return Optional.of(api.create(before, false));
        }
        ObjectNode now = Json.stripped(live.get());
        if (write.after().isEmpty()) {
            // It was deleted by us and is there again: whoever made it, it stays.
            if (!now.equals(before)) {
                left.add(write.object() + " is left: somebody made it again, other than it was");
            }
            return Optional.empty();
        }
        List<String> changedSince = new ArrayList<>();
        ObjectNode back = Json.takenBack(before, write.after().get(), now, changedSince);
        changedSince.forEach(field -> left.add(write.object() + ": " + field + ", changed since; left"));
        if (back.equals(now)) {
            return Optional.empty();
        }
        ObjectNode metadata = (ObjectNode) back.get("metadata");
        metadata.put("resourceVersion", Json.metadata(live.get(), "resourceVersion"));
        return Optional.of(api.replace(back));
    }
}
