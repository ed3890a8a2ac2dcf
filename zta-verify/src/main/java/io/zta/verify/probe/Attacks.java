package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.WebSocketHandshakeException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.zta.verify.probe.Attack.Attempt;
import io.zta.verify.probe.Attack.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The attacks of the red team, by the rows of the catalogue. What is written is a dry run, and decided all the same. */
final class Attacks {
    private static final String EDIT = "edit";
    private static final String ISTIO = "rights on Istio's objects";

    private final Arena arena;
    private final KubernetesClient attacker;
    private final List<Attack> attacks = new ArrayList<>();

    private Attacks(Arena arena, KubernetesClient attacker) {
        this.arena = arena;
        this.attacker = attacker;
    }

    /** All attacks on an arena that is there. */
    static List<Attack> of(Arena arena) {
        Attacks all = new Attacks(arena, arena.attacker(""));
        all.collect();
        return List.copyOf(all.attacks);
    }

    /** The same, only to be listed: nothing is attempted, and no cluster is asked. */
    static List<Attack> listed(Arena arena) {
        Attacks all = new Attacks(arena, arena.admin);
        all.collect();
        return List.copyOf(all.attacks);
    }

    /** What has to go on working. */
    static List<Attack> uses(Arena arena) {
        String entrance = arena.gateway.name() + "." + arena.gateway.namespace() + ".svc.cluster.local";
        return List.of(
                new Attack(
                        "",
                        "a request through the gateway",
                        "",
                        Layer.PACKETS,
                        () -> arena.fetches(arena.outside, "stranger", entrance, 80, arena.host)),
                new Attack("", "the kubelet's probe", "", Layer.PACKETS, () -> Arena.ready(arena.orders())),
                new Attack(
                        "",
                        "names resolve",
                        "",
                        Layer.PACKETS,
                        () -> Arena.exec(
                                        arena.admin,
                                        arena.namespace,
                                        "neighbour",
                                        "nslookup",
                                        "orders." + arena.namespace + ".svc.cluster.local")
                                .contains("Name:")));
    }

    private void collect() {
        network();
        mesh();
        entries();
        rights();
    }

    private void packets(String bypass, String what, Attempt attempt) {
        attacks.add(new Attack(bypass, what, "", Layer.PACKETS, attempt));
    }

    private void api(String bypass, String what, String needs, Attempt attempt) {
        attacks.add(new Attack(bypass, what, needs, Layer.API, attempt));
    }

    private void network() {
        String service = "orders." + arena.namespace + ".svc.cluster.local";
        record From(String bypass, String what, String namespace, String pod) {}
        for (From from : List.of(
                new From("NET-direct", "a stranger", arena.outside, "stranger"),
                new From("NET-direct", "a neighbour", arena.namespace, "neighbour"),
                new From(
                        "NET-direct",
                        "another pod of the gateway's namespace",
                        arena.gateway.namespace(),
                        arena.beside()),
                new From("NET-spoof", "the gateway's labels worn elsewhere", arena.outside, "worn"),
                new From("NET-spoof", "the gateway's labels worn beside it", arena.namespace, "worn-inside"))) {
            packets(
                    from.bypass(),
                    from.what() + ", to the pod's address",
                    () -> arena.fetches(from.namespace(), from.pod(), address(), 8080, "orders"));
            packets(
                    from.bypass(),
                    from.what() + ", by the Service",
                    () -> arena.fetches(from.namespace(), from.pod(), service, 80, service));
        }
        packets(
                "NET-node",
                "a pod in the node's network",
                () -> arena.fetches(arena.outside, "on-node", address(), 8080, "orders"));
    }

    private void mesh() {
        api("MESH-plaintext", "a PERMISSIVE policy", ISTIO, () -> creates("""
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: permissive, namespace: @NS@}
                spec: {selector: {matchLabels: {app: orders}}, mtls: {mode: PERMISSIVE}}
                """));
        api("MESH-port", "mTLS switched off for one port", ISTIO, () -> creates("""
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: port, namespace: @NS@}
                spec: {selector: {matchLabels: {app: orders}}, portLevelMtls: {"8080": {mode: DISABLE}}}
                """));
        api(
                "MESH-nosidecar",
                "a pod without sidecar behind the Service",
                EDIT,
                () -> creates(pod("labels: {app: orders, sidecar.istio.io/inject: 'false'}", "")));
        api(
                "MESH-capture",
                "a port taken out of capture",
                EDIT,
                () -> creates(pod(
                        "labels: {app: orders}, annotations: {traffic.sidecar.istio.io/excludeInboundPorts: '8080'}",
                        "")));
        api(
                "MESH-capture",
                "a sidecar faked",
                EDIT,
                () -> creates(pod(
                        "labels: {app: orders, sidecar.istio.io/inject: 'false'}",
                        ", {name: istio-proxy, image: '@IMAGE@'}")));
        api(
                "MESH-image",
                "the sidecar's image replaced",
                EDIT,
                () -> creates(pod("labels: {app: orders}, annotations: {sidecar.istio.io/proxyImage: '@IMAGE@'}", "")));
        api("MESH-identity", "an ALLOW for everybody", ISTIO, () -> creates("""
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: allow-all, namespace: @NS@}
                spec: {action: ALLOW, rules: [{}]}
                """));
        api("MESH-issuer", "a further issuer of tokens", ISTIO, () -> creates("""
                apiVersion: security.istio.io/v1
                kind: RequestAuthentication
                metadata: {name: issuer, namespace: @NS@}
                spec: {jwtRules: [{issuer: attacker, jwks: '{"keys":[]}'}]}
                """));
        api("MESH-config", "an EnvoyFilter", ISTIO, () -> creates("""
                apiVersion: networking.istio.io/v1alpha3
                kind: EnvoyFilter
                metadata: {name: filter, namespace: @NS@}
                spec: {configPatches: []}
                """));
        api(
                "MESH-protocol",
                "a port turned to plain TCP",
                EDIT,
                () -> does(() -> attacker.services()
                        .inNamespace(arena.namespace)
                        .withName("orders")
                        .dryRun()
                        .edit(found -> new ServiceBuilder(found)
                                .editSpec()
                                .editFirstPort()
                                .withName("tcp-http")
                                .endPort()
                                .endSpec()
                                .build())));
        String beside = "create in the gateway's namespace";
        api(
                "MESH-worn",
                "a token of the gateway's account",
                beside,
                () -> does(() -> Arena.token(arena.gateway.namespace(), arena.gateway.serviceAccount(), attacker)));
        api("MESH-worn", "a token Secret of the gateway's account", beside, () -> creates("""
                apiVersion: v1
                kind: Secret
                metadata: {name: worn, namespace: @HOME@, annotations: {kubernetes.io/service-account.name: @ACCOUNT@}}
                type: kubernetes.io/service-account-token
                """));
        api("NET-spoof", "a pod with the gateway's labels beside it", beside, () -> creates("""
                apiVersion: v1
                kind: Pod
                metadata: {name: worn, namespace: @HOME@, labels: @GATEWAY-LABELS@}
                spec: {containers: [{name: app, image: '@IMAGE@'}]}
                """));
    }

    private void entries() {
        api("API-exec", "exec by WebSocket", EDIT, () -> enters(attacker));
        api("API-exec", "exec by POST", EDIT, () -> passes("POST", "/exec?command=true&stdout=true&container=app"));
        api("API-attach", "attach", EDIT, () -> passes("POST", "/attach?stdout=true&container=app"));
        api("API-portforward", "port-forward", EDIT, () -> passes("POST", "/portforward?ports=8080"));
        api("API-proxy", "the pod's proxy", EDIT, () -> passes("GET", ":8080/proxy/hostname"));
        api(
                "API-proxy",
                "the Service's proxy",
                EDIT,
                () -> raw("GET", "/api/v1/namespaces/" + arena.namespace + "/services/orders:80/proxy/hostname"));
        api(
                "API-node",
                "the node's proxy",
                "get on nodes/proxy",
                () -> raw("GET", "/api/v1/nodes/" + arena.orders().getSpec().getNodeName() + "/proxy/healthz"));
        api(
                "API-ephemeral",
                "an ephemeral container",
                "patch on pods/ephemeralcontainers",
                () -> does(() -> attacker.pods()
                        .inNamespace(arena.namespace)
                        .withName(arena.orders().getMetadata().getName())
                        .ephemeralContainers()
                        .edit(pod -> new PodBuilder(pod)
                                .editSpec()
                                // Under a name of its own each time: one that is there already is invalid, not refused.
                                .addToEphemeralContainers(new EphemeralContainerBuilder()
                                        .withName("debug-" + Long.toString(System.nanoTime(), 36))
                                        .withImage(arena.fill("@IMAGE@"))
                                        .build())
                                .endSpec()
                                .build())));
        String pipeline = "system:serviceaccount:" + arena.namespace + ":" + Arena.PIPELINE;
        api("API-impersonate", "exec as the pipeline's account", EDIT, () -> enters(arena.attacker(pipeline)));
        api(
                "API-token",
                "exec by a token minted for the pipeline's account",
                EDIT,
                () -> enters(arena.withToken(Arena.token(arena.namespace, Arena.PIPELINE, attacker), "")));
    }

    private void rights() {
        api("API-create", "a pod made by server-side apply", "create and patch on one name", () -> {
            KubernetesClient patcher = arena.withToken(Arena.token(arena.outside, "patcher", arena.admin), "");
            HasMetadata pod = object(pod("labels: {app: orders, sidecar.istio.io/inject: 'false'}", "")
                    .replace("name: behind", "name: limited"));
            return does(() -> patcher.resource(pod).dryRun().serverSideApply());
        });
        api("API-rbac", "a role that lets enter", "create and escalate on roles", () -> creates("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: Role
                metadata: {name: enter-again, namespace: @NS@}
                rules: [{apiGroups: [zta.io], resources: [containers], verbs: [enter]}]
                """));
        api("API-policy", "a NetworkPolicy that opens", EDIT, () -> creates("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: opening, namespace: @NS@}
                spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
                """));
        api(
                "API-policy",
                "a NetworkPolicy deleted",
                EDIT,
                () -> does(() -> attacker.network()
                        .networkPolicies()
                        .inNamespace(arena.namespace)
                        .withName("someones")
                        .dryRun()
                        .delete()));
        api(
                "API-gc",
                "a NetworkPolicy orphaned to the collector",
                EDIT,
                () -> does(() -> attacker.network()
                        .networkPolicies()
                        .inNamespace(arena.namespace)
                        .withName("someones")
                        .dryRun()
                        .edit(policy -> new NetworkPolicyBuilder(policy)
                                .editMetadata()
                                .addToOwnerReferences(new OwnerReferenceBuilder()
                                        .withApiVersion("v1")
                                        .withKind("ConfigMap")
                                        .withName("gone")
                                        .withUid("00000000-0000-0000-0000-000000000000")
                                        .build())
                                .endMetadata()
                                .build())));
    }

    private String address() {
        return arena.orders().getStatus().getPodIP();
    }

    private static String pod(String metadata, String more) {
        return "apiVersion: v1\nkind: Pod\nmetadata: {name: behind, namespace: @NS@, " + metadata + "}\n"
                + "spec: {containers: [{name: app, image: '@IMAGE@'}" + more + "]}\n";
    }

    private HasMetadata object(String yaml) {
        return Serialization.unmarshal(arena.fill(yaml), GenericKubernetesResource.class);
    }

    private boolean creates(String yaml) {
        return does(() -> attacker.resource(object(yaml)).dryRun().create());
    }

    /** Whether the API server let it through. Any other failure than a refusal tells nothing. */
    private static boolean does(Runnable deed) {
        try {
            deed.run();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == 403 || e.getCode() == 422) {
                return false;
            }
            throw e;
        }
    }

    private boolean passes(String method, String path) {
        return raw(
                method,
                "/api/v1/namespaces/" + arena.namespace + "/pods/"
                        + arena.orders().getMetadata().getName() + path);
    }

    /** Whether a request gets past authorization and admission: a stream that is not upgraded is a 400 of the handler's. */
    private boolean raw(String method, String path) {
        try {
            attacker.raw(path, method, method.equals("GET") ? null : Map.of());
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == 0) {
                throw e;
            }
            return e.getCode() != 403;
        }
    }

    private boolean enters(KubernetesClient client) {
        try {
            return Arena.exec(
                            client,
                            arena.namespace,
                            arena.orders().getMetadata().getName(),
                            "echo",
                            "inside")
                    .contains("inside");
        } catch (KubernetesClientException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof WebSocketHandshakeException handshake
                        && handshake.getResponse().code() == 403) {
                    return false;
                }
            }
            if (e.getCode() == 403) {
                return false;
            }
            throw e;
        }
    }
}
