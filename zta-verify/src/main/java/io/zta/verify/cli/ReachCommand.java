package io.zta.verify.cli;

import io.zta.network.Reach;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
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
        footer = {"  zta reach --snapshot cluster/ -o json", "  zta reach --snapshot cluster/ -o mermaid"})
final class ReachCommand implements Callable<Integer> {
    /** Forms of the answer. */
    enum Format {
        json,
        text,
        mermaid
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private SnapshotOptions snapshot = new SnapshotOptions();

    @Option(names = "-o", paramLabel = "FORMAT", description = "json, text or mermaid; text where left out")
    private Format format = Format.text;

    @Override
    public Integer call() throws IOException {
        Reach reach = Reach.of(snapshot.read());
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);
        switch (format) {
            case json -> reach.writeJson(out);
            case text -> reach.writeText(out);
            case mermaid -> reach.writeMermaid(out);
        }
        spec.commandLine().getOut().print(out.toString(StandardCharsets.UTF_8));
        spec.commandLine().getOut().flush();
        reach.notes()
                .forEach(note -> spec.commandLine()
                        .getErr()
                        .println("note: " + note.origin() + ": " + note.reason() + " (" + note.resolve() + ")"));
        return ExitCode.PROVEN;
    }
}
