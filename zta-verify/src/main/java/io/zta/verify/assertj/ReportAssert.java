package io.zta.verify.assertj;

import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.verify.Report;
import io.zta.verify.render.Dossier;
import io.zta.verify.render.Format;
import java.util.List;
import org.assertj.core.api.AbstractAssert;

/** Asserts on the report of a verification. */
public final class ReportAssert extends AbstractAssert<ReportAssert, Report> {
    ReportAssert(Report actual) {
        super(actual, ReportAssert.class);
    }

    /** Verifies that every claim is proven. */
    public ReportAssert isProven() {
        isNotNull();
        if (actual.outcome() != Report.Outcome.PROVEN) {
            fail("expected every claim to be proven, but:\n");
        }
        return this;
    }

    /** Verifies that no claim is violated; one that is not known passes. */
    public ReportAssert isNotViolated() {
        isNotNull();
        if (actual.outcome() == Report.Outcome.VIOLATED) {
            fail("expected no claim to be violated, but:\n");
        }
        return this;
    }

    /** Verifies that a claim was made, and is proven wherever it was. */
    public ReportAssert proves(Claim claim) {
        isNotNull();
        List<ClaimResult> results = actual.claims().stream()
                .filter(result -> result.claim() == claim)
                .toList();
        if (results.isEmpty() || !results.stream().allMatch(result -> result.verdict() instanceof Verdict.Proven)) {
            fail("expected claim " + claim.id() + " to be proven, but:\n");
        }
        return this;
    }

    /**
     * Verifies that there is a finding of that id.
     *
     * @param id such as {@code ZTA-NET-001}
     */
    public ReportAssert hasFinding(String id) {
        isNotNull();
        if (actual.findings().stream().map(Finding::id).noneMatch(id::equals)) {
            fail("expected a finding " + id + ", but:\n");
        }
        return this;
    }

    private void fail(String expected) {
        failWithMessage("%s", expected + Format.TEXT.render(Dossier.of(actual)));
    }
}
