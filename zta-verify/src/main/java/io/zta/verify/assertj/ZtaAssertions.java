package io.zta.verify.assertj;

import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;

/**
 * Entry point for tests, to be imported statically.
 *
 * <pre>{@code
 * Snapshot cluster = Snapshot.of(Path.of("manifests/"));
 * assertThat(cluster).satisfies(posture);
 * assertThat(cluster).namespace("shop").isReachableOnlyFrom(Gateway.istio()).nobodyCanExecExcept("oncall");
 * }</pre>
 *
 * <p>What could not be read or evaluated fails: an assertion passes only on what is proven.
 */
public final class ZtaAssertions {
    private ZtaAssertions() {}

    /** Asserts on a cluster as its manifests, or a live read of it, show it. */
    public static SnapshotAssert assertThat(Snapshot actual) {
        return new SnapshotAssert(actual);
    }

    /** Asserts on a verification that was run already. */
    public static ReportAssert assertThat(Report actual) {
        return new ReportAssert(actual);
    }
}
