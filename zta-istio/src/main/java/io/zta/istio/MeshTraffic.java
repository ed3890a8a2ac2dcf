package io.zta.istio;

import io.zta.Posture;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Severity;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The mesh's part of the claim that allowed traffic still works: the gateway, with the token where one is required, gets
 * through to each port that a Service leads to, and no DestinationRule sends its traffic without the mesh's mTLS. Pure.
 */
public final class MeshTraffic {
    private final Posture posture;
    private final Mesh mesh;
    private final ClaimResult.Collector collector;

    private MeshTraffic(Posture posture, Mesh mesh, ClaimResult.Collector collector) {
        this.posture = posture;
        this.mesh = mesh;
        this.collector = collector;
    }

    /**
     * Adds to a collector what the mesh does with the traffic that a posture allows. Covers one thing for each pod and port;
     * a posture that asks nothing of the mesh covers nothing.
     */
    public static void examine(Posture posture, Snapshot snapshot, ClaimResult.Collector collector) {
        if (MeshObjects.of(posture).isEmpty()) {
            return;
        }
        Pods pods = Pods.of(snapshot);
        Ports ports = new Ports(snapshot);
        MeshTraffic traffic = new MeshTraffic(posture, Mesh.of(snapshot), collector);
        for (String namespace : posture.namespaces()) {
            for (Map.Entry<Pod, Integer> entry :
                    MeshExamination.classes(posture, pods, namespace).entrySet()) {
                traffic.pod(entry.getKey(), entry.getValue(), ports.served(entry.getKey()));
            }
        }
    }

    private void pod(Pod pod, int count, Set<Integer> served) {
        Optional<Gateway> gateway = posture.gateway();
        for (int port : served) {
            if (gateway.isPresent() && Expectation.on(posture.ports(), port) && (port < 15000 || port > 15090)) {
                collector.cover(count);
                Client client = Client.identity(
                        mesh.identity(gateway.get().namespace(), gateway.get().serviceAccount()));
                check("the gateway " + gateway.get(), pod, port, client);
                rules(pod, port, gateway.get().namespace());
            }
            for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
                boolean meant = Expectation.on(allow.ports(), port)
                        && pod.labels()
                                .entrySet()
                                .containsAll(allow.to().labels().entrySet());
                if (meant && posture.asks(Intent.StrictMtls.class)) {
                    collector.cover(count);
                    String namespace = allow.from().namespaceOr(pod.namespace());
                    Client client = Client.identity(mesh.identity(
                            namespace, allow.from().serviceAccount().orElse("default")));
                    check(allow.from().toString(), pod, port, client);
                    rules(pod, port, namespace);
                }
            }
        }
    }

    private void check(String who, Pod pod, int port, Client bare) {
        Client client = Clients.required(posture).map(bare::withToken).orElse(bare);
        if (posture.asks(Intent.PermissiveMtls.class)) {
            return;
        }
        MeshVerdict verdict = mesh.decide(pod, port, client);
        if (verdict instanceof MeshVerdict.Unknown unknown) {
            unknown.doubts().forEach(collector::doubt);
        } else if (verdict instanceof MeshVerdict.Denied denied) {
            blocked(who, pod, port, denied.reason(), denied.because());
        } else if (verdict instanceof MeshVerdict.Allowed allowed) {
            if (!allowed.everyRequest()) {
                collector.doubt(Doubt.of(
                        "only some requests of " + who + " get through to " + pod.display() + " TCP " + port,
                        "remove what the AuthorizationPolicies ask of methods, paths, hosts or addresses"));
            }
            allowed.authorizers()
                    .forEach(name -> collector.assume("The external authorizer " + name + " lets proper requests in."));
        }
        String mode = pod.labels().get("security.istio.io/tlsMode");
        if (!pod.fromTemplate()
                && mesh.captures().sidecar(pod).is(Capture.State.CAPTURED)
                && mesh.mode(pod, port).mode() == MtlsModes.Mode.STRICT
                && mode != null
                && !mode.equals("istio")) {
            blocked(
                    who,
                    pod,
                    port,
                    "its label makes clients send plaintext, which the port does not take",
                    List.of(Evidence.of(pod.resource(), "metadata.labels.security.istio.io/tlsMode", mode)));
        }
    }

    /** A DestinationRule that acts on clients of a namespace and turns the mesh's mTLS off. */
    private void rules(Pod pod, int port, String from) {
        Set<String> hosts = new TreeSet<>();
        for (Resource service : mesh.snapshot().resources(GroupKind.SERVICE, pod.namespace())) {
            if (Chains.selects(service, pod)) {
                hosts.add(service.name());
            }
        }
        for (Resource rule : mesh.snapshot().resources(Kinds.DESTINATION_RULE)) {
            boolean acts = List.of(from, pod.namespace(), mesh.rootNamespace()).contains(rule.namespace());
            if (acts && hosts.stream().anyMatch(service -> named(rule, service, pod.namespace()))) {
                off(rule.spec())
                        .ifPresent(tls -> blocked(
                                "traffic of namespace " + from,
                                pod,
                                port,
                                "a DestinationRule sends it without the mesh's mTLS",
                                List.of(Evidence.of(rule, "spec.trafficPolicy.tls.mode", tls))));
            }
        }
    }

    private static boolean named(Resource rule, String service, String namespace) {
        String host = rule.spec().get("host").textOr("");
        return host.equals(service) && rule.namespace().equals(namespace)
                || host.equals(service + "." + namespace)
                || host.startsWith(service + "." + namespace + ".svc")
                || host.startsWith("*")
                        && (service + "." + namespace + ".svc.cluster.local").endsWith(host.substring(1));
    }

    /** The first mode of a rule, at whatever level, that is not the mesh's own. */
    private static Optional<Node> off(Node node) {
        Node mode = node.at("tls", "mode");
        if (mode.isPresent() && !mode.textOr("").equals("ISTIO_MUTUAL")) {
            return Optional.of(mode);
        }
        for (Node child :
                node.isArray() ? node.items() : List.copyOf(node.fields().values())) {
            Optional<Node> found = off(child);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private void blocked(String who, Pod pod, int port, String reason, List<Evidence> because) {
        collector.violatedBy(MeshFinding.BLOCKED.of(
                Severity.ERROR,
                "Pod " + pod.display(),
                "does not let " + who + " through on TCP " + port + ": " + reason,
                because,
                MeshFinding.witness(
                        who + " connects to " + pod.display() + " TCP " + port, "refused: " + reason, because)));
    }
}
