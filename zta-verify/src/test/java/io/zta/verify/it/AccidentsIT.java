package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Workload;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.Plan;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What each gate on flows is there for, on a real cluster: the gate names the accident and nothing is written; with that
 * gate overridden the accident happens, and rolled back it is over.
 */
class AccidentsIT {
    private static AccidentScene scene;

    @BeforeAll
    static void open() {
        scene = new AccidentScene("zta-acc", "legacy", "scraper");
    }

    @AfterAll
    static void close() {
        if (scene != null) {
            scene.close();
        }
    }

    private static Posture network() {
        return ZeroTrust.namespace(scene.namespace).denyDirectAccess().upTo(Phase.NETWORK);
    }

    @Test
    void an_egress_deny_without_dns_leaves_names_that_nobody_can_look_up() {
        Posture posture = ZeroTrust.namespace(scene.outside).denyEgress().upTo(Phase.NETWORK);
        Compiled egress = scene.compiled(Phase.NETWORK, true, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: zta-egress, namespace: OUT}
                spec:
                  podSelector: {}
                  policyTypes: [Egress]
                  egress: [{ports: [{protocol: TCP, port: 8080}, {protocol: TCP, port: 80}]}]
                """);
        String address = scene.admin
                .services()
                .inNamespace(scene.namespace)
                .withName("orders")
                .get()
                .getSpec()
                .getClusterIP();
        scene.accident(
                posture,
                scene.planning(posture, egress),
                Map.of("APPLY-01", scene.outside + "/legacy[Pod] loses UDP 53 to kube-system/", "APPLY-03", " ends"),
                "orders is found by its name",
                () -> scene.served("legacy"),
                () -> scene.answered("legacy", address));
    }

    @Test
    void a_mesh_that_refuses_the_api_server_stops_every_write_that_a_webhook_judges() throws Exception {
        ServingCertificate certificate = ServingCertificate.of("policy." + scene.namespace + ".svc");
        scene.scene.create("""
                apiVersion: v1
                kind: Secret
                metadata: {name: policy, namespace: NS}
                data: {tls.crt: "@CERTIFICATE", tls.key: "@KEY"}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: policy, namespace: NS, labels: {app: policy}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: app
                    image: zta.test/agnhost:1
                    imagePullPolicy: Never
                    args: [webhook, --port=8443, --tls-cert-file=/certificate/tls.crt, --tls-private-key-file=/certificate/tls.key]
                    ports: [{containerPort: 8443}]
                    volumeMounts: [{name: certificate, mountPath: /certificate}]
                  volumes: [{name: certificate, secret: {secretName: policy}}]
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: policy, namespace: NS}
                spec: {selector: {app: policy}, ports: [{name: https, port: 443, targetPort: 8443}]}
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: NS}
                webhooks:
                - name: policy.zta.test
                  clientConfig: {service: {name: policy, namespace: NS, path: /configmaps}, caBundle: "@CERTIFICATE"}
                  admissionReviewVersions: [v1]
                  sideEffects: None
                  failurePolicy: Fail
                  timeoutSeconds: 2
                  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: OUT}}
                  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
                """.replace("NS", scene.namespace)
                .replace("OUT", scene.outside)
                .replace("@CERTIFICATE", certificate.certificate())
                .replace("@KEY", certificate.key()));
        Posture posture = ZeroTrust.namespace(scene.namespace)
                .onlyWorkloads(Workload.labelled("app", "policy"))
                .strictMtls()
                .upTo(Phase.MESH);
        try {
            scene.accident(
                    posture,
                    scene.planning(posture),
                    Map.of("APPLY-02", "has no certificate of the mesh, is refused by it", "APPLY-05", "legacy"),
                    "a write is judged by the webhook",
                    () -> {
                        reconnected();
                        return scene.takes(
                                scene.admin,
                                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: judged, namespace: OUT}");
                    });
        } finally {
            scene.admin
                    .admissionRegistration()
                    .v1()
                    .validatingWebhookConfigurations()
                    .withName(scene.namespace)
                    .delete();
            scene.admin.pods().inNamespace(scene.namespace).withName("policy").delete();
        }
    }

    /** The API server keeps its connection to a webhook; for one that another bundle is to vouch for it opens a new one. */
    private static void reconnected() {
        scene.admin
                .admissionRegistration()
                .v1()
                .validatingWebhookConfigurations()
                .withName(scene.namespace)
                .edit(edited -> {
                    var client = edited.getWebhooks().get(0).getClientConfig();
                    byte[] bundle = Base64.getDecoder().decode(client.getCaBundle());
                    byte[] longer = Arrays.copyOf(bundle, bundle.length + 1);
                    longer[bundle.length] = '\n';
                    client.setCaBundle(Base64.getEncoder().encodeToString(longer));
                    return edited;
                });
    }

    @Test
    void a_flow_in_use_is_cut_off() {
        scene.accident(
                network(),
                scene.planning(network()),
                Map.of("APPLY-03", scene.outside + "/legacy[Pod] -> " + scene.namespace + "/orders[Deployment]"),
                "legacy is served",
                () -> scene.served("legacy"));
    }

    @Test
    void a_deny_that_comes_before_its_allow_cuts_off_who_is_to_be_let_in() {
        Compiled deny = scene.compiled(Phase.NETWORK, true, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: zta-deny, namespace: NS}
                spec: {podSelector: {}, policyTypes: [Ingress]}
                """);
        Compiled allow = scene.compiled(Phase.NETWORK, false, """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: zta-allow, namespace: NS}
                spec:
                  podSelector: {matchLabels: {app: orders}}
                  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: OUT}}}]}]
                """);
        Scene.await("legacy is served", () -> scene.served("legacy"));
        scene.write(deny);
        try {
            Scene.await("it is cut off", Duration.ofSeconds(30), () -> !scene.served("legacy"));
            scene.write(allow);
            Scene.await("it is let in at last", () -> scene.served("legacy"));
        } finally {
            scene.delete(deny, allow);
        }

        Plan plan = scene.planning(network(), deny, allow).with(ApplySeam.mechanicsOnly());
        assertThat(plan.gate("APPLY-04").evidence())
                .as("whatever the order it was given")
                .contains("order: network/hold-open, network/allow, network/restrict, network/cut-over");
        try {
            assertThat(scene.failuresWhile(
                            () -> scene.served("legacy"), () -> scene.applier().apply(plan)))
                    .isEmpty();
        } finally {
            scene.applier().rollback(network());
        }
    }

    @Test
    void a_client_without_a_sidecar_is_refused_by_strict_mtls() {
        Posture posture = ZeroTrust.namespace(scene.namespace).strictMtls().upTo(Phase.MESH);
        scene.accident(
                posture,
                scene.planning(posture),
                Map.of("APPLY-05", scene.outside + "/legacy"),
                "legacy is served in plaintext",
                () -> scene.served("legacy"));
    }

    @Test
    void a_rule_on_identities_before_strict_mtls_shuts_out_whoever_has_none_yet() {
        Posture posture = ZeroTrust.namespace(scene.namespace).strictMtls().upTo(Phase.MESH);
        Compiled rule = scene.compiled(Phase.MESH, false, """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: zta-identities, namespace: NS}
                spec: {action: ALLOW, rules: [{from: [{source: {principals: ["*/ns/OUT/sa/*"]}}]}]}
                """);
        scene.accident(
                posture,
                scene.planning(posture, rule),
                Map.of("APPLY-06", "nothing makes mTLS STRICT in " + scene.namespace),
                "legacy, whose identity is to be let in, is served",
                () -> scene.served("legacy"));
    }

    @Test
    void no_meshed_pod_starts_again_under_pod_security() {
        Posture posture = ZeroTrust.namespace(scene.namespace)
                .denyDirectAccess()
                .strictMtls()
                .podSecurity(PodSecurity.BASELINE)
                .upTo(Phase.NETWORK);
        scene.accident(
                posture,
                scene.planning(posture),
                Map.of("APPLY-15", "istio-init", "APPLY-03", "legacy"),
                "a meshed pod is let in",
                () -> scene.takes(scene.admin, """
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: fresh, namespace: NS, labels: {app: fresh}}
                        spec: {containers: [{name: app, image: "zta.test/agnhost:1"}]}
                        """));
    }

    @Test
    void a_scraper_is_cut_off() {
        annotate("true");
        try {
            scene.accident(
                    network(),
                    scene.planning(network()),
                    Map.of(
                            "APPLY-16",
                            scene.outside + "/scraper[Pod] -> " + scene.namespace + "/orders[Deployment]",
                            "APPLY-03",
                            "legacy"),
                    "metrics of orders are scraped",
                    () -> scene.served("scraper"));
        } finally {
            annotate("false");
        }
    }

    private static void annotate(String scraped) {
        Pod pod = scene.scene.pod(scene.namespace, "app=orders");
        scene.admin.resource(pod).edit(edited -> {
            edited.getMetadata().getAnnotations().put("prometheus.io/scrape", scraped);
            return edited;
        });
    }
}
