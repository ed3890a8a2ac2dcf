package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.verify.probe.Check;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.ProbeReport;
import io.zta.verify.probe.Prober;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** The five tests on a real cluster: they fail without the posture and pass with it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ProbeIT {
    private Scene scene;
    private Posture posture;
    private Options options;

    @BeforeAll
    void set_up() {
        scene = new Scene("probe");
        posture = ZeroTrust.namespace(scene.namespace)
                .denyDirectAccess()
                .onPorts(8080)
                .strictMtls()
                .noExecFor("developers")
                .audit();
        options = Options.defaults()
                .withNamespace(scene.outside)
                .withImage(Scene.IMAGE, "Never")
                .withTimes(Duration.ofMinutes(2), Duration.ofSeconds(6), 3)
                .withAuditLog(auditLog());
    }

    static Path auditLog() {
        return LiveCluster.kubeconfig().resolveSibling("audit").resolve("audit.log");
    }

    @AfterAll
    void tear_down() {
        if (scene != null) {
            scene.close();
        }
    }

    @Test
    @Order(1)
    void without_the_posture_its_tests_fail() {
        ProbeReport report = Prober.probe(posture, scene.admin, options);
        System.out.println(report.text());
        assertThat(report.status(0)).isEqualTo(Check.Status.PASS);
        assertThat(report.status(1)).isEqualTo(Check.Status.FAIL);
        assertThat(report.status(2)).isEqualTo(Check.Status.FAIL);
        assertThat(report.status(3)).isEqualTo(Check.Status.FAIL);
        assertThat(report.status(4)).isEqualTo(Check.Status.PASS);
        assertThat(report.exitCode()).isEqualTo(1);
    }

    @Test
    @Order(2)
    void with_the_posture_every_test_passes() {
        scene.apply(posture);
        ProbeReport report = Prober.probe(posture, scene.admin, options);
        System.out.println(report.text());
        assertThat(report.checks())
                .filteredOn(check -> check.status() != Check.Status.PASS)
                .isEmpty();
    }
}
