package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Subject;
import io.zta.verify.probe.Check;
import io.zta.verify.probe.Options;
import io.zta.verify.probe.ProbeReport;
import io.zta.verify.probe.ProbeRole;
import io.zta.verify.probe.Prober;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a prober may do is what it does, and killed it leaves nothing. */
class ProbeRoleIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String EVERYTHING =
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- {level: Metadata}\n";

    private Scene scene;
    private final List<HasMetadata> roles = new ArrayList<>();

    @BeforeEach
    void open() {
        scene = new Scene("zta-role");
    }

    @AfterEach
    void close() {
        roles.forEach(object -> scene.admin.resource(object).delete());
        scene.close();
    }

    private Options options() {
        return Options.defaults()
                .withNamespace(scene.outside)
                .withImage(Scene.IMAGE, "Never")
                .withTimes(Duration.ofMinutes(2), Duration.ofSeconds(6), 3)
                .withAuditLog(ProbeIT.auditLog());
    }

    /** A client with a token of the prober's own, so that nobody acts as it. */
    private KubernetesClient prober() {
        scene.admin
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withName("prober")
                        .withNamespace(scene.outside)
                        .endMetadata()
                        .build())
                .create();
        String token = scene.admin
                .serviceAccounts()
                .inNamespace(scene.outside)
                .withName("prober")
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        Config admin = scene.admin.getConfiguration();
        return LiveCluster.client(new ConfigBuilder(Config.empty())
                .withMasterUrl(admin.getMasterUrl())
                .withCaCertData(admin.getCaCertData())
                .withCaCertFile(admin.getCaCertFile())
                .withOauthToken(token)
                .build());
    }

    @Test
    void the_printed_roles_are_enough_and_every_rule_of_them_is_used() throws Exception {
        Posture posture = ZeroTrust.namespace(scene.namespace)
                .denyDirectAccess()
                .onPorts(8080)
                .strictMtls()
                .noExecFor("developers")
                .audit();
        Subject subject = Subject.serviceAccount(scene.outside, "prober");
        scene.apply(posture);
        for (HasMetadata role : ProbeRole.of(posture, options(), subject)) {
            roles.add(scene.admin.resource(role).create());
        }
        Scene.await(
                "the network policies to be in force",
                Duration.ofMinutes(3),
                () -> Prober.probe(posture, scene.admin, options().onlyTests(Set.of(1)))
                                .status(1)
                        == Check.Status.PASS);
        try (ApiServer server = ApiServer.found();
                KubernetesClient prober = prober()) {
            assertThat(server.restart(EVERYTHING)).isEmpty();
            ProbeReport report = Prober.probe(posture, prober, options());
            assertThat(report.checks())
                    .as(report.text())
                    .filteredOn(check -> check.status() != Check.Status.PASS)
                    .isEmpty();

            List<JsonNode> own = events(server.log());
            assertThat(own).hasSizeGreaterThan(20);
            assertThat(own)
                    .filteredOn(event -> !event.has("impersonatedUser"))
                    .filteredOn(
                            event -> event.path("responseStatus").path("code").asInt() == 403)
                    .as("what the prober was refused")
                    .isEmpty();
            assertThat(unused(own)).as("rules that no request needed").isEmpty();
        }
    }

    /** Requests of the prober, whomever it acted as. */
    private List<JsonNode> events(Path log) throws IOException {
        List<JsonNode> events = new ArrayList<>();
        try (Stream<String> lines = Files.lines(log)) {
            for (String line : (Iterable<String>) lines::iterator) {
                JsonNode event = JSON.readTree(line);
                if (event.path("user")
                        .path("username")
                        .asText()
                        .equals("system:serviceaccount:" + scene.outside + ":prober")) {
                    events.add(event);
                }
            }
        }
        return events;
    }

    private List<String> unused(List<JsonNode> events) {
        List<String> unused = new ArrayList<>();
        for (HasMetadata object : roles) {
            List<PolicyRule> rules = object instanceof Role role
                    ? role.getRules()
                    : object instanceof ClusterRole role ? role.getRules() : List.of();
            for (PolicyRule rule : rules) {
                boolean used = rule.getVerbs().equals(List.of("impersonate"))
                        ? events.stream().anyMatch(event -> impersonates(event, rule))
                        // A virtual verb is asked by the guard, which no request shows; events are read only where a
                        // Job
                        // has no pod yet, for why.
                        : rule.getApiGroups().equals(List.of("zta.io"))
                                || rule.getResources().equals(List.of("events"))
                                || events.stream().anyMatch(event -> needs(event, object, rule));
                if (!used) {
                    unused.add(object.getMetadata().getNamespace() + " " + rule);
                }
            }
        }
        return unused;
    }

    private static boolean impersonates(JsonNode event, PolicyRule rule) {
        JsonNode as = event.path("impersonatedUser");
        Set<String> names = Set.copyOf(rule.getResourceNames());
        if (rule.getResources().contains("users")) {
            return names.contains(as.path("username").asText());
        }
        for (JsonNode group : as.path("groups")) {
            if (names.contains(group.asText())) {
                return true;
            }
        }
        return false;
    }

    private static boolean needs(JsonNode event, HasMetadata role, PolicyRule rule) {
        JsonNode ref = event.path("objectRef");
        String namespace = role.getMetadata().getNamespace();
        String resource = ref.path("resource").asText()
                + (ref.has("subresource") ? "/" + ref.path("subresource").asText() : "");
        return !event.has("impersonatedUser")
                && (namespace == null || namespace.equals(ref.path("namespace").asText()))
                && rule.getApiGroups().contains(ref.path("apiGroup").asText())
                && rule.getResources().contains(resource)
                && rule.getVerbs().contains(event.path("verb").asText());
    }

    @Test
    void a_prober_that_is_killed_leaves_nothing_after_its_deadline() throws Exception {
        Process process = LiveCluster.java(
                ProbeVictim.class, LiveCluster.kubeconfig().toString(), scene.namespace, scene.outside);
        try {
            Scene.await("the prober has begun", () -> left() >= 2);
        } finally {
            process.destroyForcibly();
        }
        process.waitFor();
        assertThat(left()).as("what it had no time to take away").isPositive();
        Scene.await("all of it is gone", Duration.ofMinutes(3), () -> left() == 0);
    }

    /** Jobs, pods and policies of probers in all namespaces. */
    private int left() {
        return scene.admin
                        .batch()
                        .v1()
                        .jobs()
                        .inAnyNamespace()
                        .withLabel(RUN)
                        .list()
                        .getItems()
                        .size()
                + scene.admin
                        .pods()
                        .inAnyNamespace()
                        .withLabel(RUN)
                        .list()
                        .getItems()
                        .size()
                + (int)
                        scene
                                .admin
                                .network()
                                .v1()
                                .networkPolicies()
                                .inNamespace(scene.outside)
                                .list()
                                .getItems()
                                .stream()
                                .filter(policy -> policy.getMetadata().getName().startsWith("zta-probe"))
                                .count();
    }

    private static final String RUN = "zta.io/probe-run";
}
