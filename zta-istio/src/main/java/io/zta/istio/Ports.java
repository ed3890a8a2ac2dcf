package io.zta.istio;

import io.zta.intent.Port;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The TCP ports of a pod that policies could tell apart: those named anywhere, and one that is named nowhere and so stands
 * for all the others. The sidecar's own ports are left out.
 */
final class Ports {
    /** The sidecar listens on these itself; on 15008 only in ambient mode, so an application may, past the capture. */
    private static final Set<Integer> OWN = Set.of(15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090);

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,5}");

    private final Snapshot snapshot;
    private final Set<Integer> inPolicies = new TreeSet<>();

    /** The ports of a snapshot's policies, read once for each snapshot. */
    static Ports of(Snapshot snapshot) {
        return snapshot.derived(Ports.class, Ports::new);
    }

    private Ports(Snapshot snapshot) {
        this.snapshot = snapshot;
        for (Resource policy : snapshot.resources(GroupKind.AUTHORIZATION_POLICY)) {
            for (Node rule : policy.spec().get("rules").items()) {
                for (Node to : rule.get("to").items()) {
                    to.at("operation", "ports").texts().forEach(this::add);
                    to.at("operation", "notPorts").texts().forEach(this::add);
                }
                for (Node when : rule.get("when").items()) {
                    if (when.get("key").textOr("").equals("destination.port")) {
                        when.get("values").texts().forEach(this::add);
                        when.get("notValues").texts().forEach(this::add);
                    }
                }
            }
        }
        for (Resource policy : snapshot.resources(GroupKind.PEER_AUTHENTICATION)) {
            policy.spec().get("portLevelMtls").fields().keySet().forEach(this::add);
        }
    }

    private void add(String text) {
        Matcher matcher = NUMBER.matcher(text);
        while (matcher.find()) {
            inPolicies.add(Integer.parseInt(matcher.group()));
        }
    }

    /** The ports to look at, given those that a posture names. */
    Set<Integer> of(Pod pod, List<Port> named) {
        Set<Integer> ports = new LinkedHashSet<>(served(pod)); // a witness names the first, so those in use come first
        ports.addAll(inPolicies);
        named.stream().filter(port -> port.protocol() == Port.Protocol.TCP).forEach(port -> {
            ports.add(port.first());
            ports.add(port.last());
        });
        pod.ports().stream().filter(port -> port.protocol().equals("TCP")).forEach(port -> ports.add(port.number()));
        pod.annotations().forEach((key, value) -> {
            if (key.contains("sidecar.istio.io")) {
                Matcher matcher = NUMBER.matcher(value);
                while (matcher.find()) {
                    ports.add(Integer.parseInt(matcher.group()));
                }
            }
        });
        boolean tunnel = served(pod).contains(15008)
                || pod.ports().stream()
                        .anyMatch(port -> port.number() == 15008
                                && port.protocol().equals("TCP")
                                && !port.container().equals("istio-proxy"));
        ports.removeIf(port -> port < 1 || port > 65535 || OWN.contains(port) && !(port == 15008 && tunnel));
        int other = 1024;
        while (ports.contains(other)) {
            other++;
        }
        ports.add(other);
        return ports;
    }

    /** The pod's ports that Services lead to. */
    Set<Integer> served(Pod pod) {
        Set<Integer> ports = new TreeSet<>();
        for (Resource service : snapshot.resources(GroupKind.SERVICE, pod.namespace())) {
            if (Chains.selects(service, pod)) {
                for (Node port : service.spec().get("ports").items()) {
                    if (port.get("protocol").textOr("TCP").equals("TCP")) {
                        ports.addAll(Chains.target(port, pod));
                    }
                }
            }
        }
        return ports;
    }
}
