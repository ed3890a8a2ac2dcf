package io.zta.verify.it;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Generates sets of policies that may act on one pod. Knows no test engine. Objects of the root namespace select the pod by a
 * label that nothing else wears.
 */
final class MeshSets {
    /** An object of security.istio.io/v1 before it is written; the spec is a tree of maps, lists and texts. */
    record Draft(
            String kind, String namespace, String name, Map<String, String> annotations, Map<String, Object> spec) {
        Draft withSpec(Map<String, Object> other) {
            return new Draft(kind, namespace, name, annotations, other);
        }

        @Override
        public String toString() {
            return kind + " " + namespace + "/" + name + " " + (annotations.isEmpty() ? "" : annotations + " ") + spec;
        }
    }

    private final Random random;
    private final String namespace;
    private final List<String> identities;
    private final List<MeshTokens> issuers;
    private final String address;
    private final Map<String, String> label;

    /**
     * @param identities mTLS identities that clients have
     * @param issuers token issuers that clients have tokens of
     * @param address the address that clients have
     * @param label a label of the pod that nothing else wears
     */
    MeshSets(
            Random random,
            String namespace,
            List<String> identities,
            List<MeshTokens> issuers,
            String address,
            Map<String, String> label) {
        this.random = random;
        this.namespace = namespace;
        this.identities = identities;
        this.issuers = issuers;
        this.address = address;
        this.label = label;
    }

    /** One set of policies, each with a name of its own. */
    List<Draft> next() {
        List<Draft> set = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            set.add(peer("pa-" + set.size()));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            set.add(tokens("ra-" + set.size()));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            set.add(authorization("ap-" + set.size()));
        }
        return set;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    @SafeVarargs
    private <T> T one(T... of) {
        return of[random.nextInt(of.length)];
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private static Map<String, Object> map(String key, Object value) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(key, value);
        return map;
    }

    private Map<String, String> selected() {
        return chance(75) ? label : Map.of("app", "another");
    }

    private Draft peer(String name) {
        Map<String, Object> spec = new LinkedHashMap<>();
        boolean root = chance(10);
        boolean selective = root || chance(50);
        if (selective) {
            spec.put("selector", map("matchLabels", root ? label : selected()));
        }
        if (chance(85)) {
            spec.put("mtls", map("mode", mode()));
        }
        if (selective && chance(60)) {
            Map<String, Object> ports = new LinkedHashMap<>();
            for (String port : List.of("8080", "8081", "8082", "80")) {
                if (chance(35)) {
                    ports.put(port, map("mode", mode()));
                }
            }
            if (!ports.isEmpty()) {
                spec.put("portLevelMtls", ports);
            }
        }
        return new Draft("PeerAuthentication", root ? "istio-system" : namespace, unique(name), Map.of(), spec);
    }

    private String mode() {
        return one("STRICT", "STRICT", "PERMISSIVE", "PERMISSIVE", "DISABLE", "UNSET");
    }

    /** A name that nothing else in the root namespace has. */
    private String unique(String name) {
        return namespace + "-" + name;
    }

    private Draft tokens(String name) {
        Map<String, Object> spec = new LinkedHashMap<>();
        boolean root = chance(15);
        if (root || chance(40)) {
            spec.put("selector", map("matchLabels", root ? label : selected()));
        }
        List<Object> rules = new ArrayList<>();
        for (MeshTokens issuer : issuers) {
            if (chance(60)) {
                Map<String, Object> rule = map("issuer", issuer.issuer());
                rule.put("jwks", issuer.jwks());
                if (chance(30)) {
                    rule.put("audiences", List.of(one("shop", "bank")));
                }
                if (chance(8)) {
                    rule.put("fromHeaders", List.of(map("name", "x-token")));
                }
                rules.add(rule);
            }
        }
        if (!rules.isEmpty()) {
            spec.put("jwtRules", rules);
        }
        return new Draft("RequestAuthentication", root ? "istio-system" : namespace, unique(name), Map.of(), spec);
    }

    private Draft authorization(String name) {
        Map<String, Object> spec = new LinkedHashMap<>();
        boolean root = chance(15);
        if (root || chance(30)) {
            spec.put("selector", map("matchLabels", root ? label : selected()));
        }
        if (spec.isEmpty() && chance(8)) { // acts on no sidecar
            spec.put("targetRefs", List.of(Map.of("kind", "Service", "group", "", "name", "target")));
        }
        String action = one("ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "CUSTOM");
        if (!action.equals("ALLOW") || chance(50)) {
            spec.put("action", action);
        }
        if (action.equals("CUSTOM")) {
            spec.put("provider", map("name", "nobody"));
        }
        List<Object> rules = new ArrayList<>();
        int count = action.equals("ALLOW") ? random.nextInt(3) : 1 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            rules.add(rule(action));
        }
        if (!rules.isEmpty()) {
            spec.put("rules", rules);
        }
        Map<String, String> annotations =
                action.equals("CUSTOM") || !chance(10) ? Map.of() : Map.of("istio.io/dry-run", "true");
        return new Draft("AuthorizationPolicy", root ? "istio-system" : namespace, unique(name), annotations, spec);
    }

    private Map<String, Object> rule(String action) {
        Map<String, Object> rule = new LinkedHashMap<>();
        boolean tokens = !action.equals("CUSTOM"); // which is asked before any token is checked
        if (chance(75)) {
            rule.put("from", entries("source", () -> source(tokens)));
        }
        if (chance(45)) {
            rule.put("to", entries("operation", this::operation));
        }
        if (chance(30)) {
            rule.put("when", List.of(condition(tokens)));
        }
        return rule;
    }

    private List<Object> entries(String field, java.util.function.Supplier<Map<String, Object>> content) {
        List<Object> entries = new ArrayList<>();
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            entries.add(map(field, content.get()));
        }
        return entries;
    }

    private Map<String, Object> source(boolean tokens) {
        Map<String, Object> source = new LinkedHashMap<>();
        while (source.isEmpty()) {
            if (chance(40)) {
                source.put(one("principals", "principals", "notPrincipals"), List.of(principal()));
            }
            if (tokens && chance(30)) {
                source.put(
                        one("requestPrincipals", "requestPrincipals", "notRequestPrincipals"),
                        List.of(requestPrincipal()));
            }
            if (chance(20)) {
                source.put(
                        one("namespaces", "notNamespaces"), List.of(one(namespace, "istio-system", "else*", "*where")));
            }
            if (!source.containsKey("principals")
                    && !source.containsKey("namespaces")
                    && !source.containsKey("notPrincipals")
                    && !source.containsKey("notNamespaces")
                    && chance(10)) {
                source.put(
                        one("serviceAccounts", "serviceAccounts", "notServiceAccounts"),
                        List.of(one("web", "elsewhere/web", namespace + "/default")));
            }
            if (chance(8)) {
                source.put(
                        one("trustDomains", "notTrustDomains"),
                        List.of(one("cluster.local", "cluster.*", "*.local", "elsewhere.local")));
            }
            if (chance(12)) {
                source.put(one("ipBlocks", "notIpBlocks"), List.of(one(address, address + "/16", "192.0.2.0/24")));
            }
        }
        return source;
    }

    private String principal() {
        String identity = one(identities);
        return switch (random.nextInt(5)) {
            case 0 -> "*";
            case 1 -> identity.substring(0, identity.lastIndexOf('/') + 1) + "*";
            case 2 -> "*" + identity.substring(identity.indexOf("/sa/"));
            default -> identity;
        };
    }

    private String requestPrincipal() {
        String issuer = one(issuers).issuer();
        return one("*", issuer + "/*", issuer + "/alice", issuer + "/bob", "*/alice");
    }

    private Map<String, Object> operation() {
        Map<String, Object> operation = new LinkedHashMap<>();
        while (operation.isEmpty()) {
            if (chance(45)) {
                operation.put(one("ports", "ports", "notPorts"), List.of(one("8080", "8081", "8082", "80")));
            }
            if (chance(25)) {
                operation.put(one("methods", "notMethods"), List.of(one("GET", "POST", "*")));
            }
            if (chance(25)) {
                operation.put(
                        one("paths", "notPaths"),
                        List.of(one("/hostname", "/host*", "*name", "/", "/{*}", "/{**}", "/{*}/{**}", "/elsewhere")));
            }
            if (chance(15)) {
                operation.put(one("hosts", "notHosts"), List.of(one("shop.test", "SHOP.test", "*.test", "bank.test")));
            }
        }
        return operation;
    }

    private Map<String, Object> condition(boolean tokens) {
        String key = one(
                "source.principal",
                "source.namespace",
                "source.serviceAccount",
                "source.trustDomain",
                "source.ip",
                "destination.port",
                "request.headers[x-who]",
                tokens ? "request.auth.claims[iss]" : "source.trustDomain",
                tokens ? "request.auth.claims[sub]" : "destination.port",
                tokens ? "request.auth.principal" : "source.ip",
                tokens ? "request.auth.audiences" : "source.principal");
        Object values = List.of(
                switch (key) {
                    case "source.principal" -> principal();
                    case "source.namespace" -> one(namespace, "istio-system");
                    case "source.serviceAccount" -> one("web", "elsewhere/web");
                    case "source.trustDomain" -> one("cluster.local", "elsewhere.local", "*");
                    case "request.auth.claims[iss]" -> one(issuers).issuer();
                    case "source.ip" -> one(address, "192.0.2.0/24");
                    case "destination.port" -> one("8080", "8081", "8082");
                    case "request.headers[x-who]" -> one("me", "m*", "you");
                    case "request.auth.claims[sub]" -> one("alice", "al*", "bob");
                    case "request.auth.audiences" -> one("shop", "bank");
                    default -> requestPrincipal();
                });
        Map<String, Object> condition = map("key", key);
        condition.put(one("values", "values", "notValues"), values);
        return condition;
    }
}
