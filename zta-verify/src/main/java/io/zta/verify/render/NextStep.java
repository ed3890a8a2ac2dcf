package io.zta.verify.render;

import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import java.util.List;
import java.util.Optional;

/** What to do after reading a report: one step, the one that moves most. */
final class NextStep {
    private NextStep() {}

    static String of(Dossier dossier) {
        return switch (dossier.outcome()) {
            case VIOLATED ->
                dossier.claims().stream()
                        .flatMap(asked -> Words.findings(asked.result()).stream())
                        .sorted(java.util.Comparator.comparing(Finding::severity))
                        .findFirst()
                        .map(worst -> "mend " + worst.object() + " first (" + worst.id()
                                + "), then verify again; `zta render POSTURE` prints the objects that close it")
                        .orElse("verify again");
            case UNKNOWN ->
                doubt(dossier)
                        .map(doubt -> doubt.resolve().isEmpty() ? "settle: " + doubt.reason() : doubt.resolve())
                        .orElse("give a posture that asks for something");
            case PROVEN ->
                "keep it so: run this in your pipeline, and `zta probe` on the cluster, where assumptions"
                        + " can be tried";
        };
    }

    private static Optional<Doubt> doubt(Dossier dossier) {
        List<Doubt> doubts = dossier.claims().stream()
                .flatMap(asked -> Words.doubts(asked.result()).stream())
                .toList();
        return doubts.stream().findFirst();
    }
}
