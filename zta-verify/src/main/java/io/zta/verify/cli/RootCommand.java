package io.zta.verify.cli;

import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code zta} itself: options of all commands, and help. */
@Command(
        name = "zta",
        synopsisHeading = "Usage: ",
        description = "Closes every way around an Istio sidecar, and proves it.",
        mixinStandardHelpOptions = true,
        versionProvider = RootCommand.Version.class,
        scope = ScopeType.INHERIT,
        sortOptions = false,
        usageHelpAutoWidth = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:proven, or done",
            "1:something is violated",
            "2:wrong usage, an unreadable posture, or a path that is not there",
            "3:nothing is violated, and something is unknown"
        })
final class RootCommand implements Runnable {
    /** The network plugins whose way with policies is known. */
    enum Cni {
        CILIUM,
        CALICO,
        OTHER;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--cni",
            paramLabel = "CNI",
            scope = ScopeType.INHERIT,
            description = "the network plugin that enforces policies: ${COMPLETION-CANDIDATES}. A snapshot cannot show"
                    + " it, and some answers are unknown without it")
    private Optional<Cni> cni = Optional.empty();

    /** The network plugin, where the caller named it. */
    Optional<Cni> cni() {
        return cni;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Which command?");
    }

    /** Reads the version that the build wrote into the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = RootCommand.class.getPackage().getImplementationVersion();
            return new String[] {"zta " + (version == null ? "(not packaged)" : version)};
        }
    }
}
