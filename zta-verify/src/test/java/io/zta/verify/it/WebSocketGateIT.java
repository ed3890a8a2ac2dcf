package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.WebSocket;
import io.fabric8.kubernetes.client.http.WebSocketHandshakeException;
import io.zta.rbac.Action;
import io.zta.rbac.Rbac;
import io.zta.snapshot.Snapshot;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/**
 * exec by WebSocket is a GET: whether {@code get} on pods/exec is enough for it depends on a feature gate of the API server,
 * which no object shows, so who holds it counts as somebody who can. Admission sees a CONNECT in either case.
 */
class WebSocketGateIT {
    private static final String GATE = "--feature-gates=AuthorizePodWebsocketUpgradeCreatePermission=";

    @Test
    void get_alone_opens_a_web_socket_by_the_gate_and_admission_refuses_it_in_either_case() throws Exception {
        List<HasMetadata> clusterScoped = new ArrayList<>();
        try (ApiServer server = ApiServer.found();
                KubernetesClient admin = LiveCluster.admin()) {
            String open = LiveCluster.scratchNamespace(admin, "zta-gate", Map.of());
            String guarded = LiveCluster.scratchNamespace(admin, "zta-gate-deny", Map.of());
            try {
                grant(admin, open);
                grant(admin, guarded);
                for (HasMetadata made : Scene.create(admin, """
                        apiVersion: admissionregistration.k8s.io/v1
                        kind: ValidatingAdmissionPolicy
                        metadata: {name: NAME}
                        spec:
                          matchConstraints:
                            namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAME}}
                            resourceRules: [{operations: [CONNECT], apiGroups: [""], apiVersions: [v1], resources: [pods/exec]}]
                          validations: [{expression: "false"}]
                        ---
                        apiVersion: admissionregistration.k8s.io/v1
                        kind: ValidatingAdmissionPolicyBinding
                        metadata: {name: NAME}
                        spec: {policyName: NAME, validationActions: [Deny]}
                        """.replace("NAME", guarded))) {
                    clusterScoped.add(made);
                }
                for (boolean asksForCreate : List.of(true, false)) {
                    server.restartWith(GATE + asksForCreate);
                    // A policy that gives no reason refuses as invalid, which tells it from the authorizer.
                    Scene.await(
                            "the policy in force", () -> exec("both", guarded).startsWith("422"));
                    assertThat(exec("both", open))
                            .as("get and create, gate " + asksForCreate)
                            .startsWith("404");
                    assertThat(exec("getter", open))
                            .as("get alone, gate " + asksForCreate)
                            .startsWith(asksForCreate ? "403" : "404");
                    assertThat(exec("getter", guarded)).startsWith("422");
                }
                assertThat(Rbac.of(Snapshot.of(admin))
                                .whoCan(Action.named("exec").orElseThrow(), Optional.of(open)))
                        .extracting(who -> who.subject().toString())
                        .contains("User both", "User getter");
            } finally {
                clusterScoped.forEach(object -> admin.resource(object).delete());
                Leftovers.remove(admin, open);
                Leftovers.remove(admin, guarded);
            }
        }
    }

    private static void grant(KubernetesClient admin, String namespace) {
        for (Map.Entry<String, String> user :
                Map.of("getter", "[get]", "both", "[get, create]").entrySet()) {
            Scene.create(admin, """
                    apiVersion: rbac.authorization.k8s.io/v1
                    kind: Role
                    metadata: {name: USER, namespace: NS}
                    rules: [{apiGroups: [""], resources: [pods/exec], verbs: VERBS}]
                    ---
                    apiVersion: rbac.authorization.k8s.io/v1
                    kind: RoleBinding
                    metadata: {name: USER, namespace: NS}
                    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: USER}
                    subjects: [{kind: User, name: USER, apiGroup: rbac.authorization.k8s.io}]
                    """.replace("USER", user.getKey())
                    .replace("VERBS", user.getValue())
                    .replace("NS", namespace));
        }
    }

    /** Opens a WebSocket for exec in a pod that is not there; the code of the refusal, with its words. */
    private static String exec(String user, String namespace) {
        try (KubernetesClient client = LiveCluster.as(user, "system:authenticated")) {
            String url = client.getMasterUrl().toString().replaceFirst("/+$", "") + "/api/v1/namespaces/" + namespace
                    + "/pods/none/exec?command=true&stdout=true";
            client.getHttpClient()
                    .newWebSocketBuilder()
                    .subprotocol("v5.channel.k8s.io")
                    .uri(URI.create(url))
                    .buildAsync(new WebSocket.Listener() {})
                    .get(20, TimeUnit.SECONDS);
            throw new AssertionError("a pod that is not there lets nobody in");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof WebSocketHandshakeException handshake) {
                    return handshake.getResponse().code() + " " + handshake.getMessage();
                }
            }
            return e.toString();
        }
    }
}
