package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Difference;
import io.zta.verify.ImpliedPostures;
import io.zta.verify.PostureDifference;
import io.zta.verify.Verifier;
import io.zta.verify.render.DifferenceReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zta diff}: what opens and what closes between two snapshots, or two postures. */
@Command(
        name = "diff",
        description = "Shows which connections, rights to get into containers and findings open and close from one"
                + " snapshot to another. Findings are those of the posture given, or of what OLD itself claims to"
                + " protect. Of two postures: what opens and closes when NEW takes the place of OLD, in the cluster of"
                + " --snapshot or else among the workloads they name.",
        exitCodeList = {
            "0:nothing that --fail-on names changes: no way opens and no claim is dropped, unless told otherwise",
            "1:something of it does",
            "2:wrong usage, an unreadable posture, or a path that is not there",
            "3:nothing of it is seen to change, and part of NEW could not be read"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta diff main/ change/",
            "  zta diff main/ change/ -o markdown > comment.md",
            "  zta diff --posture posture.yaml --fail-on any before/ after/",
            "  zta diff posture-main.yaml posture.yaml --snapshot cluster/"
        })
final class DiffCommand implements Callable<Integer> {
    /** Forms of the answer. */
    enum Form {
        TEXT,
        JSON,
        MARKDOWN;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What makes the command fail. */
    enum Policy {
        OPENS,
        ANY,
        NEVER;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "OLD",
            description = "the earlier snapshot, a file or directory; or a posture's file")
    private Path old = Path.of("");

    @Parameters(index = "1", paramLabel = "NEW", description = "the later one")
    private Path now = Path.of("");

    @Option(names = "--posture", paramLabel = "FILE", description = "a file with one ZeroTrustPosture that is to hold")
    private Optional<Path> posture = Optional.empty();

    @Option(names = "--snapshot", paramLabel = "PATH", description = "the cluster that two postures are compared in")
    private Optional<Path> snapshot = Optional.empty();

    @Option(
            names = "--fail-on",
            paramLabel = "WHAT",
            defaultValue = "opens",
            description = "exit with 1 when something opens, when anything changes, or not at all:"
                    + " ${COMPLETION-CANDIDATES}; opens unless given")
    private Policy policy = Policy.OPENS;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "${COMPLETION-CANDIDATES}; text unless given")
    private Form form = Form.TEXT;

    @Override
    public Integer call() {
        boolean fromPosture = PosturePath.isPosture(old);
        if (fromPosture != PosturePath.isPosture(now)) {
            throw new UsageException((fromPosture ? old : now) + " is a posture and " + (fromPosture ? now : old)
                    + " is a snapshot. Give two snapshots or two postures; whether a snapshot holds to a posture is what"
                    + " `zta verify --posture FILE --snapshot PATH` says.");
        }
        return fromPosture ? postures() : snapshots();
    }

    private int postures() {
        if (posture.isPresent()) {
            throw new UsageException("--posture is for two snapshots; two postures are compared with each other, in the"
                    + " cluster of --snapshot PATH where one is given.");
        }
        Posture before = Posture.read(old);
        Posture after = Posture.read(now);
        Progress.say("comparing");
        PostureDifference difference = snapshot.map(SnapshotPath::read)
                .map(cluster -> Verifier.compare(before, after, cluster))
                .orElseGet(() -> Verifier.compare(before, after));
        print(
                switch (form) {
                    case TEXT -> DifferenceReport.text(difference);
                    case JSON -> DifferenceReport.json(difference);
                    case MARKDOWN -> DifferenceReport.markdown(difference);
                });
        return exit(difference.opensNothing(), difference.isEmpty(), difference.ways());
    }

    private int snapshots() {
        if (snapshot.isPresent()) {
            throw new UsageException("--snapshot is for two postures; OLD and NEW are snapshots already.");
        }
        Optional<Posture> given = posture.map(Posture::read);
        Snapshot before = SnapshotPath.read(old);
        Snapshot after = SnapshotPath.read(now);
        List<Posture> postures = given.map(List::of).orElseGet(() -> ImpliedPostures.of(before));
        Progress.say("comparing");
        Difference difference = Verifier.compare(postures, before, after);
        print(
                switch (form) {
                    case TEXT -> DifferenceReport.text(difference);
                    case JSON -> DifferenceReport.json(difference);
                    case MARKDOWN -> DifferenceReport.markdown(difference);
                });
        return exit(difference.opensNothing(), difference.isEmpty(), difference);
    }

    private void print(String text) {
        spec.commandLine().getOut().print(text);
        spec.commandLine().getOut().flush();
    }

    private int exit(boolean opensNothing, boolean same, Difference ways) {
        boolean fails = switch (policy) {
            case OPENS -> !opensNothing;
            case ANY -> !same;
            case NEVER -> false;
        };
        if (fails) {
            return ExitCode.VIOLATED;
        }
        return policy == Policy.NEVER || ways.doubts().isEmpty() ? ExitCode.PROVEN : ExitCode.UNKNOWN;
    }
}
