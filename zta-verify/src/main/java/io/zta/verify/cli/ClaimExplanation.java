package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Verdict;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Verifier;
import io.zta.verify.internal.Lines;
import io.zta.verify.render.TextReport;
import io.zta.verify.render.Turning;
import io.zta.verify.whatif.WhatIf;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The answer to {@code zta explain --posture FILE CLAIM}: the verdict, what shows it, and what would change it. */
final class ClaimExplanation {
    private ClaimExplanation() {}

    static int write(PrintWriter out, Posture posture, Snapshot snapshot, String name) {
        Claim claim = Stream.of(Claim.values())
                .filter(one -> one.id().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException("There is no claim " + name + ". Claims are "
                        + Stream.of(Claim.values()).map(Claim::id).collect(Collectors.joining(", ")) + "."));
        List<ClaimResult> results = Verifier.verify(posture, snapshot, claim);
        if (results.isEmpty()) {
            throw new UsageException("The posture makes no claim " + name + ", or not in its phase.");
        }
        StringBuilder text = new StringBuilder();
        results.forEach(result -> write(result, text));
        Progress.say("looking for what would change it");
        text.append("what would change it\n");
        WhatIf.of(posture, snapshot, claim).forEach(pivot -> text.append(Turning.text(pivot)));
        out.print(text);
        out.flush();
        List<Verdict> verdicts = new ArrayList<>();
        results.forEach(result -> verdicts.add(result.verdict()));
        return verdicts.stream().anyMatch(Verdict.Violated.class::isInstance)
                ? ExitCode.VIOLATED
                : verdicts.stream().anyMatch(Verdict.Unknown.class::isInstance) ? ExitCode.UNKNOWN : ExitCode.PROVEN;
    }

    private static void write(ClaimResult result, StringBuilder text) {
        String verdict = result.verdict().match(proven -> "proven", violated -> "violated", unknown -> "unknown");
        Lines.wrap(
                text,
                "",
                "  ",
                result.claim().id() + ", " + result.scope() + ": " + verdict + " ("
                        + result.claim().text() + "; " + result.covered() + " checked)");
        List<String> because =
                result.verdict().match(Verdict.Proven::because, violated -> List.of(), unknown -> List.of());
        because.forEach(reason -> Lines.wrap(text, "  ", "    ", reason));
        result.assumptions().forEach(assumption -> Lines.wrap(text, "  assumed: ", "    ", assumption));
        if (result.verdict() instanceof Verdict.Violated violated) {
            text.append('\n');
            violated.findings().forEach(finding -> text.append(TextReport.of(finding)));
        }
    }
}
