package io.zta.verify.watch;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Verdict;
import io.zta.verify.Report;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Meters of a watch, for Prometheus or whatever the registry writes to. Needs {@code micrometer-core} on the class path.
 *
 * <ul>
 *   <li>{@code zta.claim} with tags {@code posture}, {@code namespace}, {@code claim}, {@code verdict}: 1 for the verdict
 *       that the claim has, 0 for the others; of several results of a claim the worst counts (violated, unknown, proven)
 *   <li>{@code zta.findings} with {@code posture}: findings of the last verification
 *   <li>{@code zta.watch.current}: 1 while every watch is up
 *   <li>{@code zta.verification.last}: when the last verification began, in seconds since 1970
 *   <li>{@code zta.verification}: a timer of verifications
 *   <li>{@code zta.watch.errors}: a counter of what failed
 * </ul>
 */
public final class WatchMetrics implements WatchListener {
    private static final List<String> VERDICTS = List.of("proven", "violated", "unknown");

    private record Key(String posture, String namespace, Claim claim, String verdict) {}

    private final MeterRegistry registry;
    private final Timer timer;
    private final Counter errors;
    /** Strongly held: a registry holds what its gauges read weakly. */
    private final Map<Key, Double> claims = new ConcurrentHashMap<>();

    private final Map<String, Double> findings = new ConcurrentHashMap<>();
    private volatile double last;
    private volatile double current;

    private WatchMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.timer = Timer.builder("zta.verification")
                .description("verifications of all postures")
                .register(registry);
        this.errors = Counter.builder("zta.watch.errors")
                .description("reads, watches, verifications and listeners that failed")
                .register(registry);
        Gauge.builder("zta.verification.last", this, metrics -> metrics.last)
                .description("when the last verification began")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
        Gauge.builder("zta.watch.current", this, metrics -> metrics.current)
                .description("1 while every watch is up")
                .strongReference(true)
                .register(registry);
    }

    /** Registers the meters; give the result to the watcher as a listener. */
    public static WatchMetrics of(MeterRegistry registry) {
        return new WatchMetrics(registry);
    }

    @Override
    public void verified(Verified verified) {
        current = verified.current() ? 1 : 0;
        last = verified.at().toEpochMilli() / 1000.0;
        timer.record(verified.took());
        Set<Key> seen = new LinkedHashSet<>();
        verified.reports().forEach(report -> record(report, seen));
        claims.replaceAll((key, value) -> seen.contains(key) ? 1.0 : 0.0);
    }

    private void record(Report report, Set<Key> seen) {
        Posture posture = report.posture();
        String namespaces = String.join(",", posture.namespaces());
        for (Claim claim : Claim.values()) {
            List<Verdict> verdicts = report.claims().stream()
                    .filter(result -> result.claim() == claim)
                    .map(ClaimResult::verdict)
                    .toList();
            if (verdicts.isEmpty()) {
                continue;
            }
            for (String verdict : VERDICTS) {
                Key key = new Key(posture.id(), namespaces, claim, verdict);
                if (claims.putIfAbsent(key, 0.0) == null) {
                    Gauge.builder("zta.claim", claims, all -> all.getOrDefault(key, 0.0))
                            .description("1 for the verdict that a claim has")
                            .tag("posture", key.posture())
                            .tag("namespace", key.namespace())
                            .tag("claim", claim.id())
                            .tag("verdict", verdict)
                            .strongReference(true)
                            .register(registry);
                }
            }
            seen.add(new Key(posture.id(), namespaces, claim, worst(verdicts)));
        }
        if (findings.put(posture.id(), (double) report.findings().size()) == null) {
            Gauge.builder("zta.findings", findings, all -> all.getOrDefault(posture.id(), 0.0))
                    .description("findings of the last verification")
                    .tag("posture", posture.id())
                    .strongReference(true)
                    .register(registry);
        }
    }

    private static String worst(List<Verdict> verdicts) {
        if (verdicts.stream().anyMatch(Verdict.Violated.class::isInstance)) {
            return "violated";
        }
        return verdicts.stream().allMatch(Verdict.Proven.class::isInstance) ? "proven" : "unknown";
    }

    @Override
    public void failed(String what) {
        errors.increment();
    }
}
