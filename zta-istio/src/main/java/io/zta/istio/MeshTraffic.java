package io.zta.istio;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Severity;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.TokenIssuer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The mesh's part of the claim that allowed traffic still works: the gateway, with the token where one is required, and each
 * allowed peer get through to each port that a Service leads to; their proxies send the mesh's mTLS; and the gateway passes
 * the token on. Pure.
 */
public final class MeshTraffic {
    private final Posture posture;
    private final Mesh mesh;
    private final Pods pods;
    private final ClientTls tls;
    private final ClaimResult.Collector collector;

    private MeshTraffic(Posture posture, Snapshot snapshot, ClaimResult.Collector collector) {
        this.posture = posture;
        this.mesh = Mesh.of(snapshot);
        this.pods = Pods.of(snapshot);
        this.tls = new ClientTls(mesh);
        this.collector = collector;
    }

    /** One allowed client: how it is called, and what the target's sidecar sees of it. */
    private record Peer(String name, String namespace, Map<String, String> labels, Client client) {}

    /**
     * Adds to a collector what the mesh does with the traffic that a posture allows into all its namespaces. Covers one thing
     * for each pod and port and allowed client; a posture that asks nothing of the mesh covers nothing.
     */
    public static void examine(Posture posture, Snapshot snapshot, ClaimResult.Collector collector) {
        posture.namespaces().forEach(namespace -> examine(posture, snapshot, namespace, collector));
    }

    /** Adds to a collector what the mesh does with the traffic that a posture allows into one of its namespaces. */
    public static void examine(Posture posture, Snapshot snapshot, String namespace, ClaimResult.Collector collector) {
        if (MeshObjects.of(posture).isEmpty() || posture.asks(Intent.PermissiveMtls.class)) {
            return;
        }
        Ports ports = Ports.of(snapshot);
        MeshTraffic traffic = new MeshTraffic(posture, snapshot, collector);
        List<Peer> gateways = traffic.gateways();
        traffic.forwarded();
        MeshExamination.classes(posture, traffic.pods, namespace)
                .forEach((pod, count) -> traffic.pod(pod, count, ports.served(pod), gateways));
    }

    /** TCP ports of a pod that Services of a snapshot lead to. */
    public static Set<Integer> served(Snapshot snapshot, Pod pod) {
        return Ports.of(snapshot).served(pod);
    }

    /**
     * The pods of a gateway: those that wear its labels and run as its service account. Others may wear the labels too, so
     * they stand for the gateway only where none runs as its account, and then they are judged as what they are.
     */
    public static List<Pod> pods(Pods pods, Gateway gateway) {
        List<Pod> wearing = pods.in(gateway.namespace()).stream()
                .filter(pod -> wears(pod, gateway.labels()) && !pod.ended())
                .toList();
        List<Pod> own = wearing.stream()
                .filter(pod -> pod.serviceAccount().equals(gateway.serviceAccount()))
                .toList();
        return own.isEmpty() ? wearing : own;
    }

    /** The gateway as each of its pods, or as its service account where the snapshot has none of them. */
    private List<Peer> gateways() {
        Optional<Gateway> gateway = posture.gateway();
        if (gateway.isEmpty()) {
            return List.of();
        }
        Map<String, Peer> peers = new LinkedHashMap<>();
        for (Pod pod : pods(pods, gateway.get())) {
            String identity = mesh.identity(pod);
            peers.putIfAbsent(
                    identity,
                    new Peer(
                            "the gateway " + gateway.get() + " (" + identity + ")",
                            pod.namespace(),
                            pod.labels(),
                            Client.identity(identity)));
        }
        if (peers.isEmpty()) {
            String identity =
                    mesh.identity(gateway.get().namespace(), gateway.get().serviceAccount());
            peers.put(
                    identity,
                    new Peer(
                            "the gateway " + gateway.get(),
                            gateway.get().namespace(),
                            gateway.get().labels(),
                            Client.identity(identity)));
        }
        return List.copyOf(peers.values());
    }

    private List<Peer> peers(Intent.Allow allow, Pod target) {
        String namespace = allow.from().namespaceOr(target.namespace());
        Map<String, Peer> peers = new LinkedHashMap<>();
        for (Pod pod : pods.in(namespace)) {
            boolean meant = wears(pod, allow.from().labels())
                    && allow.from()
                            .serviceAccount()
                            .map(pod.serviceAccount()::equals)
                            .orElse(true);
            if (meant && !pod.ended()) {
                Client client = mesh.client(pod);
                Client anywhere = new Client(client.principal(), Optional.empty(), Optional.empty(), Optional.empty());
                peers.putIfAbsent(
                        anywhere.toString(),
                        new Peer("the allowed peer Pod " + pod.display(), namespace, pod.labels(), anywhere));
            }
        }
        if (peers.isEmpty()) {
            String account = allow.from().serviceAccount().orElse("default");
            Client client = Client.identity(mesh.identity(namespace, account));
            peers.put(
                    account,
                    new Peer(allow.from().toString(), namespace, allow.from().labels(), client));
        }
        return List.copyOf(peers.values());
    }

    private static boolean wears(Pod pod, Map<String, String> labels) {
        return pod.labels().entrySet().containsAll(labels.entrySet());
    }

    private void pod(Pod pod, int count, Set<Integer> served, List<Peer> gateways) {
        if (posture.asks(Intent.StrictMtls.class)) {
            unserved(pod, served);
        }
        for (int port : served) {
            if (Expectation.on(posture.ports(), port) && !Posture.SIDECAR_PORTS.contains(port)) {
                for (Peer gateway : gateways) {
                    collector.cover(count);
                    check(gateway, pod, port);
                }
            }
            for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
                boolean meant = Expectation.on(allow.ports(), port)
                        && wears(pod, allow.to().labels());
                if (meant && posture.asks(Intent.StrictMtls.class)) {
                    for (Peer peer : peers(allow, pod)) {
                        collector.cover(count);
                        check(peer, pod, port);
                    }
                }
            }
        }
    }

    /** Allowed ports that no Service leads to: to an address that none covers sidecars send plaintext. */
    private void unserved(Pod pod, Set<Integer> served) {
        for (Pod.ContainerPort port : pod.ports()) {
            boolean allowed = posture.intents(Intent.Allow.class).stream()
                    .filter(allow -> wears(pod, allow.to().labels()) && !isPeer(pod, allow))
                    .flatMap(allow -> allow.ports().stream())
                    .anyMatch(
                            named -> named.protocol().name().equals(port.protocol()) && named.contains(port.number()));
            if (allowed
                    && port.protocol().equals("TCP")
                    && !served.contains(port.number())
                    && mesh.mode(pod, port.number()).mode() == MtlsModes.Mode.STRICT) {
                collector.doubt(Doubt.of(
                        "no Service leads to " + pod.display() + " TCP " + port.number()
                                + ": to an address that no Service covers sidecars send plaintext, and the port takes mTLS",
                        "add a Service that selects the pod, headless or not"));
            }
        }
    }

    /** Whether a pod is itself among those whom an intent lets in. */
    private static boolean isPeer(Pod pod, Intent.Allow allow) {
        return allow.from().namespaceOr(pod.namespace()).equals(pod.namespace())
                && wears(pod, allow.from().labels());
    }

    private void check(Peer peer, Pod pod, int port) {
        // To a port whose mTLS is off proxies send plaintext by themselves.
        Client bare = mesh.mode(pod, port).mode() == MtlsModes.Mode.DISABLE ? Client.plaintext() : peer.client();
        Client client = withToken(bare);
        MeshVerdict verdict = mesh.decide(pod, port, client);
        if (verdict instanceof MeshVerdict.Denied
                && client.principal().isPresent()
                && mesh.capture(pod, port).is(Capture.State.OPEN)) {
            // Clients send plaintext to a pod without a sidecar: it is no way that is cut.
            return;
        }
        if (verdict instanceof MeshVerdict.Unknown unknown) {
            unknown.doubts().forEach(collector::doubt);
        } else if (verdict instanceof MeshVerdict.Denied denied) {
            blocked(peer, pod, port, denied.reason(), denied.because());
        } else if (verdict instanceof MeshVerdict.Allowed allowed) {
            if (!allowed.everyRequest()) {
                collector.doubt(Doubt.of(
                        "only some requests of " + peer.name() + " get through to " + pod.display() + " TCP " + port,
                        "remove what the AuthorizationPolicies ask of methods, paths, hosts or addresses"));
            }
            allowed.authorizers()
                    .forEach(name -> collector.assume("The external authorizer " + name + " lets proper requests in."));
        }
        if (client.principal().isPresent()) {
            sent(peer, pod, port);
        }
    }

    private Client withToken(Client client) {
        return Clients.required(posture).map(client::withToken).orElse(client);
    }

    /** Whether the client's proxy sends the mTLS that the port, or its policies, ask for. */
    private void sent(Peer peer, Pod pod, int port) {
        if (mesh.decide(pod, port, withToken(Client.plaintext())) instanceof MeshVerdict.Allowed) {
            return;
        }
        for (ClientTls.Problem problem : tls.problems(peer.namespace(), peer.labels(), pod, port)) {
            if (problem.certain()) {
                blocked(peer, pod, port, problem.reason(), problem.because());
            } else {
                collector.doubt(Doubt.of(
                        "whether " + peer.name() + " sends mTLS to " + pod.display() + " TCP " + port
                                + " can't be told: " + problem.reason() + " ("
                                + problem.because().get(0) + ")",
                        "set tls.mode ISTIO_MUTUAL there, or remove it"));
            }
        }
        String mode = pod.labels().get("security.istio.io/tlsMode");
        boolean meshed = mesh.captures().sidecar(pod).is(Capture.State.CAPTURED);
        if (!pod.fromTemplate() && meshed && mode != null && !mode.equals("istio")) {
            blocked(
                    peer,
                    pod,
                    port,
                    "its label makes clients send plaintext, which the port does not take",
                    List.of(Evidence.of(pod.resource(), "metadata.labels.security.istio.io/tlsMode", mode)));
        }
    }

    /** Whether a gateway that checks tokens itself passes them on: without being told to it takes them out. */
    private void forwarded() {
        Optional<TokenIssuer> issuer = posture.intent(Intent.RequireToken.class).map(Intent.RequireToken::issuer);
        if (issuer.isEmpty() || posture.gateway().isEmpty()) {
            return;
        }
        Gateway gateway = posture.gateway().get();
        for (Pod pod : pods(pods, gateway)) {
            for (Resource policy : mesh.snapshot().resources(GroupKind.REQUEST_AUTHENTICATION)) {
                if (WorkloadSelectors.applies(policy, pod, mesh.rootNamespace()) == Truth.NO) {
                    continue;
                }
                List<Node> rules = policy.spec().get("jwtRules").items();
                for (int i = 0; i < rules.size(); i++) {
                    boolean same = rules.get(i)
                            .get("issuer")
                            .textOr("")
                            .equals(issuer.get().issuer());
                    if (same && !rules.get(i).get("forwardOriginalToken").isTrue()) {
                        withheld(pod, policy, i, gateway);
                    }
                }
            }
        }
    }

    private void withheld(Pod pod, Resource policy, int index, Gateway gateway) {
        Evidence evidence = Evidence.of(
                policy, "spec.jwtRules[" + index + "].forwardOriginalToken", "not true: the token is removed");
        collector.violatedBy(MeshFinding.BLOCKED.of(
                Severity.ERROR,
                policy.display(),
                "has the gateway " + gateway + " take the token out of requests, and the workloads ask for it",
                List.of(evidence),
                MeshFinding.witness(
                        "a request with a valid token comes to " + pod.display(),
                        "the gateway sends it on without the token",
                        List.of(evidence))));
    }

    private void blocked(Peer peer, Pod pod, int port, String reason, List<Evidence> because) {
        collector.violatedBy(MeshFinding.BLOCKED.of(
                Severity.ERROR,
                "Pod " + pod.display(),
                "does not let " + peer.name() + " through on TCP " + port + ": " + reason,
                because,
                MeshFinding.witness(
                        peer.client() + " connects to " + pod.display() + " TCP " + port,
                        "refused: " + reason,
                        because)));
    }
}
