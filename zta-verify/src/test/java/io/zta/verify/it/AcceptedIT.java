package io.zta.verify.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingAdmissionPolicy;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Gateway;
import io.zta.intent.PodSecurity;
import io.zta.intent.Subject;
import io.zta.intent.TokenIssuer;
import io.zta.intent.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The API server takes every object that every protection compiles to, with no field unknown and every expression typed. */
class AcceptedIT {
    private static final String KEYS =
            "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"one\",\"e\":\"AQAB\",\"n\":\"u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
                    + "VTLw7onLRnrq0_IzW7yWR7QkrmBL7jTKEn5u-qKhbwKfBstIs-bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyehkd3qqGE"
                    + "lvW_VDL5AaWTg0nLVkjRo9z-40RQzuVaE8AkAFmxZzow3x-VJYKdjykkJ0iT9wCS0DRTXu269V264Vf_3jvredZiKRkgwlL9xNAwxXFg0x_"
                    + "XFw005UWVRIkdgcKWTjpBP2dPwVZ4WWC-9aGVd-Gyn1o0CLelf4rEjGoXbAAEgAqeGUxrcIlbjXfbc\"}]}";

    private KubernetesClient client;
    private String namespace;
    private final List<HasMetadata> applied = new ArrayList<>();

    @BeforeEach
    void scratch() {
        client = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(client, "zta-accepted", Map.of());
    }

    @AfterEach
    void clean() {
        // Admission last: what it guards stays in the hands of whoever may apply the posture.
        Stream.concat(
                        applied.stream()
                                .filter(object -> !object.getKind().startsWith("ValidatingAdmissionPolicy")
                                        && !object.getKind().equals("Namespace")),
                        applied.stream().filter(object -> object.getKind().startsWith("ValidatingAdmissionPolicy")))
                .forEach(object -> client.resource(object).delete());
        client.namespaces().withName(namespace).delete();
        client.close();
    }

    @Test
    void the_line_of_the_readme() {
        accepted(ZeroTrust.namespace(namespace).denyDirectAccess().strictMtls().noExecFor("developers"));
    }

    @Test
    void every_protection_at_once() {
        accepted(ZeroTrust.namespace(namespace)
                .onPorts(8080, 9090)
                .throughGateway(Gateway.gatewayApi("istio-ingress", "public", "istio"))
                .denyDirectAccess()
                .allowFrom(Workload.labelled("app", "web"))
                .to(Workload.labelled("app", "orders"))
                .onPort(8080)
                .denyEgress()
                .allowTo(Workload.labelled("app", "orders"))
                .onPort(8080)
                .allowToAddresses("192.0.2.0/24")
                .onPort(443)
                .strictMtls()
                .requireJwt(TokenIssuer.of("https://issuer.example").keys(KEYS).forAudiences("shop"))
                .authorizedBy("opa")
                .noExecFor("developers")
                .noExecFor(Subject.user("mallory"))
                .noExecFor(Subject.serviceAccount("ci", "deployer"))
                .keepExecFor(Subject.group("oncall"))
                .breakGlass(Subject.group("sre"), Duration.ofHours(2), Subject.user("lead"))
                .appliedBy(Subject.serviceAccount("platform", "applier"))
                .audit());
    }

    @Test
    void a_deny_by_name() {
        accepted(ZeroTrust.namespace(namespace).noExecFor("developers").denyByNameOnly());
    }

    @ParameterizedTest
    @ValueSource(strings = {"BASELINE", "RESTRICTED"})
    void pod_security(String level) {
        accepted(ZeroTrust.namespace(namespace).denyDirectAccess().podSecurity(PodSecurity.valueOf(level)));
        assertThat(client.namespaces().withName(namespace).get().getMetadata().getLabels())
                .containsKey("pod-security.kubernetes.io/enforce");
    }

    private void accepted(Posture posture) {
        List<HasMetadata> objects = posture.manifests().objects();
        assertThat(objects).isNotEmpty();
        for (HasMetadata object : objects) {
            PatchContext strictly = new PatchContext.Builder()
                    .withPatchType(PatchType.SERVER_SIDE_APPLY)
                    .withFieldManager("zta-test")
                    .withFieldValidation("Strict")
                    .build();
            assertThat(client.resource(object).patch(strictly))
                    .as(object.getKind() + " " + object.getMetadata().getName())
                    .isNotNull();
            applied.add(object);
        }
        objects.stream()
                .filter(ValidatingAdmissionPolicy.class::isInstance)
                .map(ValidatingAdmissionPolicy.class::cast)
                .forEach(this::typed);
    }

    private void typed(ValidatingAdmissionPolicy policy) {
        ValidatingAdmissionPolicy checked = client.resource(policy)
                .waitUntilCondition(
                        now -> now != null
                                && now.getStatus() != null
                                && now.getStatus().getObservedGeneration() != null
                                && now.getStatus()
                                        .getObservedGeneration()
                                        .equals(now.getMetadata().getGeneration()),
                        60,
                        SECONDS);
        assertThat(
                        checked.getStatus().getTypeChecking() == null
                                ? List.of()
                                : checked.getStatus().getTypeChecking().getExpressionWarnings())
                .as(policy.getMetadata().getName())
                .isEmpty();
    }
}
