package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.ArrayList;
import java.util.List;

/** Attacks on what the mesh is told, and on the identities that it trusts. */
final class MeshAttacks {
    private static final String ISTIO = "rights on Istio's objects";
    private static final String BESIDE = "rights in the gateway's namespace";
    private final Attacker attacker;
    private final Arena arena;
    private final List<Attack> attacks = new ArrayList<>();

    private MeshAttacks(Attacker attacker) {
        this.attacker = attacker;
        this.arena = attacker.arena;
    }

    static List<Attack> of(Attacker attacker) {
        MeshAttacks mesh = new MeshAttacks(attacker);
        mesh.policies();
        mesh.routes();
        mesh.identities();
        return mesh.attacks;
    }

    private void creates(String bypass, String what, String needs, String yaml) {
        attacks.add(Attack.request(bypass, what, needs, () -> attacker.creates(yaml)));
    }

    private void policies() {
        creates("MESH-plaintext", "a PERMISSIVE policy", ISTIO, """
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: permissive, namespace: @NS@}
                spec: {selector: {matchLabels: {app: orders}}, mtls: {mode: PERMISSIVE}}
                """);
        creates("MESH-port", "mTLS switched off for one port", ISTIO, """
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: port, namespace: @NS@}
                spec: {selector: {matchLabels: {app: orders}}, portLevelMtls: {"8080": {mode: DISABLE}}}
                """);
        creates("MESH-identity", "an ALLOW for everybody", ISTIO, """
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: allow-all, namespace: @NS@}
                spec: {action: ALLOW, rules: [{}]}
                """);
        creates("MESH-issuer", "a further issuer of tokens", ISTIO, """
                apiVersion: security.istio.io/v1
                kind: RequestAuthentication
                metadata: {name: issuer, namespace: @NS@}
                spec: {jwtRules: [{issuer: attacker, jwks: '{"keys":[]}'}]}
                """);
        creates("MESH-config", "an EnvoyFilter", ISTIO, """
                apiVersion: networking.istio.io/v1alpha3
                kind: EnvoyFilter
                metadata: {name: filter, namespace: @NS@}
                spec: {configPatches: []}
                """);
        creates("MESH-config", "a Sidecar with a listener past capture", ISTIO, """
                apiVersion: networking.istio.io/v1
                kind: Sidecar
                metadata: {name: listener, namespace: @NS@}
                spec:
                  workloadSelector: {labels: {app: orders}}
                  ingress: [{port: {number: 9999, protocol: TCP, name: tcp}, captureMode: NONE, defaultEndpoint: "127.0.0.1:8080"}]
                """);
        creates("MESH-config", "an EnvoyFilter in the gateway's namespace", BESIDE, """
                apiVersion: networking.istio.io/v1alpha3
                kind: EnvoyFilter
                metadata: {name: filter, namespace: @HOME@}
                spec: {configPatches: []}
                """);
        attacks.add(Attack.request("MESH-config", "the mesh's own configuration changed", BESIDE, () -> {
            if (arena.admin
                            .configMaps()
                            .inNamespace(arena.gateway.namespace())
                            .withName("istio")
                            .get()
                    == null) {
                throw new Attack.NotHere("the gateway's namespace holds no ConfigMap istio");
            }
            return Attacker.does(() -> attacker.client
                    .configMaps()
                    .inNamespace(arena.gateway.namespace())
                    .withName("istio")
                    .dryRun()
                    .edit(map -> new ConfigMapBuilder(map)
                            .addToData("attacked", arena.run)
                            .build()));
        }));
        attacks.add(Attack.request(
                "MESH-protocol",
                "a port turned to plain TCP",
                Attacker.EDIT,
                () -> Attacker.does(() -> attacker.client
                        .services()
                        .inNamespace(arena.namespace)
                        .withName("orders")
                        .dryRun()
                        .edit(found -> new ServiceBuilder(found)
                                .editSpec()
                                .editFirstPort()
                                .withName("tcp-http")
                                .endPort()
                                .endSpec()
                                .build()))));
        creates("MESH-protocol", "an older Service's port named plain TCP by a further one", Attacker.EDIT, """
                apiVersion: v1
                kind: Service
                metadata: {name: plain, namespace: @NS@}
                spec: {selector: {app: orders}, ports: [{name: tcp-http, port: 80, targetPort: 8080}]}
                """);
    }

    private void routes() {
        String foreign = "stolen-" + arena.run + ".test";
        attacks.add(Attack.staged(
                        "MESH-route",
                        "a Gateway and a VirtualService of another namespace",
                        "rights on Istio's objects in any namespace",
                        () -> attacker.stages(
                                """
                                apiVersion: networking.istio.io/v1
                                kind: Gateway
                                metadata: {name: stolen, namespace: @OUT@}
                                spec:
                                  selector: @GATEWAY-LABELS@
                                  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["%1$s"]}]
                                ---
                                apiVersion: networking.istio.io/v1
                                kind: VirtualService
                                metadata: {name: stolen, namespace: @OUT@}
                                spec:
                                  hosts: ["%1$s"]
                                  gateways: [stolen]
                                  http: [{route: [{destination: {host: orders.@NS@.svc.cluster.local, port: {number: 80}}}]}]
                                """.formatted(foreign),
                                () -> arena.fetches(arena.outside, "stranger", arena.entrance(), 80, foreign)))
                .leftTo("whoever may write routes in any namespace, unless a token is required"));
    }

    private void identities() {
        attacks.add(Attack.request(
                "MESH-worn",
                "a token of the gateway's account",
                BESIDE,
                () -> Attacker.does(() ->
                        Logins.token(arena.gateway.namespace(), arena.gateway.serviceAccount(), attacker.client))));
        creates("MESH-worn", "a token Secret of the gateway's account made", BESIDE, """
                apiVersion: v1
                kind: Secret
                metadata: {name: worn, namespace: @HOME@, annotations: {kubernetes.io/service-account.name: @ACCOUNT@}}
                type: kubernetes.io/service-account-token
                """);
        creates("MESH-worn", "a pod that runs as the gateway's account", BESIDE, """
                apiVersion: v1
                kind: Pod
                metadata: {name: worn, namespace: @HOME@}
                spec: {serviceAccountName: @ACCOUNT@, containers: [{name: app, image: '@IMAGE@'}]}
                """);
        attacks.add(Attack.request(
                        "MESH-worn",
                        "a token Secret of the gateway's account that was there, read and used",
                        "get on a Secret of the gateway's namespace",
                        () -> {
                            String token = new String(
                                    java.util.Base64.getDecoder()
                                            .decode(attacker.client
                                                    .secrets()
                                                    .inNamespace(arena.gateway.namespace())
                                                    .withName(arena.fill("@RUN@"))
                                                    .require()
                                                    .getData()
                                                    .get("token")),
                                    java.nio.charset.StandardCharsets.UTF_8);
                            return Logins.self(arena.logins.withToken(token, ""))
                                    .equals("system:serviceaccount:" + arena.gateway.namespace() + ":"
                                            + arena.gateway.serviceAccount());
                        })
                .leftTo("whoever may read Secrets in the gateway's and the root namespace"));
        creates("NET-spoof", "a pod with the gateway's labels beside the gateway", BESIDE, """
                apiVersion: v1
                kind: Pod
                metadata: {name: worn, namespace: @HOME@, labels: @GATEWAY-LABELS@}
                spec: {containers: [{name: app, image: '@IMAGE@'}]}
                """);
    }
}
