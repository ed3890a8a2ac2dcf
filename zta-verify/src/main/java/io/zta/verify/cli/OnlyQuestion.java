package io.zta.verify.cli;

import io.zta.network.Options;
import io.zta.snapshot.Snapshot;
import io.zta.verify.proof.Path;
import io.zta.verify.proof.Paths;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Option;

/** "Only these reach that workload on that port", through network policies and sidecars. */
final class OnlyQuestion {
    @Option(
            names = "--only",
            required = true,
            split = ",",
            paramLabel = "FROM",
            description = "who may reach it: workloads as NAMESPACE/NAME, comma separated")
    private List<String> only = List.of();

    @Option(names = "--to", required = true, paramLabel = "TO", description = "the workload, NAMESPACE/NAME")
    private String to = "";

    @Option(names = "--port", required = true, paramLabel = "PORT", description = "its pods' TCP port")
    private int port;

    /** Prints the answer; the exit code is that of a claim. */
    int answer(Snapshot snapshot, PrintWriter out) {
        List<Path> others;
        try {
            others = Paths.of(snapshot, Options.DEFAULT).othersThanMayReach(to, port, only);
        } catch (IllegalArgumentException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
        boolean violated = others.stream().anyMatch(Path::reaches);
        String verdict = others.isEmpty() ? "proven" : violated ? "violated" : "unknown";
        out.println(verdict + ": only " + String.join(", ", only) + " reaches " + to + " on TCP " + port);
        for (Path other : others) {
            if (other.reaches() || !violated) {
                ExplainCommand.print(other, out);
            }
        }
        out.println(
                "left aside: the node a pod runs on, its own loopback, and pods that somebody could make; verify judges these");
        out.flush();
        return others.isEmpty() ? ExitCode.PROVEN : violated ? ExitCode.VIOLATED : ExitCode.UNKNOWN;
    }
}
