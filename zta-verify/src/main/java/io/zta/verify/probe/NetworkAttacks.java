package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.ArrayList;
import java.util.List;

/** Attacks that packets and the kubelet carry. */
final class NetworkAttacks {
    private static final String NODE = "nodes, their kubelets, and whoever may create pods in the node's network";
    private final Attacker attacker;
    private final Arena arena;
    private final List<Attack> attacks = new ArrayList<>();

    private NetworkAttacks(Attacker attacker) {
        this.attacker = attacker;
        this.arena = attacker.arena;
    }

    static List<Attack> of(Attacker attacker) {
        NetworkAttacks network = new NetworkAttacks(attacker);
        network.sources();
        network.ports();
        network.node();
        network.selection();
        network.tiers();
        network.kubelet();
        return network.attacks;
    }

    private void packets(String bypass, String what, Attack.Attempt attempt) {
        attacks.add(Attack.packets(bypass, what, attempt));
    }

    private void sources() {
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
                new From("NET-spoof", "the gateway's labels worn beside the target", arena.namespace, "worn-inside"))) {
            packets(
                    from.bypass(),
                    from.what() + ", to the pod's address",
                    () -> arena.fetches(from.namespace(), from.pod(), arena.address(), 8080, "orders"));
            packets(
                    from.bypass(),
                    from.what() + ", by the Service",
                    () -> arena.fetches(from.namespace(), from.pod(), service, 80, service));
        }
    }

    private void ports() {
        packets(
                "NET-ports",
                "a port that the pod does not declare",
                () -> arena.fetches(arena.outside, "stranger", arena.address(), 9090, "orders"));
        packets(
                "NET-ports",
                "a UDP port",
                () -> arena.connects(arena.outside, "stranger", arena.address() + ":8081", "udp"));
        packets(
                "MESH-udp",
                "a UDP port past the sidecar, from a neighbour",
                () -> arena.connects(arena.namespace, "neighbour", arena.address() + ":8081", "udp"));
    }

    private void node() {
        packets(
                "NET-node",
                "a pod in the node's network sends a request",
                () -> arena.fetches(arena.outside, "on-node", arena.address(), 8080, "orders"));
        attacks.add(Attack.packets(
                        "NET-node",
                        "a pod in the node's network opens a connection and says nothing",
                        () -> arena.connects(arena.outside, "on-node", arena.address() + ":8080", "tcp"))
                .leftTo(NODE));
        packets(
                "MESH-admin",
                "the application's health by the sidecar's port 15020, from a stranger",
                () -> arena.fetches(
                        arena.outside, "stranger", arena.address(), 15020, "orders", "/app-health/app/readyz"));
        attacks.add(Attack.packets(
                        "MESH-admin",
                        "the application's health by the sidecar's port 15020, from the node",
                        () -> arena.fetches(
                                arena.outside, "on-node", arena.address(), 15020, "orders", "/app-health/app/readyz"))
                .leftTo(NODE));
    }

    private void selection() {
        attacks.add(Attack.staged(
                "NET-label", "a pod's labels edited, and a stranger's request to it", Attacker.EDIT, () -> {
                    boolean edited = Attacker.does(() -> attacker.client
                            .pods()
                            .inNamespace(arena.namespace)
                            .withName("loose")
                            .edit(pod -> new PodBuilder(pod)
                                    .editMetadata()
                                    .removeFromLabels("app")
                                    .addToLabels("left", Long.toString(System.nanoTime(), 36))
                                    .endMetadata()
                                    .build()));
                    String address = arena.admin
                            .pods()
                            .inNamespace(arena.namespace)
                            .withName("loose")
                            .get()
                            .getStatus()
                            .getPodIP();
                    return edited && arena.fetches(arena.outside, "stranger", address, 8080, "loose");
                }));
        attacks.add(Attack.request(
                "NET-label",
                "the namespace's label for injection changed",
                "patch on the namespace",
                () -> Attacker.does(() -> attacker.client
                        .namespaces()
                        .withName(arena.namespace)
                        .dryRun()
                        .edit(namespace -> new NamespaceBuilder(namespace)
                                .editMetadata()
                                .addToLabels("istio-injection", "disabled")
                                .endMetadata()
                                .build()))));
    }

    private void tiers() {
        String rights = "create on Cilium's policies";
        attacks.add(Attack.request("NET-tier", "a CiliumNetworkPolicy that opens", rights, () -> {
            needsCilium();
            return attacker.creates("""
                    apiVersion: cilium.io/v2
                    kind: CiliumNetworkPolicy
                    metadata: {name: opening, namespace: @NS@}
                    spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}
                    """);
        }));
        attacks.add(Attack.staged("NET-tier", "a CiliumClusterwideNetworkPolicy that opens", rights, () -> {
                    needsCilium();
                    return attacker.stages(
                            """
                            apiVersion: cilium.io/v2
                            kind: CiliumClusterwideNetworkPolicy
                            metadata: {name: @RUN@, ownerReferences: @OWNER@}
                            spec:
                              endpointSelector:
                                matchLabels: {"k8s:io.kubernetes.pod.namespace": @NS@, "k8s:app": tiered}
                              ingress: [{fromEntities: [all]}]
                            """,
                            () -> arena.connects(
                                    arena.outside,
                                    "stranger",
                                    arena.admin
                                                    .pods()
                                                    .inNamespace(arena.namespace)
                                                    .withName("tiered")
                                                    .get()
                                                    .getStatus()
                                                    .getPodIP()
                                            + ":8080",
                                    "tcp"));
                })
                .leftTo("whoever may write cluster-wide policies"));
    }

    private void needsCilium() throws Attack.NotHere {
        if (arena.admin.getApiGroup("cilium.io") == null) {
            throw new Attack.NotHere("Cilium's policies are not installed, and no other tier is tried");
        }
    }

    private void kubelet() {
        String rights = "create on pods, in any namespace";
        attacks.add(Attack.staged(
                "NET-probe",
                "a probe with the target as its host, by HTTP",
                rights,
                () -> probed("http", "httpGet: {host: \"" + arena.address() + "\", port: 8080, path: /hostname}")));
        attacks.add(Attack.staged(
                        "NET-probe",
                        "a probe with the target as its host, by a bare connection",
                        rights,
                        () -> probed("tcp", "tcpSocket: {host: \"" + arena.address() + "\", port: 8080}"))
                .leftTo("whoever may create pods where Pod Security lets probes name a host"));
        attacks.add(Attack.request(
                "NET-probe",
                "such a probe in the protected namespace",
                Attacker.EDIT,
                () -> attacker.creates(Attacker.pod(
                        "labels: {app: orders}",
                        "",
                        ", readinessProbe: {httpGet: {host: 10.0.0.1, port: 8080, path: /}}"))));
    }

    /** The pod becomes ready when the kubelet, which policies let in, is answered by the target. */
    private boolean probed(String name, String probe) throws Exception {
        String pod = "probing-" + name;
        return attacker.stages(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: @OUT@}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - {name: app, image: '@IMAGE@', imagePullPolicy: @PULL@, command: [agnhost, pause], readinessProbe: {periodSeconds: 1, %s}}
                """.formatted(pod, probe),
                () -> Arena.ready(arena.admin
                        .pods()
                        .inNamespace(arena.outside)
                        .withName(pod)
                        .get()));
    }
}
