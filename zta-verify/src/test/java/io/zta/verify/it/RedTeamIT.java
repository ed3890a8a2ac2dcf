package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.verify.Catalogue;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.RedTeam;
import io.zta.verify.probe.RedTeamReport;
import io.zta.verify.probe.RedTeamReport.Outcome;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The red team on a real cluster: every attack gets through before the posture's objects are there, and none after. */
class RedTeamIT {
    @Test
    void every_attack_gets_through_before_and_none_after_and_nothing_is_left() {
        Posture posture =
                ZeroTrust.namespace("shop").denyDirectAccess().strictMtls().noExecFor("developers");
        Options options = Options.defaults()
                .withImage(Scene.IMAGE, "Never")
                .withTimes(Duration.ofMinutes(5), Duration.ofSeconds(10), 3);
        try (KubernetesClient admin = LiveCluster.admin()) {
            RedTeamReport report = RedTeam.run(posture, admin, options);
            System.out.println(report.text());
            assertThat(report.rows())
                    .filteredOn(row -> row.before() != Outcome.OPEN || row.after() != Outcome.CLOSED)
                    .as(report.text())
                    .isEmpty();
            assertThat(report.uses()).allSatisfy(row -> assertThat(row.after()).isEqualTo(Outcome.OPEN));
            assertThat(report.exitCode()).isZero();
            assertThat(report.rows().stream().map(RedTeamReport.Row::bypass).distinct())
                    .hasSizeGreaterThanOrEqualTo(22)
                    .isSubsetOf(
                            Catalogue.all().stream().map(Catalogue.Bypass::id).collect(Collectors.toSet()));

            String run = report.run();
            Scene.await(
                    "the scratch namespaces are gone",
                    () -> admin.namespaces().list().getItems().stream()
                            .noneMatch(namespace ->
                                    namespace.getMetadata().getName().contains(run)));
            assertThat(admin.rbac().clusterRoles().list().getItems())
                    .noneMatch(role -> role.getMetadata().getName().contains(run));
            assertThat(admin.admissionRegistration()
                            .v1()
                            .validatingAdmissionPolicies()
                            .list()
                            .getItems())
                    .noneMatch(policy -> policy.getMetadata().getName().contains(run));
            assertThat(admin.pods().inNamespace("istio-system").list().getItems())
                    .noneMatch(pod -> pod.getMetadata().getName().contains(run)
                            && pod.getMetadata().getDeletionTimestamp() == null);
        }
    }
}
