package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicy;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable.Validation;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Gateway;
import io.zta.intent.Subject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A real API server takes what is rendered, by server-side apply with strict validation, and acts on it. Needs no node and
 * no mesh, so an API server in a container does; Istio's kinds are left out here.
 */
class RenderContainerIT {
    private static final List<HasMetadata> APPLIED = new ArrayList<>();
    private static Config config;
    private static KubernetesClient admin;
    private static String namespace;

    @BeforeAll
    static void apply() {
        config = LiveCluster.apiServer();
        admin = LiveCluster.client(config);
        namespace = LiveCluster.scratchNamespace(admin, "render", Map.of());
        // A gateway of a namespace that is not there: on a shared cluster nobody else's is touched.
        Posture posture = ZeroTrust.namespace(namespace)
                .denyDirectAccess()
                .onPorts(8080)
                .throughGateway(Gateway.istio(namespace + "-edge", "istio-ingressgateway"))
                .noExecFor("developers")
                .keepExecFor(Subject.group("oncall"))
                .audit();
        for (HasMetadata object : posture.manifests().objects()) {
            if (!object.getApiVersion().contains("istio.io")) {
                APPLIED.add(admin.resource(object)
                        .fieldValidation(Validation.STRICT)
                        .fieldManager("zta-test")
                        .serverSideApply());
            }
        }
    }

    @AfterAll
    static void remove() {
        if (admin != null) {
            Collections.reverse(APPLIED);
            APPLIED.forEach(object -> admin.resource(object).delete());
            admin.namespaces().withName(namespace).delete();
            admin.close();
        }
    }

    /** Policies are in force some time after they were written: nothing says when. */
    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited a minute until " + what).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Test
    void every_kind_that_the_posture_needs_is_accepted() {
        assertThat(APPLIED.stream().map(HasMetadata::getKind).distinct())
                .contains(
                        "NetworkPolicy",
                        "Role",
                        "RoleBinding",
                        "ValidatingAdmissionPolicy",
                        "ValidatingAdmissionPolicyBinding");
    }

    @Test
    void applying_it_again_changes_nothing() {
        for (HasMetadata object : APPLIED) {
            HasMetadata again = admin.resource(stripped(object))
                    .fieldValidation(Validation.STRICT)
                    .fieldManager("zta-test")
                    .forceConflicts()
                    .serverSideApply();
            assertThat(again.getMetadata().getGeneration())
                    .as(object.getMetadata().getName())
                    .isEqualTo(object.getMetadata().getGeneration());
        }
    }

    private static HasMetadata stripped(HasMetadata object) {
        HasMetadata copy = Serialization.clone(object);
        copy.getMetadata().setManagedFields(null);
        copy.getMetadata().setResourceVersion(null);
        copy.getMetadata().setUid(null);
        copy.getMetadata().setCreationTimestamp(null);
        return copy;
    }

    @Test
    void every_admission_policy_passes_the_servers_type_check() {
        for (HasMetadata object : APPLIED) {
            if (object instanceof ValidatingAdmissionPolicy policy) {
                String name = policy.getMetadata().getName();
                await(
                        name + " is checked",
                        () -> checked(name).getStatus() != null
                                && checked(name).getStatus().getObservedGeneration() != null);
                var checking = checked(name).getStatus().getTypeChecking();
                assertThat(checking == null ? List.of() : checking.getExpressionWarnings())
                        .as(name)
                        .isEmpty();
            }
        }
    }

    private static ValidatingAdmissionPolicy checked(String name) {
        return admin.resources(ValidatingAdmissionPolicy.class).withName(name).get();
    }

    private static boolean may(KubernetesClient client, String verb, String resource, String subresource) {
        SelfSubjectAccessReview review = client.authorization()
                .v1()
                .selfSubjectAccessReview()
                .create(new SelfSubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withNewResourceAttributes()
                        .withNamespace(namespace)
                        .withVerb(verb)
                        .withResource(resource)
                        .withSubresource(subresource)
                        .endResourceAttributes()
                        .endSpec()
                        .build());
        return Boolean.TRUE.equals(review.getStatus().getAllowed());
    }

    @Test
    void developers_may_look_and_not_enter() {
        try (KubernetesClient developer = LiveCluster.as(config, "jane", "developers", "system:authenticated")) {
            await("the role is in force", () -> may(developer, "list", "pods", ""));
            assertThat(may(developer, "create", "pods", "exec")).isFalse();
            assertThat(may(developer, "get", "pods", "exec")).isFalse();
            assertThat(may(developer, "get", "secrets", "")).isFalse();
        }
        try (KubernetesClient stranger = LiveCluster.as(config, "joe", "system:authenticated")) {
            assertThat(may(stranger, "list", "pods", ""))
                    .as("nobody else gains anything")
                    .isFalse();
        }
    }

    @Test
    void developers_who_also_hold_edit_are_stopped_by_admission() {
        HasMetadata edit = admin.resource(new RoleBindingBuilder()
                        .withNewMetadata()
                        .withName("left-over")
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "edit")
                        .addNewSubject("rbac.authorization.k8s.io", "Group", "developers", null)
                        .build())
                .create();
        try (KubernetesClient developer = LiveCluster.as(config, "jane", "developers", "system:authenticated");
                KubernetesClient oncall = LiveCluster.as(config, "olga", "oncall", "system:authenticated")) {
            await("edit is in force", () -> may(developer, "create", "pods", "exec"));
            await("admission is in force", () -> exec(developer).contains("closes containers"));
            assertThat(exec(oncall))
                    .as("oncall was kept, yet holds no exec by RBAC")
                    .contains("cannot create");
            assertThat(exec(admin))
                    .as("system:masters is let through to the pod that is not there")
                    .contains("not found");
            // A dry run first: policies come into force one by one, and the guard's absence must not cost the object.
            await(
                    "the guard is in force",
                    () -> deletion(developer, "?dryRun=All").contains("guards network"));
            assertThat(deletion(developer, "")).contains("guards network");
            assertThat(admin.network()
                            .v1()
                            .networkPolicies()
                            .inNamespace(namespace)
                            .withName("zta-default-deny")
                            .get())
                    .isNotNull();
        } finally {
            admin.resource(edit).delete();
        }
    }

    private static String deletion(KubernetesClient client, String query) {
        try {
            return String.valueOf(client.raw(
                    "/apis/networking.k8s.io/v1/namespaces/" + namespace + "/networkpolicies/zta-default-deny" + query,
                    "DELETE",
                    Map.of()));
        } catch (KubernetesClientException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** The server's words to an exec into a pod that is not there: 403 where it is denied, 404 where it is not. */
    private static String exec(KubernetesClient client) {
        try {
            return String.valueOf(client.raw(
                    "/api/v1/namespaces/" + namespace + "/pods/no-such-pod/exec?command=true&stdout=true",
                    "POST",
                    Map.of()));
        } catch (KubernetesClientException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Test
    void an_unknown_field_would_have_been_refused() {
        Pod pod = new PodBuilder()
                .withNewMetadata()
                .withName("x")
                .withNamespace(namespace)
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("c")
                .withImage("i")
                .endContainer()
                .endSpec()
                .build();
        pod.setAdditionalProperty("mystery", 1);
        assertThatThrownBy(() -> admin.resource(pod)
                        .fieldValidation(Validation.STRICT)
                        .fieldManager("zta-test")
                        .serverSideApply())
                .hasMessageContaining("mystery");
    }

    @Test
    void the_custom_resource_holds_postures_and_refuses_unknown_keys() throws IOException {
        boolean there = admin.apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .withName("zerotrustpostures.zta.io")
                        .get()
                != null;
        HasMetadata definition;
        try (InputStream in = Posture.class.getResourceAsStream("crd.yaml")) {
            definition = admin.load(in).items().get(0);
        }
        admin.resource(definition)
                .fieldValidation(Validation.STRICT)
                .fieldManager("zta-test")
                .forceConflicts()
                .serverSideApply();
        try {
            String good = ZeroTrust.namespace(namespace)
                    .denyDirectAccess()
                    .onPorts(8080)
                    .strictMtls()
                    .noExecFor("developers")
                    .withoutGuard()
                    .audit()
                    .toYaml();
            await("the kind is served", () -> create(good).isEmpty());
            assertThat(Posture.parse("stored", stored()).toYaml()).isEqualTo(good);
            String bad = good.replace("audit:", "audits:").replace("name: default", "name: other");
            assertThat(create(bad)).contains("audits");
            assertThat(create(good.replace("name: default", "name: other").replace("- 8080", "- 8080\n    port: [1]")))
                    .contains("port");
        } finally {
            if (!there) {
                admin.resource(definition).delete();
            }
        }
    }

    /** What the server says against it; empty where it takes it. */
    private static String create(String yaml) {
        try (InputStream in = new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))) {
            admin.resource(Serialization.unmarshal(in, GenericKubernetesResource.class))
                    .fieldValidation(Validation.STRICT)
                    .fieldManager("zta-test")
                    .serverSideApply();
            return "";
        } catch (KubernetesClientException | IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String stored() {
        GenericKubernetesResource read = admin.genericKubernetesResources("zta.io/v1alpha1", "ZeroTrustPosture")
                .inNamespace(namespace)
                .withName("default")
                .get();
        return Serialization.asYaml(read);
    }
}
