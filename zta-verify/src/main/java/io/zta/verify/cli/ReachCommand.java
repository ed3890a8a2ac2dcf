package io.zta.verify.cli;

import io.zta.finding.Doubt;
import io.zta.network.Reach;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta reach}: who reaches whom by NetworkPolicy. */
@Command(
        name = "reach",
        description = "Prints which workload reaches which on which ports, as far as NetworkPolicies decide.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta reach --snapshot cluster/ -o json",
            "  zta reach --snapshot cluster/ -o mermaid",
            "  zta reach --snapshot cluster/ --to default/orders --port 8080 --only istio-system/istio-ingressgateway"
        })
final class ReachCommand implements Callable<Integer> {
    /** Forms of the answer. */
    enum Format {
        json,
        text,
        mermaid
    }

    /** Notes that are printed of what was not read, and of the rest; others are counted. */
    private static final int SHOWN_UNREAD = 20;

    private static final int SHOWN = 5;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private SnapshotOptions snapshot = new SnapshotOptions();

    @ArgGroup(exclusive = false, heading = "%nTo ask whether only some reach a workload, sidecars included:%n")
    private @Nullable OnlyQuestion question;

    @Option(names = "-o", paramLabel = "FORMAT", description = "json, text or mermaid; text where left out")
    private Format format = Format.text;

    @Override
    public Integer call() throws IOException {
        if (question != null) {
            return question.answer(snapshot.read(), spec.commandLine().getOut());
        }
        Snapshot cluster = snapshot.read();
        Reach reach = Reach.of(cluster);
        BytePrinter.Answer answer = switch (format) {
            case json -> reach::writeJson;
            case text -> reach::writeText;
            case mermaid -> reach::writeMermaid;
        };
        BytePrinter.print(answer, spec.commandLine().getOut());
        List<Doubt> unread = reach.unread();
        List<Doubt> notes = reach.notes(); // which begins with these
        print(unread, SHOWN_UNREAD);
        print(notes.subList(unread.size(), notes.size()), SHOWN);
        // What was not read may hold a workload or a policy: the answer is that of the rest.
        return unread.isEmpty() ? ExitCode.PROVEN : ExitCode.UNKNOWN;
    }

    private void print(List<Doubt> notes, int shown) {
        PrintWriter err = spec.commandLine().getErr();
        for (Doubt note : notes.subList(0, Math.min(shown, notes.size()))) {
            String where = note.origin().equals(Origin.MEMORY) ? "" : note.origin() + ": ";
            err.println("note: " + where + note.reason() + " (" + note.resolve() + ")");
        }
        if (notes.size() > shown) {
            err.println("note: and " + (notes.size() - shown) + " more like these");
        }
    }
}
