package io.zta.verify.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Evidence;
import io.zta.finding.Verdict;
import io.zta.snapshot.Snapshot;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Whether allowed traffic still works in the record's case: with its own manifests it does not. */
class RecordTrafficTest {
    private static final Path CASE =
            Path.of("").toAbsolutePath().resolve("../examples/record").normalize();
    private static final Posture POSTURE = Posture.read(CASE.resolve("posture.yaml"));

    private static ClaimResult examine(String phase) {
        return LegitimateTraffic.examine(POSTURE, Snapshot.of(CASE.resolve(phase)))
                .get(0);
    }

    @Test
    void the_posture_lets_the_gateway_in() {
        assertThat(examine("posture").verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(examine("posture").covered()).isGreaterThanOrEqualTo(6);
    }

    @Test
    void the_records_manifests_cut_the_gateway_off_by_their_network_policy() {
        Verdict verdict = examine("record-manifests").verdict();
        assertThat(verdict).isInstanceOf(Verdict.Violated.class);
        assertThat(((Verdict.Violated) verdict).findings())
                .allSatisfy(finding -> assertThat(finding.id()).isEqualTo("ZTA-NET-040"))
                .flatExtracting(finding -> finding.evidence())
                .extracting(Evidence::object)
                .contains("NetworkPolicy default/deny-direct-access");
    }
}
