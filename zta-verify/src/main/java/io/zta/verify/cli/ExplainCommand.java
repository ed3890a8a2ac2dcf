package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.finding.Hop;
import io.zta.intent.Port;
import io.zta.network.Options;
import io.zta.snapshot.Snapshot;
import io.zta.verify.internal.Lines;
import io.zta.verify.proof.Path;
import io.zta.verify.proof.Paths;
import io.zta.verify.render.Turning;
import io.zta.verify.whatif.WhatIf;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zta explain}: what becomes of one connection, or of one subject's ways into containers, object by object. */
@Command(
        name = "explain",
        description = {
            "Follows one connection through network policies and the sidecar.",
            "With exec SUBJECT NAMESPACE[/POD]: every way of a subject into containers, and what to remove to close them.",
            "With --posture FILE CLAIM: one claim's verdict, and what it hangs on.",
            "Each ends with what would change the answer: edits that were made on a copy of the snapshot and seen to."
        },
        customSynopsis = {
            "zta explain (--snapshot=PATH | --kubeconfig=FILE) FROM TO PORT",
            "zta explain (--snapshot=PATH | --kubeconfig=FILE) exec SUBJECT NAMESPACE[/POD]",
            "zta explain (--snapshot=PATH | --kubeconfig=FILE) --posture=FILE CLAIM"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta explain --snapshot cluster/ tools/debug default/orders 8080",
            "  zta explain --snapshot cluster/ exec \"Group developers\" shop",
            "  zta explain --snapshot cluster/ --posture posture.yaml direct-access"
        })
final class ExplainCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private SnapshotOptions snapshot = new SnapshotOptions();

    @Option(
            names = "--posture",
            paramLabel = "FILE",
            description = "a file with one ZeroTrustPosture, to explain a claim")
    private Optional<java.nio.file.Path> posture = Optional.empty();

    @Parameters(
            index = "0",
            paramLabel = "FROM",
            description = "NAMESPACE/NAME of a pod or workload, or a CIDR; or exec; or a claim, such as direct-access")
    private String from = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TO",
            description =
                    "NAMESPACE/NAME of a pod, workload or Service, NAMESPACE/NAME[Service] for a Service alone; after exec a subject: \"Group NAME\", \"User NAME\" or"
                            + " \"ServiceAccount NS/NAME\"")
    private String to = "";

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "PORT",
            description = "a TCP port, of the pod or of the Service; after exec NAMESPACE[/POD]")
    private String port = "";

    @Override
    public Integer call() {
        if (posture.isPresent()) {
            if (!to.isEmpty()) {
                throw new UsageException("With --posture FILE give one claim and nothing more; a connection or exec is"
                        + " explained without a posture.");
            }
            return ClaimExplanation.write(
                    spec.commandLine().getOut(), Posture.read(posture.get()), snapshot.read(), from);
        }
        if (port.isEmpty()) {
            throw new UsageException("Give FROM TO PORT, or exec SUBJECT NAMESPACE[/POD], or --posture FILE CLAIM.");
        }
        if (from.equals("exec")) {
            PrintWriter err = spec.commandLine().getErr();
            EntryExplanation.write(spec.commandLine().getOut(), err, snapshot.read(), to, port);
            return ExitCode.PROVEN;
        }
        return connection();
    }

    private int number() {
        if (!port.matches("[0-9]{1,5}")) {
            throw new UsageException("PORT must be a number from 1 to 65535, but is " + port + ".");
        }
        return Integer.parseInt(port);
    }

    private int connection() {
        Path path;
        Snapshot cluster = snapshot.read();
        try {
            path = Paths.of(cluster, Options.DEFAULT).explain(from, to, Port.tcp(number()));
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
        PrintWriter out = spec.commandLine().getOut();
        print(path, out);
        out.print("what would change it\n" + Turning.text(WhatIf.of(path, cluster)));
        out.flush();
        return ExitCode.PROVEN;
    }

    /** Prints a path, a line for each hop and below it the fields that decide. */
    static void print(Path path, PrintWriter out) {
        StringBuilder text = new StringBuilder();
        text.append(path.from() + " -> " + path.to() + " " + path.port() + ": "
                        + path.outcome().display())
                .append('\n');
        for (Hop hop : path.hops()) {
            if (!hop.what().equals("and")) { // a further field of the hop before
                Lines.wrap(text, "  ", "    ", hop.what());
            }
            hop.because()
                    .ifPresent(evidence ->
                            Lines.wrap(text, "      ", "        ", evidence + " (" + evidence.origin() + ")"));
        }
        path.doubts()
                .forEach(doubt ->
                        Lines.wrap(text, "  unknown: ", "    ", doubt.reason() + " (" + doubt.resolve() + ")"));
        out.print(text);
    }
}
