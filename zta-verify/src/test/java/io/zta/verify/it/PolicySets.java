package io.zta.verify.it;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes NetworkPolicies of every feature for two namespaces, as documents of YAML. */
final class PolicySets {
    private final Random random;
    private final List<String> namespaces;

    PolicySets(long seed, List<String> namespaces) {
        this.random = new Random(seed);
        this.namespaces = namespaces;
    }

    /** One set: one to four policies. */
    List<String> next() {
        List<String> policies = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            policies.add(policy(i));
        }
        return policies;
    }

    private String one(String... from) {
        return from[random.nextInt(from.length)];
    }

    private boolean sometimes(int percent) {
        return random.nextInt(100) < percent;
    }

    private String policy(int number) {
        StringBuilder spec = new StringBuilder("podSelector: ").append(pods());
        String types = one("", "Ingress", "Egress", "Ingress, Egress");
        spec.append(types.isEmpty() ? "" : ", policyTypes: [" + types + "]");
        for (String direction : List.of("ingress", "egress")) {
            // Cilium enforces the rules of a direction that policyTypes leaves out, where Kubernetes ignores them.
            boolean listed =
                    types.isEmpty() || types.toLowerCase(java.util.Locale.ROOT).contains(direction);
            if (listed && sometimes(65)) {
                List<String> rules = new ArrayList<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    rules.add(rule(direction.equals("ingress") ? "from" : "to"));
                }
                spec.append(", ").append(direction).append(": ").append(rules);
            }
        }
        return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np" + number + ", namespace: "
                + namespaces.get(random.nextInt(namespaces.size())) + "}\nspec: {" + spec + "}\n";
    }

    private String pods() {
        return one(
                "{}",
                "{matchLabels: {app: web}}",
                "{matchLabels: {app: web, tier: front}}",
                "{matchExpressions: [{key: app, operator: In, values: [web, db]}]}",
                "{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}",
                "{matchExpressions: [{key: tier, operator: Exists}]}",
                "{matchExpressions: [{key: tier, operator: DoesNotExist}]}",
                "{matchLabels: {tier: back}, matchExpressions: [{key: app, operator: NotIn, values: [web]}]}");
    }

    private String spaces() {
        return one(
                "{}",
                "{matchLabels: {team: red}}",
                "{matchLabels: {kubernetes.io/metadata.name: " + namespaces.get(0) + "}}",
                "{matchExpressions: [{key: team, operator: NotIn, values: [red]}]}",
                "{matchExpressions: [{key: team, operator: In, values: [blue, green]}]}");
    }

    private String rule(String field) {
        List<String> parts = new ArrayList<>();
        if (sometimes(85)) {
            List<String> peers = new ArrayList<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                peers.add(one(
                        "{podSelector: " + pods() + "}",
                        "{namespaceSelector: " + spaces() + "}",
                        "{podSelector: " + pods() + ", namespaceSelector: " + spaces() + "}",
                        "{podSelector: " + pods() + ", namespaceSelector: " + spaces() + "}",
                        "{ipBlock: {cidr: 0.0.0.0/0, except: [10.96.0.0/12]}}"));
            }
            parts.add(field + ": " + peers);
        }
        if (sometimes(70)) {
            List<String> ports = new ArrayList<>();
            for (int i = random.nextInt(3); i > 0; i--) {
                ports.add(one(
                        "{port: 8080}",
                        "{port: 80, protocol: TCP}",
                        "{port: 5353, protocol: UDP}",
                        "{protocol: UDP}",
                        "{protocol: TCP}",
                        "{protocol: SCTP}",
                        "{port: http}",
                        "{port: dns, protocol: UDP}",
                        "{port: dns}",
                        "{port: 79, endPort: 81}",
                        "{port: 8000, endPort: 9000}",
                        "{port: 5000, endPort: 6000, protocol: UDP}"));
            }
            parts.add("ports: " + ports);
        }
        return "{" + String.join(", ", parts) + "}";
    }
}
