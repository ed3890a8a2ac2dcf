package io.zta.verify.apply;

import io.zta.verify.apply.Change.Action;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Gates on the writes themselves: order, ownership, pruning, the way back, other appliers. */
final class WriteGates {
    private WriteGates() {}

    static List<Gate> all() {
        return List.of(new AllowBeforeDeny(), new Conflicts(), new Prune(), new WayBack(), new OneApplier());
    }

    private record AllowBeforeDeny() implements Gate {
        @Override
        public String id() {
            return "APPLY-04";
        }

        @Override
        public String title() {
            return "what restricts lands before what allows";
        }

        @Override
        public String answer() {
            return "put the allowing steps of each phase first, and remove in reverse";
        }

        @Override
        public void check(GateContext context, Findings findings) {
            List<Step> steps = context.steps();
            for (int index = 0; index < steps.size(); index++) {
                Step step = steps.get(index);
                for (Step later : steps.subList(index + 1, steps.size())) {
                    boolean allowsLate = later.phase() == step.phase()
                            && (step.stage() == Step.Stage.RESTRICT || step.stage() == Step.Stage.CUT_OVER)
                            && (later.stage() == Step.Stage.ALLOW || later.stage() == Step.Stage.HOLD_OPEN);
                    boolean removedLate = later.phase() == step.phase()
                            && step.stage() == Step.Stage.DISALLOW
                            && later.stage() == Step.Stage.UNRESTRICT;
                    if (allowsLate || removedLate) {
                        findings.object(step.id() + " comes before " + later.id());
                    }
                }
            }
            if (!steps.isEmpty()) {
                findings.note("order: "
                        + String.join(", ", steps.stream().map(Step::id).toList()));
            }
        }
    }

    private record Conflicts() implements Gate {
        @Override
        public String id() {
            return "APPLY-11";
        }

        @Override
        public String title() {
            return "a field that someone else owns is overwritten, or an object is refused half-way";
        }

        @Override
        public String answer() {
            return "settle it with the owner named, force the object by name, or mend what the API server refuses";
        }

        @Override
        public void check(GateContext context, Findings findings) {
            context.objections().conflicts().forEach(conflict -> findings.object(conflict.toString()));
            context.objections().refusals().forEach(findings::object);
            context.changes().stream()
                    .filter(change ->
                            context.options().forced().contains(change.object().toString()))
                    .forEach(change -> findings.note(change.object() + " is taken over, as the caller named it"));
            if (!findings.refused() && !context.wanted().isEmpty()) {
                findings.note("the server-side dry run took all of "
                        + context.wanted().size() + " objects");
            }
        }
    }

    private record Prune() implements Gate {
        @Override
        public String id() {
            return "APPLY-12";
        }

        @Override
        public String title() {
            return "pruning removes what was never ours";
        }

        @Override
        public String answer() {
            return "let only objects of the inventory be removed, each with its UID";
        }

        @Override
        public void check(GateContext context, Findings findings) {
            Set<ObjectRef> written = new TreeSet<>();
            context.steps().stream()
                    .filter(step -> step.stage() == Step.Stage.HOLD_OPEN)
                    .forEach(step -> step.changes().forEach(change -> written.add(change.object())));
            for (Change change : context.changes()) {
                if (change.action() != Action.DELETE && change.action() != Action.RESTORE) {
                    continue;
                }
                boolean ours =
                        context.inventory().owned(change.object()).isPresent() || written.contains(change.object());
                if (!ours) {
                    findings.object(change.object() + " is in no inventory");
                } else if (!written.contains(change.object())) {
                    findings.note(change + " only with UID " + change.uid() + " and resourceVersion "
                            + change.resourceVersion());
                }
            }
            context.notes().stream().filter(note -> note.contains("is left")).forEach(findings::note);
        }
    }

    private record WayBack() implements Gate {
        @Override
        public String id() {
            return "APPLY-13";
        }

        @Override
        public String title() {
            return "half an apply, with no way back";
        }

        @Override
        public String answer() {
            return "let this user write ConfigMaps and Leases in " + Inventory.NAMESPACE;
        }

        @Override
        public void check(GateContext context, Findings findings) {
            context.cluster()
                    .inventoryRefusal()
                    .ifPresentOrElse(
                            refusal -> findings.object("the state before each write can't be kept: " + refusal),
                            () -> findings.note("the state before each write is kept in namespace "
                                    + Inventory.NAMESPACE + " before it is made"));
        }
    }

    private record OneApplier() implements Gate {
        @Override
        public String id() {
            return "APPLY-14";
        }

        @Override
        public String title() {
            return "two appliers write at once";
        }

        @Override
        public String answer() {
            return "wait until the holder is done; a Lease that nobody renews is taken over by apply itself, so override"
                    + " the gate where the holder is known to be dead";
        }

        @Override
        public void check(GateContext context, Findings findings) {
            context.cluster()
                    .leaseHolder()
                    .ifPresentOrElse(
                            holder -> findings.note(holder + " holds " + ApplierLease.LEASE
                                    + " now: apply waits, and takes it only when it is not renewed"),
                            () -> findings.note("nobody holds " + ApplierLease.LEASE));
        }
    }
}
