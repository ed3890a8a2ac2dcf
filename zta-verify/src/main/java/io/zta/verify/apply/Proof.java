package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.verify.apply.StepProbe.Observation;
import io.zta.verify.apply.StepProbe.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Waits after each step until what worked before it has been seen to work again, twice in a row and for as long as things
 * take to settle; and reads the server's own check of admission policies.
 */
final class Proof {
    private static final long INTERVAL = 400;

    private final Api api;
    private final StepProbe probe;
    private final Posture posture;
    private final Duration settle;
    private final Duration patience;
    private final Set<String> worked = new TreeSet<>();
    private List<Observation> last = List.of();

    Proof(Api api, StepProbe probe, Posture posture, Duration settle, Duration patience) {
        this.api = api;
        this.probe = probe;
        this.posture = posture;
        this.settle = settle;
        this.patience = patience;
    }

    /** Remembers what works before the first step. */
    void baseline(Step first) {
        last = probe.observe(posture, first, api.client());
        last.stream()
                .filter(seen -> seen.mustWork() && seen.seen() == Seen.ALLOWED)
                .forEach(seen -> worked.add(seen.what()));
    }

    /** What worked before and does not after the step, and what the server found in admission policies. */
    List<String> after(Step step) {
        List<String> failures = new ArrayList<>(typeChecks(step));
        if (!failures.isEmpty()) {
            return failures;
        }
        long start = System.nanoTime();
        int good = 0;
        while (true) {
            last = probe.observe(posture, step, api.client());
            failures.clear();
            Set<String> seen = new TreeSet<>();
            for (Observation observation : last) {
                seen.add(observation.what());
                if (observation.mustWork()
                        && worked.contains(observation.what())
                        && observation.seen() != Seen.ALLOWED) {
                    failures.add(observation.what() + ": "
                            + observation.seen().name().toLowerCase(java.util.Locale.ROOT) + " ("
                            + observation.evidence() + ")");
                }
            }
            // A workload that somebody removed meanwhile was not broken by us.
            worked.retainAll(seen);
            good = failures.isEmpty() ? good + 1 : 0;
            long elapsed = System.nanoTime() - start;
            if (good >= 2 && elapsed >= settle.toNanos() || elapsed > patience.toNanos()) {
                return failures;
            }
            ApplierLease.pause(INTERVAL);
        }
    }

    /** What must be closed by now and was seen open, or not seen at all. */
    List<String> open() {
        List<String> open = new ArrayList<>();
        for (Observation observation : last) {
            if (!observation.mustWork() && observation.seen() != Seen.DENIED) {
                open.add(observation.what() + ": "
                        + observation.seen().name().toLowerCase(java.util.Locale.ROOT) + " (" + observation.evidence()
                        + ")");
            }
        }
        return open;
    }

    List<Observation> last() {
        return last;
    }

    private List<String> typeChecks(Step step) {
        List<String> warnings = new ArrayList<>();
        if (step.stage() != Step.Stage.WARN) {
            return warnings;
        }
        for (Change change : step.changes()) {
            if (change.object().kind().equals("ValidatingAdmissionPolicy")) {
                warnings.addAll(typeCheck(change.object()));
            }
        }
        return warnings;
    }

    private List<String> typeCheck(ObjectRef policy) {
        long start = System.nanoTime();
        while (true) {
            ObjectNode live = api.find(policy).orElse(null);
            if (live == null) {
                return List.of(policy + " is gone");
            }
            JsonNode status = live.path("status");
            long generation = live.path("metadata").path("generation").asLong();
            if (status.path("observedGeneration").asLong(-1) >= generation && status.has("typeChecking")) {
                List<String> warnings = new ArrayList<>();
                for (JsonNode warning : status.path("typeChecking").path("expressionWarnings")) {
                    warnings.add(policy + " " + warning.path("fieldRef").asText() + ": "
                            + warning.path("warning").asText().strip().replaceAll("\\s+", " "));
                }
                return warnings;
            }
            if (System.nanoTime() - start > patience.toNanos()) {
                return List.of(policy + ": the server has not type-checked it within " + patience.toSeconds() + " s");
            }
            ApplierLease.pause(INTERVAL);
        }
    }
}
