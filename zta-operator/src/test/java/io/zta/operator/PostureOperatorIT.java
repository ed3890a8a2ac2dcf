package io.zta.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import io.zta.Posture;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The operator on a real API server: verdicts in the status, drift reported, and repaired where the posture says so. */
class PostureOperatorIT {
    private static KubernetesClient client;
    private static KubernetesClient installed;
    private static PostureOperator operator;
    private static String namespace;

    private static final String REPAIRS = """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: zta-operator-repair}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: zta-operator-repair}
            subjects: [{kind: ServiceAccount, name: zta-operator, namespace: zta-system}]
            """;

    /** The kind that a report is written as, with what its specification requires of one. */
    private static final String REPORTS = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: policyreports.wgpolicyk8s.io}
            spec:
              group: wgpolicyk8s.io
              names: {kind: PolicyReport, listKind: PolicyReportList, plural: policyreports, singular: policyreport}
              scope: Namespaced
              versions:
              - name: v1alpha2
                served: true
                storage: true
                schema:
                  openAPIV3Schema:
                    type: object
                    properties:
                      summary:
                        type: object
                        additionalProperties: {type: integer}
                      results:
                        type: array
                        items:
                          type: object
                          required: [policy]
                          properties:
                            policy: {type: string}
                            rule: {type: string}
                            source: {type: string}
                            message: {type: string}
                            result: {type: string, enum: [pass, fail, warn, error, skip]}
            """;

    private static InputStream stream(String yaml) {
        return new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8));
    }

    /** All but the Deployment, whose image this JVM stands in for. */
    private static List<HasMetadata> install() {
        return client.load(stream(PostureOperator.manifests("zta-operator:test"))).items().stream()
                .filter(object -> !object.getKind().equals("Deployment"))
                .toList();
    }

    @BeforeAll
    static void start() throws IOException {
        String given = System.getProperty("zta.kubeconfig", Objects.toString(System.getenv("ZTA_KUBECONFIG"), ""));
        assumeFalse(given.isBlank(), "no cluster was given: set -Dzta.kubeconfig or ZTA_KUBECONFIG");
        client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(Files.readString(Path.of(given))))
                .build();
        install().forEach(object -> client.resource(object).serverSideApply());
        client.load(stream(REPAIRS)).serverSideApply();
        client.load(stream(REPORTS)).serverSideApply();
        namespace = "zta-operator-" + Long.toString(System.nanoTime() % 2_176_782_336L, 36);
        client.namespaces()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
        // With the rights of the service account that is installed, and no others.
        installed = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(client.getConfiguration())
                        .withImpersonateUsername("system:serviceaccount:zta-system:zta-operator")
                        .withImpersonateGroups("system:serviceaccounts", "system:authenticated")
                        .build())
                .build();
        operator = PostureOperator.start(installed, Duration.ofSeconds(2));
    }

    @AfterAll
    static void stop() {
        if (client == null) {
            return;
        }
        if (operator != null) {
            operator.close();
        }
        postures().delete();
        Posture.parse("cleaning", posture("repair", true)).manifests().objects().stream()
                .filter(object -> !object.getKind().equals("Namespace"))
                .forEach(object -> client.resource(object).delete());
        client.namespaces().withName(namespace).delete();
        client.configMaps()
                .inNamespace("zta-system")
                .withLabel("zta.io/inventory", namespace + "-repair")
                .delete();
        client.load(stream(REPORTS)).delete();
        client.load(stream(REPAIRS)).delete();
        install().stream()
                .filter(object ->
                        !List.of("Namespace", "CustomResourceDefinition").contains(object.getKind()))
                .forEach(object -> client.resource(object).delete());
        if (installed != null) {
            installed.close();
        }
        client.close();
    }

    private static io.fabric8.kubernetes.client.dsl.NonNamespaceOperation<
                    ZeroTrustPosture,
                    io.fabric8.kubernetes.api.model.KubernetesResourceList<ZeroTrustPosture>,
                    io.fabric8.kubernetes.client.dsl.Resource<ZeroTrustPosture>>
            postures() {
        return client.resources(ZeroTrustPosture.class).inNamespace(namespace);
    }

    private static String posture(String name, boolean repaired) {
        return """
                apiVersion: zta.io/v1alpha1
                kind: ZeroTrustPosture
                metadata: {name: %s, namespace: %s}
                spec:
                  denyDirectAccess: {}
                  guard: false
                  phase: network%s
                """.formatted(name, namespace, repaired ? "\n  drift: repair" : "");
    }

    private static void create(String yaml) {
        client.load(new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .inNamespace(namespace)
                .serverSideApply();
    }

    private static PostureStatus await(String name, Predicate<PostureStatus> state) {
        PostureStatus[] last = new PostureStatus[1];
        try {
            postures()
                    .withName(name)
                    .waitUntilCondition(
                            now -> {
                                last[0] = now == null ? null : now.getStatus();
                                return last[0] != null && state.test(last[0]);
                            },
                            60,
                            java.util.concurrent.TimeUnit.SECONDS);
        } catch (KubernetesClientTimeoutException e) {
            throw new AssertionError("posture " + name + " stays at " + last[0], e);
        }
        return Objects.requireNonNull(last[0]);
    }

    @Test
    void verdicts_drift_and_repair() {
        create(posture("watch", false));
        PostureStatus reported = await("watch", status -> !status.claims().isEmpty());
        assertThat(reported.drift()).anyMatch(line -> line.contains("zta-default-deny") && line.contains("is missing"));
        assertThat(reported.outcome()).isIn("Unknown", "Violated");
        assertThat(client.network()
                        .networkPolicies()
                        .inNamespace(namespace)
                        .list()
                        .getItems())
                .as("drift is reported, not repaired")
                .isEmpty();
        assertThat(reported.drift()).noneMatch(line -> line.contains("cannot be compared"));
        assertThat(reported.message()).doesNotContain("forbidden");
        var report = client.genericKubernetesResources("wgpolicyk8s.io/v1alpha2", "PolicyReport")
                .inNamespace(namespace)
                .withName("zta-watch")
                .get();
        assertThat(report).as("the report beside the status").isNotNull();
        assertThat(String.valueOf(report.getAdditionalProperties()))
                .contains("rule=direct-access", "source=zta", "result=");
        postures().withName("watch").delete();

        create(posture("repair", true));
        PostureStatus repaired = await("repair", status -> status.drift().isEmpty());
        assertThat(repaired.claims()).isNotEmpty();
        NetworkPolicy deny = client.network()
                .networkPolicies()
                .inNamespace(namespace)
                .list()
                .getItems()
                .get(0);
        String uid = deny.getMetadata().getUid();
        client.resource(deny).delete();
        client.resource(deny)
                .waitUntilCondition(
                        now -> now != null && !uid.equals(now.getMetadata().getUid()),
                        60,
                        java.util.concurrent.TimeUnit.SECONDS);

        create(posture("broken", false).replace("guard: false", "namespaces: [default]"));
        assertThat(await("broken", status -> true).outcome()).isEqualTo("Unreadable");
    }
}
