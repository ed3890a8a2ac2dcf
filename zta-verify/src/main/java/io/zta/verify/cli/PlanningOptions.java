package io.zta.verify.cli;

import io.zta.Posture;
import io.zta.intent.Phase;
import io.zta.verify.apply.PlanOptions;
import io.zta.verify.apply.ProxyMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the caller of a plan decides by name. */
final class PlanningOptions {
    @Option(names = "--posture", paramLabel = "FILE", description = "a file with one ZeroTrustPosture")
    private Optional<Path> posture = Optional.empty();

    @Option(
            names = "--phase",
            paramLabel = "PHASE",
            description = "how far: observe, network, mesh, api, audit, or 0 to 4")
    private Optional<String> phase = Optional.empty();

    @Option(names = "--override", paramLabel = "GATE", description = "passes over a gate by its id, such as APPLY-03")
    private List<String> overrides = new ArrayList<>();

    @Option(
            names = "--force",
            paramLabel = "OBJECT",
            description = "takes an object over from other field managers, as the plan names it: \"Namespace shop\"")
    private List<String> forced = new ArrayList<>();

    @Option(names = "--give-up", paramLabel = "NAME", description = "gives up a flow or a subject, as a gate prints it")
    private List<String> givenUp = new ArrayList<>();

    @Option(names = "--skip-phase", paramLabel = "PHASE", description = "leaves a phase out")
    private List<String> skipped = new ArrayList<>();

    @Option(names = "--hold-at-warn", description = "stops admission at Warn and Audit")
    private boolean holdAtWarn;

    @Option(names = "--audit-log", paramLabel = "FILE", description = "the API server's audit log, JSON lines")
    private Optional<Path> auditLog = Optional.empty();

    @Option(
            names = "--proxy-metrics",
            paramLabel = "FILE",
            description = "a scrape of the proxies, in Prometheus' text format")
    private Optional<Path> metrics = Optional.empty();

    @Option(
            names = "--proxy-metrics-since",
            paramLabel = "FILE",
            description = "an earlier scrape: only what was counted since is looked at")
    private Optional<Path> metricsSince = Optional.empty();

    /** Whether anything was decided here, which a plan that was reviewed decides itself. */
    boolean given() {
        return posture.isPresent()
                || phase.isPresent()
                || holdAtWarn
                || auditLog.isPresent()
                || metrics.isPresent()
                || metricsSince.isPresent()
                || !(overrides.isEmpty() && forced.isEmpty() && givenUp.isEmpty() && skipped.isEmpty());
    }

    Posture posture() {
        Posture read = Posture.read(
                posture.orElseThrow(() -> new UsageException("What is to hold? Name it: --posture FILE.")));
        return phase.map(name -> read.upTo(phase(name))).orElse(read);
    }

    PlanOptions options() {
        PlanOptions options = PlanOptions.none();
        for (String gate : overrides) {
            options = options.overriding(gate);
        }
        for (String object : forced) {
            options = options.forcing(oneLine(object));
        }
        for (String name : givenUp) {
            options = options.givingUp(oneLine(name));
        }
        for (String name : skipped) {
            options = options.skipping(phase(name));
        }
        if (holdAtWarn) {
            options = options.holdingAtWarn();
        }
        if (auditLog.isPresent()) {
            options = options.withAuditLog(auditLog.get());
        }
        if (metrics.isPresent()) {
            String window = metricsSince
                    .map(file -> file + " to " + metrics.get())
                    .orElse(metrics.get().toString());
            options = options.withProxyMetrics(ProxyMetrics.between(
                    window, metricsSince.map(PlanningOptions::text).orElse(""), text(metrics.get())));
        }
        return options;
    }

    /** A name as it was printed, over several lines where it was long. */
    private static String oneLine(String name) {
        return name.strip().replaceAll("\\s+", " ");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("the scrape " + file + " can't be read", e);
        }
    }

    static Phase phase(String name) {
        for (Phase candidate : Phase.values()) {
            if (candidate.key().equals(name.toLowerCase(Locale.ROOT))
                    || name.equals(String.valueOf(candidate.number()))) {
                return candidate;
            }
        }
        throw new ClusterOptions.IllegalCallException(
                "\"" + name + "\" is no phase: observe, network, mesh, api or audit, or 0 to 4.");
    }
}
