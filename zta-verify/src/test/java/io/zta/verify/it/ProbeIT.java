package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.verify.probe.Check;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.ProbeReport;
import io.zta.verify.probe.Prober;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
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
    private final Map<String, Map<Integer, Check.Status>> without = new TreeMap<>();

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
    void without_the_posture_its_tests_fail() throws Exception {
        ProbeReport report = Prober.probe(posture, scene.admin, options);
        System.out.println(report.text());
        without.put("all of them", statuses(report));
        assertThat(report.exitCode()).isEqualTo(1);
        assertThat(script("test-rbac-restrictions.sh")).isEqualTo(1);
    }

    /** One of the repository's scripts on this cluster; its exit code. */
    private int script(String name) throws IOException, InterruptedException {
        Path written = Files.writeString(Files.createTempFile("posture", ".yaml"), posture.toYaml());
        try {
            return new ProcessBuilder(
                            "bash",
                            Path.of("..", "scripts", name).toString(),
                            "--tap",
                            "--posture=" + written,
                            "--kubeconfig=" + LiveCluster.kubeconfig(),
                            "--namespace=" + scene.outside,
                            "--image=" + Scene.IMAGE,
                            "--pull-policy=Never",
                            "--audit-log=" + auditLog())
                    .inheritIO()
                    .start()
                    .waitFor();
        } finally {
            Files.delete(written);
        }
    }

    @Test
    @Order(2)
    void with_the_posture_every_test_passes() throws Exception {
        scene.apply(posture);
        settled();
        ProbeReport report = Prober.probe(posture, scene.admin, options);
        System.out.println(report.text());
        without.put("nothing", statuses(report));
        assertThat(report.checks())
                .filteredOn(check -> check.status() != Check.Status.PASS)
                .isEmpty();
        for (String name : List.of("test-network-policies.sh", "test-rbac-restrictions.sh", "verify-mtls.sh")) {
            assertThat(script(name)).as(name).isZero();
        }
    }

    /** Objects were written past the gates, so nothing has waited for the node to enforce them yet. */
    private void settled() {
        Options network = options.onlyTests(Set.of(1));
        Scene.await(
                "the network policies to be in force",
                Duration.ofMinutes(3),
                () -> Prober.probe(posture, scene.admin, network).status(1) == Check.Status.PASS);
    }

    /** How each of the five tests ended; that of the ground is always passed. */
    private static Map<Integer, Check.Status> statuses(ProbeReport report) {
        assertThat(report.status(0)).as(report.text()).isEqualTo(Check.Status.PASS);
        Map<Integer, Check.Status> statuses = new TreeMap<>();
        IntStream.rangeClosed(1, 5).forEach(test -> statuses.put(test, report.status(test)));
        return statuses;
    }

    /** The runs as the page shows them: what is taken away, and how each test ends then. */
    private static Map<String, Map<Integer, Check.Status>> page() throws IOException {
        Map<String, Map<Integer, Check.Status>> rows = new LinkedHashMap<>();
        Pattern row = Pattern.compile(
                "\\| (?:the )?(\\w+(?: of them)?)(?: layer \\([^|]*)? \\| ([^|]*) \\| ([^|]*) pass \\|");
        for (String line : Files.readAllLines(Path.of("..", "docs", "live-verification.md"))) {
            Matcher matcher = row.matcher(line);
            if (matcher.matches()) {
                Map<Integer, Check.Status> statuses = new TreeMap<>();
                numbers(matcher.group(2)).forEach(test -> statuses.put(test, Check.Status.FAIL));
                numbers(matcher.group(3)).forEach(test -> statuses.put(test, Check.Status.PASS));
                rows.put(matcher.group(1), statuses);
            }
        }
        return rows;
    }

    private static List<Integer> numbers(String cell) {
        return Pattern.compile("\\d")
                .matcher(cell)
                .results()
                .map(found -> Integer.valueOf(found.group()))
                .toList();
    }

    @Test
    @Order(3)
    void each_layer_taken_away_fails_its_own_tests_and_no_other_as_the_page_says() throws Exception {
        Map<String, Predicate<HasMetadata>> layers = new LinkedHashMap<>();
        layers.put("network", object -> object.getKind().equals("NetworkPolicy"));
        layers.put("mesh", object -> object.getApiVersion().startsWith("security.istio.io/"));
        layers.put(
                "API",
                object -> object.getApiVersion().startsWith("admissionregistration.k8s.io/")
                        || object.getApiVersion().startsWith("rbac.authorization.k8s.io/"));
        List<HasMetadata> objects = posture.manifests().objects();
        for (Map.Entry<String, Predicate<HasMetadata>> layer : layers.entrySet()) {
            List<HasMetadata> gone = objects.stream().filter(layer.getValue()).toList();
            scene.remove(gone);
            without.put(layer.getKey(), statuses(Prober.probe(posture, scene.admin, options)));
            gone.forEach(object -> scene.admin.resource(object).forceConflicts().serverSideApply());
            settled();
        }
        System.out.println("without a layer: " + without);
        assertThat(without).isEqualTo(page());
    }
}
