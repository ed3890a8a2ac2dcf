package io.zta.verify.cli;

import static io.zta.verify.cli.CommandLineRun.zta;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code zta explain}: a claim and what it hangs on, a connection and what would stop it. */
final class ExplainTest {
    private static final Path RECORD = Path.of("../examples/record");
    private static final Path POSTURE = RECORD.resolve("posture.yaml");

    @Test
    void a_proven_claim_names_what_it_hangs_on() {
        CommandLineRun run = zta("explain", "--snapshot", RECORD.resolve("posture"), "--posture", POSTURE, "plaintext");

        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .startsWith("plaintext, namespace default: proven ")
                .endsWith("""
                what would change it
                  plaintext, namespace default: proven
                    violated, by this alone:
                      - remove spec.mtls.mode of PeerAuthentication default/zta-strict-mtls
                        (../examples/record/posture/zta.yaml:108)
                        then: ZTA-MESH-001 Pod default/catalog-54b594f75c-cfsjc leaves TCP 8080
                          of default/catalog-54b594f75c-cfsjc permissive, so it takes plaintext
                """);
    }

    @Test
    void a_violated_claim_shows_its_findings_and_what_closes_it() {
        CommandLineRun run =
                zta("explain", "--snapshot", RECORD.resolve("phase-0"), "--posture", POSTURE, "direct-access");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .contains("ZTA-NET-001 error Pod default/")
                .contains("proven, by this alone:\n      - apply NetworkPolicy default/zta-allow-gateway\n");
    }

    @Test
    void a_connection_ends_with_what_would_stop_it() {
        CommandLineRun run = zta(
                "explain",
                "--snapshot",
                RECORD.resolve("posture"),
                "istio-system/istio-ingressgateway",
                "default/orders",
                "8080");

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("""
                    stopped, by this alone:
                      - remove spec.ingress[0] of NetworkPolicy default/zta-allow-gateway
                        (../examples/record/posture/zta.yaml:15)
                """);
    }

    @Test
    void a_claim_that_is_none_or_is_not_made_is_said() {
        CommandLineRun none = zta("explain", "--snapshot", RECORD.resolve("posture"), "--posture", POSTURE, "speed");
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("There is no claim speed. Claims are direct-access, plaintext, ");

        CommandLineRun unasked =
                zta("explain", "--snapshot", RECORD.resolve("posture"), "--posture", POSTURE, "egress");
        assertThat(unasked.code()).isEqualTo(2);
        assertThat(unasked.err()).contains("The posture makes no claim egress");

        CommandLineRun half = zta("explain", "--snapshot", RECORD.resolve("posture"), "tools/debug");
        assertThat(half.code()).isEqualTo(2);
        assertThat(half.err()).contains("Give FROM TO PORT, or exec SUBJECT NAMESPACE[/POD], or --posture FILE CLAIM.");
    }

    @Test
    void verify_lists_what_would_change_each_verdict_where_it_is_asked_to() {
        CommandLineRun plain = zta("verify", "--snapshot", RECORD.resolve("posture"), "--posture", POSTURE);
        CommandLineRun run = zta(
                "verify", "--snapshot", RECORD.resolve("posture"), "--posture", POSTURE, "--what-if", "-o", "markdown");

        assertThat(plain.out()).doesNotContain("What would change it");
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("### What would change it")
                .contains("- container-entry, default: proven\n  - no edit that was tried changes it")
                .contains("`remove spec.mtls.mode of PeerAuthentication default/zta-strict-mtls"
                        + " (../examples/record/posture/zta.yaml:108)`");
    }
}
