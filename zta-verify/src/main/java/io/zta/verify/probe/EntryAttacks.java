package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;

/** Ways into a container by the API, directly and as somebody else. */
final class EntryAttacks {
    private final Attacker attacker;
    private final Arena arena;
    private final KubernetesClient client;
    private final List<Attack> attacks = new ArrayList<>();

    private EntryAttacks(Attacker attacker) {
        this.attacker = attacker;
        this.arena = attacker.arena;
        this.client = attacker.client;
    }

    static List<Attack> of(Attacker attacker) {
        EntryAttacks entries = new EntryAttacks(attacker);
        entries.subresources();
        entries.node();
        entries.asSomebodyElse();
        return entries.attacks;
    }

    private void request(String bypass, String what, String needs, Attack.Attempt attempt) {
        attacks.add(Attack.request(bypass, what, needs, attempt));
    }

    private void subresources() {
        String edit = Attacker.EDIT;
        request("API-exec", "exec by WebSocket", edit, () -> attacker.enters(client));
        request(
                "API-exec",
                "exec by POST",
                edit,
                () -> attacker.passes("POST", "/exec?command=true&stdout=true&container=app"));
        request(
                "MESH-admin",
                "the sidecar's administration on 15000, by exec",
                edit,
                () -> attacker.enters(
                                client,
                                "sh",
                                "-c",
                                Arena.request("nc", "127.0.0.1", 15000, "localhost", "/server_info"))
                        .contains(" 200 "));
        request("API-attach", "attach", edit, () -> attacker.passes("POST", "/attach?stdout=true&container=app"));
        request("API-portforward", "port-forward", edit, () -> attacker.passes("POST", "/portforward?ports=8080"));
        request("API-proxy", "the pod's proxy", edit, () -> attacker.passes("GET", ":8080/proxy/hostname"));
        request(
                "API-proxy",
                "the Service's proxy",
                edit,
                () -> Attacker.raw(
                        client, "GET", "/api/v1/namespaces/" + arena.namespace + "/services/orders:80/proxy/hostname"));
        request("API-ephemeral", "an ephemeral container", "patch on pods/ephemeralcontainers", this::ephemeral);
    }

    private boolean ephemeral() {
        return Attacker.does(() -> client.pods()
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
                        .build()));
    }

    private void node() {
        String rights = "get on nodes/proxy";
        request(
                "API-node",
                "the node's proxy",
                rights,
                () -> Attacker.raw(
                        client,
                        "GET",
                        "/api/v1/nodes/" + arena.orders().getSpec().getNodeName() + "/proxy/healthz"));
        attacks.add(Attack.request("API-node", "exec by the kubelet's own port", rights, () -> {
                    Pod orders = arena.orders();
                    return Attacker.raw(
                            arena.logins.kubelet(
                                    orders.getStatus().getHostIP(),
                                    Logins.token(arena.outside, Arena.ATTACKER, arena.admin)),
                            "GET",
                            "/exec/" + arena.namespace + "/"
                                    + orders.getMetadata().getName() + "/app?command=true&output=1");
                })
                .leftTo("whoever holds get on nodes/proxy: the kubelet asks no admission"));
    }

    private String account(String name) {
        return "system:serviceaccount:" + arena.namespace + ":" + name;
    }

    private boolean byToken(String account) {
        return attacker.enters(arena.logins.withToken(Logins.token(arena.namespace, account, client), ""));
    }

    private void asSomebodyElse() {
        String who = "whoever may act as one who may enter";
        request(
                "API-impersonate",
                "exec as the pipeline's account",
                Attacker.EDIT,
                () -> attacker.enters(arena.attacker(account(Arena.PIPELINE))));
        attacks.add(Attack.request(
                        "API-impersonate",
                        "exec as an account that may enter",
                        Attacker.EDIT,
                        () -> attacker.enters(arena.attacker(account(Arena.RESCUER))))
                .leftTo(who));
        request(
                "API-token",
                "exec by a token minted for the pipeline's account",
                Attacker.EDIT,
                () -> byToken(Arena.PIPELINE));
        attacks.add(Attack.request(
                        "API-token",
                        "exec by a token minted for an account that may enter",
                        Attacker.EDIT,
                        () -> byToken(Arena.RESCUER))
                .leftTo(who));
        request(
                "OPS-expired",
                "exec by a break-glass grant past its time, which is reaped as the posture comes",
                "the grant",
                () -> attacker.enters(arena.logins.withToken(Logins.token(arena.outside, "late", arena.admin), "")));
    }
}
