package io.zta.verify.assertj;

import io.zta.Posture;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Difference;
import io.zta.verify.Verifier;
import io.zta.verify.render.DifferenceReport;
import java.util.List;
import org.assertj.core.api.AbstractAssert;

/** Asserts on a snapshot of a cluster. */
public final class SnapshotAssert extends AbstractAssert<SnapshotAssert, Snapshot> {
    SnapshotAssert(Snapshot actual) {
        super(actual, SnapshotAssert.class);
    }

    /**
     * Verifies that every claim of a posture is proven.
     *
     * @throws AssertionError if a claim is violated or unknown; the message is the report, ways in included
     */
    public SnapshotAssert satisfies(Posture posture) {
        isNotNull();
        new ReportAssert(Verifier.verify(posture, actual)).as(descriptionText()).isProven();
        return this;
    }

    /**
     * Verifies that no claim of a posture is violated. A claim that is not known passes, so use it only where
     * {@link #satisfies(Posture)} cannot: on part of a cluster.
     *
     * @throws AssertionError if a claim is violated
     */
    public SnapshotAssert doesNotViolate(Posture posture) {
        isNotNull();
        new ReportAssert(Verifier.verify(posture, actual)).as(descriptionText()).isNotViolated();
        return this;
    }

    /**
     * Verifies that nothing is open here that was not open before: no flow, no right to get into containers, no finding
     * of the postures.
     *
     * @throws AssertionError if something opens, or part of this snapshot could not be read
     */
    public SnapshotAssert opensNothingSince(Snapshot before, Posture... postures) {
        isNotNull();
        Difference difference = Verifier.compare(List.of(postures), before, actual);
        if (!difference.opensNothing() || !difference.doubts().isEmpty()) {
            failWithMessage("%s", "expected nothing to open, but:\n" + DifferenceReport.text(difference));
        }
        return this;
    }

    /** Goes on to one namespace. */
    public NamespaceAssert namespace(String name) {
        isNotNull();
        return new NamespaceAssert(actual, name).as(descriptionText());
    }
}
