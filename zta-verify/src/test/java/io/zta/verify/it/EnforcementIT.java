package io.zta.verify.it;

import static io.zta.verify.cli.CommandLineRun.zta;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.verify.cli.CommandLineRun;
import io.zta.verify.it.ApiProxy.Fault;
import io.zta.verify.probe.Answer;
import io.zta.verify.probe.Check;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.ProbeReport;
import io.zta.verify.probe.Prober;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clusters on which a silent port proves nothing: no policy is in force, or the control reaches nothing. An API server that
 * takes NetworkPolicies and does nothing with them stands in for a network that enforces none.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EnforcementIT {
    private static final String POLICIES = "/apis/networking.k8s.io/v1/";

    @TempDir
    Path folder;

    private Scene scene;
    private Posture posture;
    private ApiProxy proxy;
    private KubernetesClient client;

    @BeforeAll
    void set_up() {
        scene = new Scene("enforce");
        posture = ZeroTrust.namespace(scene.namespace).denyDirectAccess().onPorts(8080);
    }

    @AfterAll
    void tear_down() {
        if (scene != null) {
            scene.close();
        }
    }

    @BeforeEach
    void open() throws IOException {
        proxy = new ApiProxy(scene.admin);
        client = proxy.client();
    }

    @AfterEach
    void close() {
        client.close();
        proxy.close();
        scene.remove();
    }

    private Options options() {
        return Options.defaults()
                .onlyTests(Set.of(1))
                .withNamespace(scene.outside)
                .withImage(Scene.IMAGE, "Never")
                .withTimes(Duration.ofMinutes(2), Duration.ofSeconds(4), 3);
    }

    private static boolean isPolicy(HasMetadata object) {
        return object.getKind().equals("NetworkPolicy");
    }

    /** Every policy that is made in that namespace comes to nothing. */
    private void swallowPoliciesOf(String namespace) {
        proxy.when((method, path) ->
                method.equals("POST") && path.startsWith(POLICIES + "namespaces/" + namespace + "/networkpolicies")
                        ? new Fault.Swallowed()
                        : null);
    }

    private static List<Check> of(ProbeReport report, int test) {
        return report.checks().stream().filter(check -> check.test() == test).toList();
    }

    @Test
    void a_network_that_enforces_nothing_is_recognised_and_nothing_passes_for_denied() {
        List<HasMetadata> objects = posture.manifests().objects();
        scene.apply(objects.stream().filter(object -> !isPolicy(object)).toList());
        proxy.when((method, path) ->
                method.equals("POST") && path.contains("/networkpolicies") ? new Fault.Swallowed() : null);
        objects.stream()
                .filter(EnforcementIT::isPolicy)
                .forEach(object -> client.resource(object).create());
        ProbeReport report = Prober.probe(posture, client, options());
        assertThat(of(report, 0)).as(report.text()).singleElement().satisfies(check -> {
            assertThat(check.status()).isEqualTo(Check.Status.FAIL);
            assertThat(check.detail()).contains("does not enforce policies here");
        });
        assertThat(of(report, 1))
                .as(report.text())
                .isNotEmpty()
                .allSatisfy(check -> assertThat(check.seen()).isEqualTo(Answer.ALLOWED));
        assertThat(report.exitCode()).isEqualTo(1);
    }

    @Test
    void where_the_ground_enforces_nothing_a_silent_port_is_inconclusive() {
        scene.apply(posture);
        swallowPoliciesOf(scene.outside);
        Scene.await(
                "the policies are in force",
                () -> of(Prober.probe(posture, scene.admin, options()), 1).stream()
                        .allMatch(check -> check.status() == Check.Status.PASS));
        ProbeReport report = Prober.probe(posture, client, options());
        assertThat(report.status(0)).as(report.text()).isEqualTo(Check.Status.FAIL);
        assertThat(of(report, 1)).as(report.text()).isNotEmpty().allSatisfy(check -> {
            assertThat(check.status()).isEqualTo(Check.Status.INCONCLUSIVE);
            assertThat(check.detail()).contains("enforces no policy");
        });
    }

    @Test
    void a_source_that_reaches_nothing_at_all_proves_nothing() {
        scene.create("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: nowhere, namespace: OUT}
                spec: {podSelector: {}, policyTypes: [Egress]}
                """.replace("OUT", scene.outside));
        try {
            ProbeReport report = Prober.probe(posture, scene.admin, options());
            assertThat(report.status(0)).as(report.text()).isEqualTo(Check.Status.INCONCLUSIVE);
            assertThat(of(report, 1))
                    .as(report.text())
                    .filteredOn(check -> check.id().startsWith("network/stranger/"))
                    .isNotEmpty()
                    .allSatisfy(check -> assertThat(check.status()).isEqualTo(Check.Status.INCONCLUSIVE));
        } finally {
            scene.admin
                    .network()
                    .v1()
                    .networkPolicies()
                    .inNamespace(scene.outside)
                    .withName("nowhere")
                    .delete();
        }
    }

    @Test
    void what_was_proven_and_is_seen_otherwise_is_an_alarm() throws Exception {
        scene.apply(posture);
        String listed = scene.admin.raw(POLICIES + "networkpolicies");
        scene.remove(posture.manifests().objects().stream()
                .filter(EnforcementIT::isPolicy)
                .toList());
        // The cluster goes on saying that the policies are there.
        proxy.when((method, path) -> method.equals("GET") && path.startsWith(POLICIES + "networkpolicies")
                ? new Fault.Document(listed)
                : null);
        Path kubeconfig = Files.writeString(folder.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                clusters: [{name: c, cluster: {server: "%s"}}]
                contexts: [{name: c, context: {cluster: c, user: u}}]
                users: [{name: u, user: {}}]
                current-context: c
                """.formatted(proxy.address()));
        CommandLineRun run = zta(
                "probe",
                "--compare",
                "--test=1",
                "--settle=4",
                "--posture=" + Files.writeString(folder.resolve("posture.yaml"), posture.toYaml()),
                "--kubeconfig=" + kubeconfig,
                "--namespace=" + scene.outside,
                "--image=" + Scene.IMAGE,
                "--pull-policy=Never");
        assertThat(run.code()).as(run.out() + run.err()).isEqualTo(1);
        assertThat(run.out())
                .contains("proven: \"")
                .contains("Either the proof or the cluster is wrong")
                .contains("a pod of namespace " + scene.outside + " connects to " + scene.namespace);
    }
}
