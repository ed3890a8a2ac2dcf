package io.zta.network;

import io.zta.intent.Port;
import io.zta.intent.Port.Protocol;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Where a Service leads: policies see the port of the pod, after the address was translated, and never the Service's own.
 * A named targetPort is resolved by each pod. Pure.
 */
public final class ServicePorts {
    private ServicePorts() {}

    /**
     * A pod behind a Service.
     *
     * @param pod the pod
     * @param port its port, which policies see
     */
    public record Target(Pod pod, Port port) {}

    /** The pods behind one port of a Service; empty where it has no such port or selects no pod. */
    public static List<Target> targets(Resource service, Port port, List<Pod> pods) {
        List<Target> targets = new ArrayList<>();
        Map<String, String> labels = service.spec().get("selector").textMap();
        if (labels.isEmpty()) {
            return targets;
        }
        Selector selector = Selector.labels(labels);
        for (Node entry : service.spec().get("ports").items()) {
            String protocol = entry.get("protocol").textOr("TCP");
            if (!protocol.equals(port.protocol().name())
                    || entry.get("port").integer().orElse(-1) != port.first()) {
                continue;
            }
            for (Pod pod : pods) {
                if (pod.namespace().equals(service.namespace()) && selector.matches(pod.labels())) {
                    OptionalInt number = number(entry, pod, protocol);
                    if (number.isPresent() && number.getAsInt() > 0 && number.getAsInt() < 65536) {
                        targets.add(new Target(
                                pod, new Port(Protocol.valueOf(protocol), number.getAsInt(), number.getAsInt())));
                    }
                }
            }
        }
        return targets;
    }

    /**
     * Whether a Service takes traffic at the nodes' addresses, or at others that are routed to them, and may hand it on with
     * a node's own address as its source, which policies let in: {@code externalTrafficPolicy: Local} keeps the client's.
     */
    static boolean hidesClients(Resource service) {
        String type = service.spec().get("type").textOr("ClusterIP");
        boolean atNodes = type.equals("NodePort")
                || type.equals("LoadBalancer")
                || service.spec().get("externalIPs").size() > 0;
        return atNodes
                && !service.spec()
                        .get("externalTrafficPolicy")
                        .textOr("Cluster")
                        .equals("Local");
    }

    private static OptionalInt number(Node entry, Pod pod, String protocol) {
        Node target = entry.get("targetPort");
        if (target.isAbsent()) {
            return entry.get("port").integer();
        }
        if (target.integer().isPresent()) {
            return target.integer();
        }
        return pod.ports().stream()
                .filter(port ->
                        port.name().equals(target.textOr("")) && port.protocol().equals(protocol))
                .mapToInt(Pod.ContainerPort::number)
                .findFirst();
    }
}
