package io.zta.verify.cli;

import io.zta.snapshot.Snapshot;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Where a command reads the cluster from. */
final class SnapshotOptions {
    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    /** One of the two. */
    static final class Source {
        @Option(
                names = "--snapshot",
                paramLabel = "PATH",
                required = true,
                description = "a file or directory of YAML or JSON, kubectl's lists included, searched recursively")
        private Optional<Path> path = Optional.empty();

        @Option(
                names = "--kubeconfig",
                paramLabel = "FILE",
                required = true,
                description = "the live cluster of a kubeconfig's current context; reads, writes nothing")
        private Optional<Path> kubeconfig = Optional.empty();
    }

    Snapshot read() {
        if (source.kubeconfig.isPresent()) {
            return LiveCluster.read(source.kubeconfig.get());
        }
        Path path = source.path.orElseThrow(() -> new UsageException("Give --snapshot PATH or --kubeconfig FILE."));
        return SnapshotPath.read(path);
    }
}
