package io.zta.verify.render;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.snapshot.Damage;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reports to be written: one of each kind, and those of the bundled clusters. */
final class Cases {
    static final Path RECORD = Path.of("../examples/record");
    /** Text that would be markup in one of the formats. */
    static final String NASTY =
            "<script>alert(1)</script> & \"quoted\" `code` | pipe ]]> 'x' \u2028 \u0007 *b* @who #1";

    private Cases() {}

    static Posture posture() {
        return Posture.read(RECORD.resolve("posture.yaml"));
    }

    /** A bundled cluster, as {@code zta verify} sees it. */
    static Dossier record(String name) {
        Snapshot snapshot = Snapshot.of(RECORD.resolve(name));
        return Dossier.of(Verifier.verify(posture(), snapshot)).with(FlowMap.of(snapshot, List.of(posture())));
    }

    static Finding finding(String id, Severity severity, String object, String title, Origin origin) {
        Evidence evidence = new Evidence(object, "spec.ingress[0].from[1]", "{}", origin);
        return new Finding(
                id,
                severity,
                "NET-direct",
                object,
                title,
                List.of(evidence),
                List.of(Hop.of("tools/debug connects to default/orders TCP 8080"), Hop.of("enters", evidence)),
                "narrow the peer",
                "NET-07");
    }

    /** One claim of each verdict, findings of each severity out of order, a damage, and text that tries to be markup. */
    static Dossier everything() {
        Origin place = new Origin("cluster/shop policies.yaml", 12, 5);
        Finding warning =
                finding("ZTA-NET-002", Severity.WARNING, "NetworkPolicy default/b", "holds by a label", place);
        Finding error = finding("ZTA-NET-001", Severity.ERROR, "NetworkPolicy default/a", "is open: " + NASTY, place);
        Finding nowhere = finding(
                "ZTA-MESH-001", Severity.ERROR, "PeerAuthentication default/default", "is missing", Origin.MEMORY);
        ClaimResult direct = ClaimResult.collect(Claim.DIRECT_ACCESS, "namespace default")
                .cover(3)
                .violatedBy(warning)
                .violatedBy(error)
                .assume("The network plugin enforces NetworkPolicies")
                .result();
        ClaimResult plaintext = ClaimResult.collect(Claim.PLAINTEXT, "namespace default")
                .cover(1)
                .violatedBy(nowhere)
                .result();
        ClaimResult entry = ClaimResult.collect(Claim.CONTAINER_ENTRY, "namespace default")
                .cover(1)
                .doubt(new Doubt("a webhook decides: " + NASTY, "name its rules", place))
                .result();
        ClaimResult recorded = ClaimResult.collect(Claim.RECORDED, "namespace default")
                .cover(1)
                .because("every exec is logged")
                .result();
        Finding note = finding("ZTA-OPS-001", Severity.NOTE, "RoleBinding default/c", "has expired", place);
        Report report = new Report(
                posture(),
                List.of(direct, plaintext, entry, recorded),
                List.of(note),
                List.of(new Damage(new Origin("cluster/broken.yaml", 3, 1), "a tab indents", "use spaces")),
                List.of("system:masters"),
                List.of("loopback"),
                Map.of(GroupKind.POD, 3));
        Map<Claim, Origin> asked = Map.of(Claim.PLAINTEXT, new Origin("posture.yaml", 7, 3));
        return new Dossier(List.of(report), Optional.empty(), asked, List.of());
    }

    /** One violated claim. */
    static Dossier of(List<Finding> findings) {
        ClaimResult.Collector direct =
                ClaimResult.collect(Claim.DIRECT_ACCESS, "namespace default").cover(1);
        findings.forEach(direct::violatedBy);
        return Dossier.of(
                new Report(posture(), List.of(direct.result()), List.of(), List.of(), List.of(), List.of(), Map.of()));
    }

    /** All claims proven. */
    static Dossier healthy() {
        List<ClaimResult> claims = java.util.Arrays.stream(Claim.values())
                .map(claim -> ClaimResult.collect(claim, "namespace default")
                        .cover(4)
                        .because("it holds")
                        .assume("The network plugin enforces NetworkPolicies")
                        .result())
                .toList();
        return Dossier.of(new Report(
                posture(),
                claims,
                List.of(),
                List.of(),
                io.zta.verify.proof.TrustedBase.of(posture()),
                io.zta.verify.proof.TrustedBase.exceptions(posture()),
                Map.of(GroupKind.POD, 3)));
    }
}
