package io.zta.network;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Network policies evaluated the slow and obvious way: one connection at a time, by walking the objects as written. It
 * shares nothing with the evaluator that it checks.
 */
final class SlowNetwork {
    /** The address of a pod that was not created yet: no block but that of all addresses has it. */
    static final String ANY_ADDRESS = "100.64.0.1";

    /** A pod, or an address outside of the cluster. */
    record End(String namespace, String name, Map<String, Object> labels, Map<String, Object> spec, List<String> ips) {
        static End address(String ip) {
            return new End("", ip, Map.of(), Map.of(), List.of(ip));
        }

        boolean isPod() {
            return !namespace.isEmpty();
        }

        boolean hostNetwork() {
            return Boolean.TRUE.equals(spec.get("hostNetwork"));
        }
    }

    /** What is asked. */
    record Flow(End from, End to, String protocol, int port) {}

    private enum Decision {
        ALLOW,
        DENY,
        PASS
    }

    private final List<Map<String, Object>> objects;
    private final boolean blocksMatchPods;
    private final boolean tiers;
    private final boolean sidecarPorts;

    SlowNetwork(List<Map<String, Object>> objects, boolean blocksMatchPods, boolean tiers, boolean sidecarPorts) {
        this.objects = objects;
        this.blocksMatchPods = blocksMatchPods;
        this.tiers = tiers;
        this.sidecarPorts = sidecarPorts;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object tree, String... path) {
        Object at = tree;
        for (String step : path) {
            at = at instanceof Map ? ((Map<String, Object>) at).get(step) : null;
        }
        return at instanceof Map ? (Map<String, Object>) at : Map.of();
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object tree, String field) {
        Object at = ((Map<String, Object>) tree).get(field);
        return at instanceof List ? (List<Object>) at : List.of();
    }

    private static String text(Object tree, String field) {
        Object value = map(tree).get(field);
        return value == null ? "" : value.toString();
    }

    /** Pods that hold an address or will: neither ended nor owned by anything. */
    static List<End> pods(List<Map<String, Object>> objects) {
        List<End> pods = new ArrayList<>();
        for (Map<String, Object> object : objects) {
            String namespace = text(map(object, "metadata"), "namespace");
            String name = text(map(object, "metadata"), "name");
            if (object.get("kind").equals("Pod")) {
                String phase = text(map(object, "status"), "phase");
                if (!phase.equals("Succeeded") && !phase.equals("Failed")) {
                    List<String> ips = new ArrayList<>();
                    list(map(object, "status"), "podIPs").forEach(ip -> ips.add(text(ip, "ip")));
                    pods.add(new End(namespace, name, map(object, "metadata", "labels"), map(object, "spec"), ips));
                }
            } else if (!map(object, "spec", "template").isEmpty()) {
                Map<String, Object> labels = map(object, "spec", "template", "metadata", "labels");
                Map<String, Object> spec = map(object, "spec", "template", "spec");
                if (!object.get("kind").equals("StatefulSet")) {
                    pods.add(new End(namespace, name, labels, spec, List.of(ANY_ADDRESS)));
                    continue;
                }
                for (int i = 0; i < RandomCluster.REPLICAS; i++) {
                    Map<String, Object> given = new LinkedHashMap<>(labels);
                    given.put("statefulset.kubernetes.io/pod-name", name + "-" + i);
                    pods.add(new End(namespace, name + "-" + i, given, spec, List.of(ANY_ADDRESS)));
                }
            }
        }
        return pods;
    }

    boolean allows(Flow flow) {
        if (flow.from().equals(flow.to())) {
            return true; // never leaves the pod
        }
        return leaves(flow) && enters(flow);
    }

    private boolean leaves(Flow flow) {
        return !flow.from().isPod() || flow.from().hostNetwork() || decide(flow, true);
    }

    private boolean enters(Flow flow) {
        if (!flow.to().isPod() || flow.to().hostNetwork()) {
            return true;
        }
        boolean ownNode = flow.from().hostNetwork()
                && text(flow.from().spec(), "nodeName").equals(text(flow.to().spec(), "nodeName"));
        return ownNode || decide(flow, false);
    }

    private boolean decide(Flow flow, boolean egress) {
        Decision first = tiers ? tier(flow, egress, false) : Decision.PASS;
        if (first != Decision.PASS) {
            return first == Decision.ALLOW;
        }
        boolean isolated = false;
        for (Map<String, Object> policy : objects) {
            if (policy.get("kind").equals("NetworkPolicy") && selectsForDirection(policy, flow, egress)) {
                isolated = true;
                if (lets(policy, flow, egress)) {
                    return true;
                }
            }
        }
        if (isolated) {
            return false;
        }
        return !tiers || tier(flow, egress, true) != Decision.DENY;
    }

    // --- NetworkPolicy --------------------------------------------------------------------------------------------

    private boolean selectsForDirection(Map<String, Object> policy, Flow flow, boolean egress) {
        End subject = egress ? flow.from() : flow.to();
        Map<String, Object> spec = map(policy, "spec");
        List<Object> types = list(spec, "policyTypes");
        boolean covers = types.isEmpty()
                ? !egress || !list(spec, "egress").isEmpty()
                : types.contains(egress ? "Egress" : "Ingress");
        return covers
                && subject.namespace().equals(text(map(policy, "metadata"), "namespace"))
                && selected(map(spec, "podSelector"), subject.labels());
    }

    private boolean lets(Map<String, Object> policy, Flow flow, boolean egress) {
        String own = text(map(policy, "metadata"), "namespace");
        End other = egress ? flow.to() : flow.from();
        for (Object rule : list(map(policy, "spec"), egress ? "egress" : "ingress")) {
            List<Object> peers = list(rule, egress ? "to" : "from");
            boolean peer = peers.isEmpty() || peers.stream().anyMatch(p -> isPeer(p, own, other));
            List<Object> ports = list(rule, "ports");
            boolean port = ports.isEmpty() || ports.stream().anyMatch(p -> isPort(p, flow));
            if (peer && port) {
                return true;
            }
        }
        return false;
    }

    private boolean isPeer(Object peer, String own, End other) {
        Map<String, Object> block = map(peer, "ipBlock");
        if (!block.isEmpty()) {
            if (other.isPod() && !blocksMatchPods) {
                return false;
            }
            return other.ips().stream()
                    .anyMatch(ip -> within(ip, text(block, "cidr"))
                            && list(block, "except").stream().noneMatch(gone -> within(ip, gone.toString())));
        }
        if (!other.isPod() || other.hostNetwork()) {
            return false;
        }
        boolean namespace = map(peer).containsKey("namespaceSelector")
                ? selected(map(peer, "namespaceSelector"), namespaceLabels(other.namespace()))
                : other.namespace().equals(own);
        return namespace && selected(map(peer, "podSelector"), other.labels());
    }

    private boolean isPort(Object item, Flow flow) {
        String protocol = text(item, "protocol").isEmpty() ? "TCP" : text(item, "protocol");
        if (!protocol.equals(flow.protocol())) {
            return false;
        }
        Object port = map(item).get("port");
        if (port == null) {
            return true;
        }
        if (port instanceof Integer first) {
            Object end = map(item).get("endPort");
            int last = end instanceof Integer given ? given : first;
            return first <= flow.port() && flow.port() <= last;
        }
        return isNamed(port.toString(), flow);
    }

    private boolean isNamed(String name, Flow flow) {
        if (!flow.to().isPod() || flow.to().hostNetwork()) {
            return false;
        }
        List<Object> serving = new ArrayList<>(list(flow.to().spec(), "containers"));
        for (Object init : list(flow.to().spec(), "initContainers")) {
            if (sidecarPorts && text(init, "restartPolicy").equals("Always")) {
                serving.add(init);
            }
        }
        for (Object container : serving) {
            for (Object port : list(container, "ports")) {
                String protocol = text(port, "protocol").isEmpty() ? "TCP" : text(port, "protocol");
                if (text(port, "name").equals(name)
                        && protocol.equals(flow.protocol())
                        && text(port, "containerPort").equals("" + flow.port())) {
                    return true;
                }
            }
        }
        return false;
    }

    // --- tiers ------------------------------------------------------------------------------------------------------

    private Decision tier(Flow flow, boolean egress, boolean baseline) {
        End subject = egress ? flow.from() : flow.to();
        End other = egress ? flow.to() : flow.from();
        List<Map<String, Object>> policies = new ArrayList<>();
        for (Map<String, Object> object : objects) {
            String kind = object.get("kind").toString();
            boolean isBaseline = kind.startsWith("Baseline")
                    || text(map(object, "spec"), "tier").equals("Baseline");
            if (kind.endsWith("NetworkPolicy") && !kind.equals("NetworkPolicy") && isBaseline == baseline) {
                policies.add(object);
            }
        }
        policies.sort(Comparator.comparingInt(policy -> {
            Object priority = map(policy, "spec").get("priority");
            return priority instanceof Integer number ? number : 0;
        }));
        for (Map<String, Object> policy : policies) {
            if (!isTierPeer(map(policy, "spec", "subject"), subject)) {
                continue;
            }
            for (Object rule : list(map(policy, "spec"), egress ? "egress" : "ingress")) {
                boolean peer = list(rule, egress ? "to" : "from").stream().anyMatch(p -> isTierPeer(p, other));
                List<Object> ports = new ArrayList<>(list(rule, "ports"));
                ports.addAll(list(rule, "protocols"));
                boolean port = ports.isEmpty() || ports.stream().anyMatch(p -> isTierPort(p, flow));
                if (peer && port) {
                    return switch (text(rule, "action")) {
                        case "Allow", "Accept" -> Decision.ALLOW;
                        case "Deny" -> Decision.DENY;
                        default -> Decision.PASS;
                    };
                }
            }
        }
        return Decision.PASS;
    }

    private boolean isTierPeer(Object peer, End end) {
        if (map(peer).containsKey("networks")) {
            return (!end.isPod() || blocksMatchPods)
                    && list(peer, "networks").stream()
                            .anyMatch(network -> end.ips().stream().anyMatch(ip -> within(ip, network.toString())));
        }
        if (!end.isPod() || end.hostNetwork()) {
            return false;
        }
        if (map(peer).containsKey("namespaces")) {
            return selected(map(peer, "namespaces"), namespaceLabels(end.namespace()));
        }
        return selected(map(peer, "pods", "namespaceSelector"), namespaceLabels(end.namespace()))
                && selected(map(peer, "pods", "podSelector"), end.labels());
    }

    private boolean isTierPort(Object item, Flow flow) {
        for (String field : List.of("namedPort", "destinationNamedPort")) {
            if (map(item).containsKey(field)) {
                return isNamed(text(item, field), flow);
            }
        }
        if (map(item).containsKey("portNumber")) {
            return text(map(item, "portNumber"), "protocol").equals(flow.protocol())
                    && text(map(item, "portNumber"), "port").equals("" + flow.port());
        }
        if (map(item).containsKey("portRange")) {
            return text(map(item, "portRange"), "protocol").equals(flow.protocol())
                    && isBetween(map(item, "portRange"), flow.port());
        }
        String protocol = flow.protocol().toLowerCase(java.util.Locale.ROOT);
        if (!map(item).containsKey(protocol)) {
            return false;
        }
        Map<String, Object> port = map(item, protocol, "destinationPort");
        return port.isEmpty()
                || text(port, "number").equals("" + flow.port())
                || port.containsKey("range") && isBetween(map(port, "range"), flow.port());
    }

    private static boolean isBetween(Map<String, Object> range, int port) {
        return Integer.parseInt(text(range, "start")) <= port && port <= Integer.parseInt(text(range, "end"));
    }

    // --- labels and addresses
    // -----------------------------------------------------------------------------------------

    private Map<String, Object> namespaceLabels(String name) {
        Map<String, Object> labels = new LinkedHashMap<>();
        for (Map<String, Object> object : objects) {
            if (object.get("kind").equals("Namespace")
                    && text(map(object, "metadata"), "name").equals(name)) {
                labels.putAll(map(object, "metadata", "labels"));
            }
        }
        labels.put("kubernetes.io/metadata.name", name);
        return labels;
    }

    private static boolean selected(Map<String, Object> selector, Map<String, Object> labels) {
        for (Map.Entry<String, Object> wanted : map(selector, "matchLabels").entrySet()) {
            if (!wanted.getValue().equals(labels.get(wanted.getKey()))) {
                return false;
            }
        }
        for (Object expression : list(selector, "matchExpressions")) {
            String key = text(expression, "key");
            boolean there = labels.containsKey(key);
            boolean among = there && list(expression, "values").contains(labels.get(key));
            boolean holds = switch (text(expression, "operator")) {
                case "In" -> among;
                case "NotIn" -> !among;
                case "Exists" -> there;
                default -> !there;
            };
            if (!holds) {
                return false;
            }
        }
        return true;
    }

    private static boolean within(String ip, String cidr) {
        String[] parts = cidr.split("/");
        byte[] address = bytes(ip);
        byte[] network = bytes(parts[0]);
        if (address.length != network.length) {
            return false;
        }
        int free = 8 * address.length - Integer.parseInt(parts[1]);
        return new BigInteger(1, address).shiftRight(free).equals(new BigInteger(1, network).shiftRight(free));
    }

    private static byte[] bytes(String ip) {
        try {
            return InetAddress.getByName(ip).getAddress(); // literals only: nothing is looked up
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(ip, e);
        }
    }
}
