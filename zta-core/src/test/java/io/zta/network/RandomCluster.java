package io.zta.network;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes small clusters that use every feature of network policies and their tiers, as trees of maps and lists. */
final class RandomCluster {
    private static final List<String> CIDRS = List.of(
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.0.0.0/28",
            "10.0.0.5/32",
            "10.0.0.7/30", // bits behind the prefix say nothing
            "0.0.0.0/1",
            "203.0.113.0/24",
            "203.0.113.128/25",
            "::/0",
            "fd00::/16",
            "2001:db8::/32");
    private static final Map<String, List<String>> EXCEPT = Map.of(
            "0.0.0.0/0", List.of("10.0.0.0/28", "203.0.113.128/25"),
            "10.0.0.0/8", List.of("10.0.0.4/30", "10.0.0.9/32"),
            "0.0.0.0/1", List.of("10.0.0.0/29", "10.0.0.4/31", "0.0.0.0/8"),
            "203.0.113.0/24", List.of("203.0.113.0/28"),
            "::/0", List.of("fd00::/120"));

    /** The replicas of every StatefulSet. */
    static final int REPLICAS = 2;

    private final Random random;
    private final List<Map<String, Object>> objects = new ArrayList<>();
    private final List<String> namespaces = new ArrayList<>();
    private final boolean blocks;
    private int address = 1;

    private RandomCluster(long seed, boolean blocks) {
        this.random = new Random(seed);
        this.blocks = blocks;
    }

    /**
     * The cluster of a seed.
     *
     * @param namedWithBlocks whether egress rules may name ports beside an ipBlock, which plugins read differently
     */
    static List<Map<String, Object>> of(long seed, boolean namedWithBlocks) {
        RandomCluster cluster = new RandomCluster(seed, namedWithBlocks);
        cluster.fill();
        return cluster.objects;
    }

    private void fill() {
        int spaces = 1 + random.nextInt(3);
        for (int i = 0; i < spaces; i++) {
            namespaces.add("ns" + i);
            objects.add(object("v1", "Namespace", Map.of("name", "ns" + i, "labels", labels("team", "env")), Map.of()));
        }
        int pods = 3 + random.nextInt(5);
        for (int i = 0; i < pods; i++) {
            pod(i);
        }
        int policies = random.nextInt(6);
        for (int i = 0; i < policies; i++) {
            policy(i);
        }
        if (random.nextInt(3) == 0) {
            int tiers = 1 + random.nextInt(3);
            boolean cluster = random.nextBoolean(); // older and newer kinds together have no order
            for (int i = 0; i < tiers; i++) {
                tier(i, cluster);
            }
        }
    }

    private static Map<String, Object> object(
            String version, String kind, Map<String, Object> metadata, Map<String, Object> more) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("apiVersion", version);
        tree.put("kind", kind);
        tree.put("metadata", metadata);
        tree.putAll(more);
        return tree;
    }

    private <T> T one(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private boolean sometimes(int percent) {
        return random.nextInt(100) < percent;
    }

    private Map<String, Object> labels(String... keys) {
        Map<String, Object> labels = new LinkedHashMap<>();
        for (String key : keys) {
            if (sometimes(70)) {
                labels.put(key, one(List.of("a", "b", "c", "")));
            }
        }
        return labels;
    }

    private void pod(int number) {
        boolean host = sometimes(10);
        boolean template = !host && sometimes(20);
        Map<String, Object> spec = new LinkedHashMap<>();
        List<Map<String, Object>> containers = new ArrayList<>(List.of(container("main", "")));
        if (sometimes(30)) {
            containers.add(container("second", ""));
        }
        spec.put("containers", containers);
        if (sometimes(40)) {
            spec.put("initContainers", List.of(container("init", one(List.of("", "Always")))));
        }
        if (host) {
            spec.put("hostNetwork", true);
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("name", "p" + number);
        metadata.put("namespace", one(namespaces));
        if (template) {
            Map<String, Object> inner = Map.of("metadata", Map.of("labels", labels("app", "tier")), "spec", spec);
            objects.add(object(
                    "apps/v1",
                    one(List.of("Deployment", "StatefulSet", "DaemonSet")),
                    metadata,
                    Map.of("spec", Map.of("replicas", REPLICAS, "template", inner))));
            return;
        }
        metadata.put("labels", labels("app", "tier"));
        spec.put("nodeName", one(List.of("n1", "n2")));
        String node = "192.168.0." + (spec.get("nodeName").equals("n1") ? 1 : 2);
        List<Map<String, Object>> ips = new ArrayList<>();
        int own = address++;
        if (host) {
            ips.add(Map.of("ip", node));
        } else {
            int family = random.nextInt(4);
            if (family != 0) {
                ips.add(Map.of("ip", "10.0.0." + own));
            }
            if (family < 2) {
                ips.add(Map.of("ip", "fd00::" + own));
            }
        }
        String phase = sometimes(12) ? one(List.of("Succeeded", "Failed")) : "Running";
        objects.add(object(
                "v1",
                "Pod",
                metadata,
                Map.of(
                        "spec",
                        spec,
                        "status",
                        Map.of("phase", phase, "podIP", ips.get(0).get("ip"), "podIPs", ips))));
    }

    private Map<String, Object> container(String name, String restart) {
        Map<String, Object> container = new LinkedHashMap<>();
        container.put("name", name);
        if (!restart.isEmpty()) {
            container.put("restartPolicy", restart);
        }
        List<Map<String, Object>> ports = new ArrayList<>();
        for (String port : List.of("http", "dns")) {
            if (sometimes(60)) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("name", port);
                entry.put("containerPort", one(List.of(53, 80, 8080)));
                String protocol = one(List.of("", "TCP", "UDP"));
                if (!protocol.isEmpty()) {
                    entry.put("protocol", protocol);
                }
                ports.add(entry);
            }
        }
        container.put("ports", ports);
        return container;
    }

    private Map<String, Object> selector(String... keys) {
        Map<String, Object> selector = new LinkedHashMap<>();
        if (sometimes(25)) {
            return selector;
        }
        if (keys[0].equals("app") && sometimes(6)) {
            String replica = "p" + random.nextInt(8) + "-" + random.nextInt(REPLICAS);
            selector.put("matchLabels", Map.of("statefulset.kubernetes.io/pod-name", replica));
        } else if (sometimes(60)) {
            Map<String, Object> labels = new LinkedHashMap<>();
            for (int i = 0; i <= random.nextInt(2); i++) {
                labels.put(one(List.of(keys)), one(List.of("a", "b", "c", "")));
            }
            selector.put("matchLabels", labels);
        }
        if (sometimes(50)) {
            List<Map<String, Object>> expressions = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(2); i++) {
                Map<String, Object> expression = new LinkedHashMap<>();
                expression.put("key", one(List.of(keys)));
                String operator = one(List.of("In", "NotIn", "Exists", "DoesNotExist"));
                expression.put("operator", operator);
                if (operator.endsWith("In")) {
                    expression.put("values", one(List.of(List.of("a"), List.of("b", "c"), List.of("", "a"))));
                }
                expressions.add(expression);
            }
            selector.put("matchExpressions", expressions);
        }
        return selector;
    }

    private Map<String, Object> namespaceSelector() {
        return sometimes(30)
                ? Map.of("matchLabels", Map.of("kubernetes.io/metadata.name", one(namespaces)))
                : selector("team", "env");
    }

    private void policy(int number) {
        Map<String, Object> spec = new LinkedHashMap<>();
        if (sometimes(90)) {
            spec.put("podSelector", selector("app", "tier"));
        }
        switch (random.nextInt(4)) {
            case 0 -> {}
            case 1 -> spec.put("policyTypes", List.of("Ingress"));
            case 2 -> spec.put("policyTypes", List.of("Egress"));
            default -> spec.put("policyTypes", List.of("Ingress", "Egress"));
        }
        for (String direction : List.of("ingress", "egress")) {
            // Rules of a direction that is not listed count for some plugins: unknown, and tested apart.
            boolean listed = !(spec.get("policyTypes") instanceof List<?> types)
                    || types.stream().anyMatch(type -> direction.equalsIgnoreCase(String.valueOf(type)));
            if (listed && sometimes(70)) {
                List<Map<String, Object>> rules = new ArrayList<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    rules.add(rule(direction.equals("ingress") ? "from" : "to"));
                }
                spec.put(direction, rules);
            }
        }
        objects.add(object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                Map.of("name", "np" + number, "namespace", one(namespaces)),
                Map.of("spec", spec)));
    }

    private Map<String, Object> rule(String peersField) {
        Map<String, Object> rule = new LinkedHashMap<>();
        boolean block = false;
        if (sometimes(80)) {
            List<Map<String, Object>> peers = new ArrayList<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                Map<String, Object> peer = new LinkedHashMap<>();
                if (sometimes(30)) {
                    block = true;
                    String cidr = one(CIDRS);
                    Map<String, Object> ipBlock = new LinkedHashMap<>();
                    ipBlock.put("cidr", cidr);
                    if (EXCEPT.containsKey(cidr) && sometimes(50)) {
                        ipBlock.put("except", EXCEPT.get(cidr));
                    }
                    peer.put("ipBlock", ipBlock);
                } else {
                    int which = random.nextInt(3);
                    if (which != 0) {
                        peer.put("podSelector", selector("app", "tier"));
                    }
                    if (which != 1) {
                        peer.put("namespaceSelector", namespaceSelector());
                    }
                }
                peers.add(peer);
            }
            rule.put(peersField, peers);
        }
        if (sometimes(70)) {
            List<Map<String, Object>> ports = new ArrayList<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                ports.add(port(!block || blocks || peersField.equals("from")));
            }
            rule.put("ports", ports);
        }
        return rule;
    }

    private Map<String, Object> port(boolean named) {
        Map<String, Object> port = new LinkedHashMap<>();
        String protocol = one(List.of("", "TCP", "UDP", "SCTP"));
        if (!protocol.isEmpty()) {
            port.put("protocol", protocol);
        }
        switch (random.nextInt(4)) {
            case 0 -> {}
            case 1 -> port.put("port", one(List.of(53, 80, 8080, 1, 65535)));
            case 2 -> {
                port.put("port", one(List.of(50, 80, 1)));
                port.put("endPort", one(List.of(80, 8080, 65535)));
            }
            default -> port.put("port", named ? one(List.of("http", "dns")) : (Object) 80);
        }
        return port;
    }

    // --- tiers
    // --------------------------------------------------------------------------------------------------------

    private void tier(int number, boolean cluster) {
        String older = one(List.of("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"));
        String kind = cluster ? "ClusterNetworkPolicy" : older;
        boolean baseline = kind.startsWith("Baseline");
        if (baseline && objects.stream().anyMatch(o -> o.get("kind").equals("BaselineAdminNetworkPolicy"))) {
            return; // there can be one
        }
        Map<String, Object> spec = new LinkedHashMap<>();
        if (cluster) {
            spec.put("tier", one(List.of("Admin", "Admin", "Baseline")));
        }
        if (!baseline) {
            spec.put("priority", 10 * number + 5);
        }
        spec.put("subject", pods());
        for (String direction : List.of("ingress", "egress")) {
            if (sometimes(75)) {
                List<Map<String, Object>> rules = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    rules.add(tierRule(direction, baseline, cluster));
                }
                spec.put(direction, rules);
            }
        }
        objects.add(object(
                "policy.networking.k8s.io/" + (cluster ? "v1alpha2" : "v1alpha1"),
                kind,
                Map.of("name", baseline ? "default" : "tier" + number),
                Map.of("spec", spec)));
    }

    private Map<String, Object> pods() {
        return sometimes(50)
                ? Map.of("namespaces", namespaceSelector())
                : Map.of(
                        "pods",
                        Map.of("namespaceSelector", namespaceSelector(), "podSelector", selector("app", "tier")));
    }

    private Map<String, Object> tierRule(String direction, boolean baseline, boolean cluster) {
        Map<String, Object> rule = new LinkedHashMap<>();
        List<String> actions = new ArrayList<>(List.of(cluster ? "Accept" : "Allow", "Deny"));
        if (!baseline) {
            actions.add("Pass");
        }
        rule.put("action", one(actions));
        List<Map<String, Object>> peers = new ArrayList<>();
        boolean networks = false;
        for (int i = 0; i <= random.nextInt(2); i++) {
            if (direction.equals("egress") && sometimes(30)) {
                networks = true;
                peers.add(Map.of("networks", List.of(one(CIDRS))));
            } else {
                peers.add(pods());
            }
        }
        rule.put(direction.equals("ingress") ? "from" : "to", peers);
        if (sometimes(60)) {
            List<Map<String, Object>> ports = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(2); i++) {
                ports.add(cluster ? protocolPort(!networks) : tierPort(!networks));
            }
            rule.put(cluster ? "protocols" : "ports", ports);
        }
        return rule;
    }

    private Map<String, Object> tierPort(boolean named) {
        String protocol = one(List.of("TCP", "UDP", "SCTP"));
        return switch (random.nextInt(named ? 3 : 2)) {
            case 0 -> Map.of("portNumber", Map.of("protocol", protocol, "port", one(List.of(53, 80, 8080))));
            case 1 -> Map.of("portRange", Map.of("protocol", protocol, "start", 50, "end", one(List.of(80, 8080))));
            default -> Map.of("namedPort", one(List.of("http", "dns")));
        };
    }

    private Map<String, Object> protocolPort(boolean named) {
        String protocol = one(List.of("tcp", "udp", "sctp"));
        return switch (random.nextInt(named ? 4 : 3)) {
            case 0 -> Map.of(protocol, Map.of("destinationPort", Map.of("number", one(List.of(53, 80, 8080)))));
            case 1 -> Map.of(protocol, Map.of("destinationPort", Map.of("range", Map.of("start", 50, "end", 80))));
            case 2 -> Map.of(protocol, Map.of("destinationPort", Map.of("range", Map.of("start", 1, "end", 65535))));
            default -> Map.of("destinationNamedPort", one(List.of("http", "dns")));
        };
    }
}
