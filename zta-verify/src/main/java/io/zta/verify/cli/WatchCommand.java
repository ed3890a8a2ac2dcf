package io.zta.verify.cli;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.verify.Report;
import io.zta.verify.watch.ClaimChange;
import io.zta.verify.watch.Verified;
import io.zta.verify.watch.WatchListener;
import io.zta.verify.watch.Watcher;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zta watch}: verifies again whenever the cluster changes. */
@Command(
        name = "watch",
        description =
                "Verifies a posture whenever the cluster changes, and prints a line for each claim that does. A"
                        + " watch that is lost makes Unknown of what was proven. Ends with the exit code of the last verification.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  zta watch --posture posture.yaml --kubeconfig ~/.kube/config",
            "  zta watch --posture posture.yaml --for 10m"
        })
final class WatchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--posture", paramLabel = "FILE", required = true, description = "a file with one ZeroTrustPosture")
    private Path posture = Path.of("posture.yaml");

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            description = "ends after that long, such as 90s, 10m or PT1H; watches until interrupted where left out")
    private Optional<String> limit = Optional.empty();

    @Option(
            names = "--silence",
            paramLabel = "DURATION",
            description = "how long a watch whose connection was cut without a word may go unnoticed, at least 11s;"
                    + " 30s unless given")
    private Optional<String> silence = Optional.empty();

    @Override
    public Integer call() throws InterruptedException {
        Posture read = Posture.read(posture);
        Optional<Duration> length = limit.map(text -> duration("--for", text));
        Watcher.Timing timing = timing();
        Lines lines = new Lines(spec.commandLine().getOut(), spec.commandLine().getErr());
        try (KubernetesClient client = cluster.client()) {
            Watcher watcher = Watcher.start(List.of(read), client, timing, Clock.systemUTC(), lines);
            try {
                if (length.isPresent()) {
                    TimeUnit.MILLISECONDS.sleep(length.get().toMillis());
                } else {
                    new CountDownLatch(1).await(); // until the process is interrupted
                }
            } finally {
                watcher.close();
            }
        }
        return ExitCode.of(lines.outcome);
    }

    private Watcher.Timing timing() {
        Watcher.Timing usual = Watcher.Timing.usual();
        try {
            return silence.map(text -> usual.withSilence(duration("--silence", text)))
                    .orElse(usual);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--" + e.getMessage());
        }
    }

    private static Duration duration(String option, String text) {
        try {
            Duration length = Duration.parse(text.startsWith("P") ? text : "PT" + text.toUpperCase(Locale.ROOT));
            if (length.isNegative() || length.isZero()) {
                throw new UsageException(option + " " + text + " is not a length of time; say 90s, 10m or PT1H.");
            }
            return length;
        } catch (DateTimeParseException e) {
            throw new UsageException(option + " " + text + " is no duration; say 90s, 10m or PT1H.");
        }
    }

    /** Prints as it hears. */
    private static final class Lines implements WatchListener {
        private final PrintWriter out;
        private final PrintWriter err;
        private volatile Report.Outcome outcome = Report.Outcome.UNKNOWN;

        Lines(PrintWriter out, PrintWriter err) {
            this.out = out;
            this.err = err;
        }

        @Override
        public void verified(Verified verified) {
            outcome = verified.reports().get(0).outcome();
        }

        @Override
        public void changed(ClaimChange change) {
            out.print(change.at() + " " + change.toText() + "\n");
            out.flush();
        }

        @Override
        public void failed(String what) {
            err.print("zta: " + what + "\n");
            err.flush();
        }
    }
}
