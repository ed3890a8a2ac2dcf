package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.rbac.AdmissionVerdicts.Answer;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.snapshot.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks admission, remembers its answers, and what it refused. Not thread-safe. */
final class Gate {
    /**
     * What admission made of a request.
     *
     * @param open whether it may go through; false only for a refusal
     * @param notes what was in the way and did not refuse
     * @param doubts why it may not go through after all
     * @param refusals what refuses it
     */
    record Passage(boolean open, List<Evidence> notes, List<Doubt> doubts, List<Evidence> refusals) {
        static final Passage FREE = new Passage(true, List.of(), List.of(), List.of());

        boolean isCertain() {
            return open && doubts.isEmpty();
        }

        /** The better of two ways, for whoever wants through. */
        Passage or(Passage other) {
            if (isCertain() || !other.open && open) {
                return this;
            }
            return other.open || refusals.isEmpty() ? other : this;
        }

        /** Both must be passed. */
        Passage and(Passage other) {
            if (!open || !other.open) {
                return open ? other : this;
            }
            List<Evidence> allNotes = new ArrayList<>(notes);
            allNotes.addAll(other.notes);
            List<Doubt> allDoubts = new ArrayList<>(doubts);
            allDoubts.addAll(other.doubts);
            return new Passage(true, allNotes, allDoubts, List.of());
        }
    }

    private record Asked(Identity identity, Attributes attributes, Optional<Node> object, Optional<Node> old) {}

    private final AdmissionVerdicts admission;
    private final Map<Asked, Passage> answers = new HashMap<>();

    Gate(AdmissionVerdicts admission) {
        this.admission = admission;
    }

    /** Whether admission refuses nothing at all. */
    boolean isAbsent() {
        return admission == AdmissionVerdicts.NONE;
    }

    Passage ask(Identity identity, Attributes attributes) {
        return ask(identity, attributes, Optional.empty());
    }

    Passage ask(Identity identity, Attributes attributes, Optional<Node> object) {
        return ask(identity, attributes, object, Optional.empty());
    }

    Passage ask(Identity identity, Attributes attributes, Optional<Node> object, Optional<Node> old) {
        if (isAbsent()) {
            return Passage.FREE;
        }
        return answers.computeIfAbsent(new Asked(identity, attributes, object, old), asked -> {
            Request request = Request.of(identity, attributes);
            return passage(admission.decide(new Request(identity, attributes, request.operation(), object, old)));
        });
    }

    private static Passage passage(Answer answer) {
        if (answer instanceof Answer.Allowed allowed) {
            return new Passage(true, allowed.notes(), List.of(), List.of());
        }
        if (answer instanceof Answer.Denied denied) {
            return new Passage(false, List.of(), List.of(), denied.because());
        }
        List<Doubt> doubts = ((Answer.Unknown) answer).doubts();
        return new Passage(true, List.of(), doubts, List.of());
    }
}
