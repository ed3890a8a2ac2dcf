package io.zta.verify.probe;

import java.util.ArrayList;
import java.util.List;

/** Attacks by pods of the attacker's own, in the protected namespace and beside it. */
final class PodAttacks {
    private final Attacker attacker;
    private final Arena arena;
    private final List<Attack> attacks = new ArrayList<>();

    private PodAttacks(Attacker attacker) {
        this.attacker = attacker;
        this.arena = attacker.arena;
    }

    static List<Attack> of(Attacker attacker) {
        PodAttacks pods = new PodAttacks(attacker);
        pods.withoutSidecar();
        pods.privileged();
        pods.plain();
        return pods.attacks;
    }

    private void pod(String bypass, String what, String metadata, String spec, String container) {
        attacks.add(Attack.request(
                bypass,
                what,
                Attacker.EDIT,
                () -> attacker.creates(Attacker.pod("labels: {app: orders" + metadata, spec, container))));
    }

    private void annotated(String bypass, String what, String annotation) {
        pod(bypass, what, "}, annotations: {" + annotation + "}", "", "");
    }

    private void withoutSidecar() {
        String off = ", sidecar.istio.io/inject: 'false'}";
        pod("MESH-nosidecar", "a pod without sidecar behind the Service", off, "", "");
        pod("MESH-capture", "a sidecar faked", off, "", "}, {name: istio-proxy, image: '@IMAGE@'");
        annotated(
                "MESH-capture", "a port taken out of capture", "traffic.sidecar.istio.io/excludeInboundPorts: '8080'");
        annotated("MESH-capture", "no port captured", "traffic.sidecar.istio.io/includeInboundPorts: ''");
        annotated(
                "MESH-capture",
                "an interface taken out of capture",
                "traffic.sidecar.istio.io/excludeInterfaces: eth0");
        annotated("MESH-capture", "an interface rerouted", "istio.io/reroute-virtual-interfaces: eth0");
        annotated("MESH-capture", "interception switched off", "sidecar.istio.io/interceptionMode: NONE");
        annotated("MESH-capture", "another injection template", "inject.istio.io/templates: grpc-agent");
        pod(
                "MESH-capture",
                "a sidecar that does not start Envoy",
                "}",
                "",
                "}, {name: istio-proxy, image: auto, env: [{name: DISABLE_ENVOY, value: 'true'}]");
        pod(
                "MESH-image",
                "a sidecar that starts with a configuration of one's own, under the injector's mark",
                "}, annotations: {sidecar.istio.io/status: '{}'}",
                "",
                "}, {name: istio-proxy, image: auto, env: [{name: ISTIO_BOOTSTRAP, value: /etc/own.json}]");
        annotated("MESH-image", "the sidecar's image replaced", "sidecar.istio.io/proxyImage: '@IMAGE@'");
        pod(
                "MESH-image",
                "a container of the sidecar's name with an image of one's own",
                "}",
                "",
                "}, {name: istio-proxy, image: '@IMAGE@'");
    }

    private void privileged() {
        pod(
                "MESH-netadmin",
                "a container with NET_ADMIN",
                "}",
                "",
                ", securityContext: {capabilities: {add: [NET_ADMIN]}}");
        pod("MESH-netadmin", "a privileged container", "}", "", ", securityContext: {privileged: true}");
        pod(
                "MESH-netadmin",
                "a container that runs as the proxy's user",
                "}",
                "",
                ", securityContext: {runAsUser: 1337}");
        pod("NET-node", "a pod of the protected namespace in the node's network", "}", "hostNetwork: true, ", "");
        pod("API-hostpod", "a pod that shares the node's processes", "}", "hostPID: true, ", "");
        pod(
                "API-hostpod",
                "a pod that mounts the node's root",
                "}",
                "volumes: [{name: node, hostPath: {path: /}}], ",
                "");
        attacks.add(Attack.staged(
                        "API-hostpod",
                        "a privileged pod of another namespace on the same node, over the application's loopback",
                        "create on pods, in any namespace",
                        this::fromTheNode)
                .leftTo("whoever may create pods in a namespace that no Pod Security level covers"));
    }

    private boolean fromTheNode() throws Exception {
        var orders = arena.orders();
        String script = "for p in /proc/[0-9]*; do if [ \"$(cat $p/root/etc/hostname 2>/dev/null)\" = "
                + orders.getMetadata().getName() + " ]; then "
                + Arena.request("nsenter -t ${p#/proc/} -n nc", "127.0.0.1", 8080, "orders", "/hostname")
                + "; break; fi; done";
        return attacker.stages(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: from-the-node, namespace: @OUT@}
                spec:
                  nodeName: %s
                  hostPID: true
                  terminationGracePeriodSeconds: 1
                  containers:
                  - {name: app, image: '@IMAGE@', imagePullPolicy: @PULL@, command: [agnhost, pause], securityContext: {privileged: true}}
                """.formatted(orders.getSpec().getNodeName()),
                () -> Arena.ran(arena.admin, arena.outside, "from-the-node", script)
                        .contains(" 200 "));
    }

    private void plain() {
        attacks.add(Attack.request(
                        "API-create",
                        "a pod with a sidecar and the application's labels, that runs what one likes",
                        Attacker.EDIT,
                        () -> attacker.creates(Attacker.pod("labels: {app: orders}", "", "")))
                .leftTo("whoever may create pods or workloads in the protected namespace"));
        attacks.add(Attack.request(
                "API-create", "a pod without sidecar, by server-side apply", "create and patch on one name", () -> {
                    var patcher = arena.logins.withToken(Logins.token(arena.outside, "patcher", arena.admin), "");
                    var pod = attacker.object(
                            Attacker.pod("labels: {app: orders, sidecar.istio.io/inject: 'false'}", "", "")
                                    .replace("name: behind", "name: limited"));
                    return Attacker.does(() -> patcher.resource(pod).dryRun().serverSideApply());
                }));
    }
}
