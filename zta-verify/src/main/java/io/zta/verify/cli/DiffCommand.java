package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Difference;
import io.zta.verify.ImpliedPostures;
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

/** {@code zta diff}: what opens and what closes between two snapshots. */
@Command(
        name = "diff",
        description = "Shows which connections, rights to get into containers and findings open and close from one"
                + " snapshot to another. Findings are those of the posture given, or of what OLD itself claims to"
                + " protect.",
        exitCodeList = {
            "0:nothing that --fail-on names changes",
            "1:something of it does",
            "2:wrong usage, an unreadable posture, or a path that is not there",
            "3:nothing of it is seen to change, and part of NEW could not be read"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta diff main/ change/",
            "  zta diff main/ change/ -o markdown > comment.md",
            "  zta diff --posture posture.yaml --fail-on any before/ after/"
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

    @Parameters(index = "0", paramLabel = "OLD", description = "the earlier snapshot: a file or directory")
    private Path old = Path.of("");

    @Parameters(index = "1", paramLabel = "NEW", description = "the later one")
    private Path now = Path.of("");

    @Option(names = "--posture", paramLabel = "FILE", description = "a file with one ZeroTrustPosture that is to hold")
    private Optional<Path> posture = Optional.empty();

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
        Optional<Posture> given = posture.map(Posture::read);
        Snapshot before = SnapshotPath.read(old);
        Snapshot after = SnapshotPath.read(now);
        List<Posture> postures = given.map(List::of).orElseGet(() -> ImpliedPostures.of(before));
        Progress.say("comparing");
        Difference difference = Verifier.compare(postures, before, after);
        spec.commandLine()
                .getOut()
                .print(
                        switch (form) {
                            case TEXT -> DifferenceReport.text(difference);
                            case JSON -> DifferenceReport.json(difference);
                            case MARKDOWN -> DifferenceReport.markdown(difference);
                        });
        boolean fails = switch (policy) {
            case OPENS -> !difference.opensNothing();
            case ANY -> !difference.isEmpty();
            case NEVER -> false;
        };
        if (fails) {
            return ExitCode.VIOLATED;
        }
        return policy == Policy.NEVER || difference.doubts().isEmpty() ? ExitCode.PROVEN : ExitCode.UNKNOWN;
    }
}
