package io.zta.verify.apply;

import io.zta.intent.Phase;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What the caller of a plan decides by name. Immutable; start at {@link #none()}. */
public final class PlanOptions {
    private static final PlanOptions NONE =
            new PlanOptions(Set.of(), Set.of(), Set.of(), Set.of(), false, Optional.empty(), Optional.empty());

    private final Set<String> overrides;
    private final Set<String> forced;
    private final Set<String> givenUp;
    private final Set<Phase> skipped;
    private final boolean holdAtWarn;
    private final Optional<Path> auditLog;
    private final Optional<ProxyMetrics> proxyMetrics;

    private PlanOptions(
            Set<String> overrides,
            Set<String> forced,
            Set<String> givenUp,
            Set<Phase> skipped,
            boolean holdAtWarn,
            Optional<Path> auditLog,
            Optional<ProxyMetrics> proxyMetrics) {
        this.overrides = Collections.unmodifiableSet(new TreeSet<>(overrides));
        this.forced = Collections.unmodifiableSet(new TreeSet<>(forced));
        this.givenUp = Collections.unmodifiableSet(new TreeSet<>(givenUp));
        this.skipped = Collections.unmodifiableSet(new TreeSet<>(skipped));
        this.holdAtWarn = holdAtWarn;
        this.auditLog = auditLog;
        this.proxyMetrics = proxyMetrics;
    }

    /** Nothing is overridden, forced, given up or skipped. */
    public static PlanOptions none() {
        return NONE;
    }

    private static <T> Set<T> plus(Set<T> set, T more) {
        Set<T> all = new TreeSet<>(set);
        all.add(more);
        return all;
    }

    /** Passes over a gate, by its id, such as {@code APPLY-03}. */
    public PlanOptions overriding(String gate) {
        return new PlanOptions(plus(overrides, gate), forced, givenUp, skipped, holdAtWarn, auditLog, proxyMetrics);
    }

    /** Takes an object over from other field managers; {@code "Namespace shop"}, as the plan names it. */
    public PlanOptions forcing(String object) {
        return new PlanOptions(overrides, plus(forced, object), givenUp, skipped, holdAtWarn, auditLog, proxyMetrics);
    }

    /** Gives up a flow, a client or a subject's entry that the plan ends, by the name that its gate prints. */
    public PlanOptions givingUp(String name) {
        return new PlanOptions(overrides, forced, plus(givenUp, name), skipped, holdAtWarn, auditLog, proxyMetrics);
    }

    /** Leaves a phase out, whose objects are then neither written nor removed. */
    public PlanOptions skipping(Phase phase) {
        return new PlanOptions(overrides, forced, givenUp, plus(skipped, phase), holdAtWarn, auditLog, proxyMetrics);
    }

    /** Stops admission at Warn and Audit, so that the warnings of some days can be read before it denies. */
    public PlanOptions holdingAtWarn() {
        return new PlanOptions(overrides, forced, givenUp, skipped, true, auditLog, proxyMetrics);
    }

    /** Reads the API server's audit log, JSON lines, for warnings and for who enters containers now. */
    public PlanOptions withAuditLog(Path file) {
        return new PlanOptions(overrides, forced, givenUp, skipped, holdAtWarn, Optional.of(file), proxyMetrics);
    }

    /** Judges by what the proxies counted in a window that the caller chose. */
    public PlanOptions withProxyMetrics(ProxyMetrics metrics) {
        return new PlanOptions(overrides, forced, givenUp, skipped, holdAtWarn, auditLog, Optional.of(metrics));
    }

    /** Ids of gates passed over, sorted. */
    public Set<String> overrides() {
        return overrides;
    }

    /** Objects taken over, sorted. */
    public Set<String> forced() {
        return forced;
    }

    /** Names given up, sorted. */
    public Set<String> givenUp() {
        return givenUp;
    }

    /** Phases left out. */
    public Set<Phase> skipped() {
        return skipped;
    }

    /** Whether admission stops at Warn and Audit. */
    public boolean holdAtWarn() {
        return holdAtWarn;
    }

    /** The audit log. */
    public Optional<Path> auditLog() {
        return auditLog;
    }

    /** What the proxies counted. */
    public Optional<ProxyMetrics> proxyMetrics() {
        return proxyMetrics;
    }
}
