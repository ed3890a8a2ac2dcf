package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.network.Policy.Tier;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Recognises policies of network plugins' own kinds and finds which pods they may select. They are not evaluated: a pod
 * that one of them selects has unknown connections. Where its selector can't be told, it selects every pod it could.
 */
final class ForeignReader {
    private static final Set<String> CILIUM = Set.of("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy");
    private static final Set<String> CALICO =
            Set.of("NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy");
    private static final Set<String> ANTREA = Set.of("NetworkPolicy", "ClusterNetworkPolicy");

    private ForeignReader() {}

    /** The policies of a kind as read; empty for kinds that are no network policies. Staged ones act on nothing. */
    static boolean recognises(GroupKind type) {
        String kind = type.kind();
        return switch (type.group()) {
            case "cilium.io" -> CILIUM.contains(kind);
            case "crd.projectcalico.org", "projectcalico.org" -> CALICO.contains(kind) && !kind.startsWith("Staged");
            case "crd.antrea.io" -> ANTREA.contains(kind);
            case "policy.networking.k8s.io" -> !TierReader.KINDS.contains(type) && kind.endsWith("NetworkPolicy");
            default -> false;
        };
    }

    static List<Policy> read(Resource resource) {
        boolean everywhere = resource.namespace().isEmpty()
                || resource.type().kind().startsWith("Cluster")
                || resource.type().kind().startsWith("CiliumClusterwide")
                || resource.type().kind().startsWith("Global");
        List<Selector> selectors = new ArrayList<>();
        if (resource.type().group().equals("cilium.io")) {
            List<Node> specs = new ArrayList<>(resource.tree().get("specs").items());
            if (resource.spec().isPresent()) {
                specs.add(resource.spec());
            }
            for (Node spec : specs) {
                if (spec.get("nodeSelector").isAbsent()
                        || spec.get("endpointSelector").isPresent()) {
                    selectors.add(cilium(spec.get("endpointSelector")));
                }
            }
        } else if (resource.type().group().endsWith("projectcalico.org")) {
            selectors.add(calico(resource.spec().get("selector").textOr("")));
        } else {
            selectors.add(Selector.EVERYTHING);
        }
        List<Policy> policies = new ArrayList<>();
        for (Selector selector : selectors) {
            policies.add(new Policy(
                    resource,
                    Tier.FOREIGN,
                    0,
                    everywhere ? Optional.of(Selector.EVERYTHING) : Optional.empty(),
                    selector,
                    Optional.of(List.of()),
                    Optional.of(List.of()),
                    List.of(new Doubt(
                            resource.display() + " is of a kind that is not evaluated (" + resource.type() + ")",
                            "say the same in NetworkPolicies, or look at the pods it selects by hand",
                            resource.origin())),
                    false));
        }
        return policies;
    }

    /** Labels that controllers give, or sources other than Kubernetes, stay out of reach: such a selector may select all. */
    private static Selector cilium(Node written) {
        Map<String, Node> labels = new LinkedHashMap<>();
        for (Map.Entry<String, Node> label : written.get("matchLabels").fields().entrySet()) {
            Optional<String> key = kubernetesKey(label.getKey());
            if (key.isEmpty()) {
                return Selector.EVERYTHING;
            }
            labels.put(key.get(), label.getValue());
        }
        List<Node> expressions = new ArrayList<>();
        for (Node expression : written.get("matchExpressions").items()) {
            Optional<String> key = kubernetesKey(expression.get("key").textOr(""));
            if (key.isEmpty()) {
                return Selector.EVERYTHING;
            }
            Map<String, Node> fields = new LinkedHashMap<>(expression.fields());
            fields.put("key", Node.text(key.get()));
            expressions.add(Node.object(fields));
        }
        Selector selector = Selector.of(
                Node.object(Map.of("matchLabels", Node.object(labels), "matchExpressions", Node.array(expressions))));
        return selector.unreadable().isPresent() ? Selector.EVERYTHING : selector;
    }

    private static Optional<String> kubernetesKey(String key) {
        String plain = key.startsWith("k8s:") ? key.substring(4) : key.startsWith("any:") ? key.substring(4) : key;
        return plain.contains(":") || plain.startsWith("io.") || plain.startsWith("reserved") || Pods.isGiven(plain)
                ? Optional.empty()
                : Optional.of(plain);
    }

    /** Reads equalities joined by {@code &&}; every other expression may select every pod. */
    private static Selector calico(String expression) {
        Map<String, String> labels = new LinkedHashMap<>();
        if (expression.isBlank()) {
            return Selector.EVERYTHING;
        }
        for (String term : expression.split("&&", -1)) {
            String[] sides = term.strip().split("==", -1);
            String key = sides[0].strip();
            String value = sides.length == 2 ? sides[1].strip() : "";
            boolean quoted = value.length() >= 2
                    && (value.charAt(0) == '\'' || value.charAt(0) == '"')
                    && value.charAt(0) == value.charAt(value.length() - 1)
                    && value.indexOf(value.charAt(0), 1) == value.length() - 1;
            if (!quoted
                    || !key.matches("[A-Za-z0-9_./-]+")
                    || key.startsWith("projectcalico.org/")
                    || Pods.isGiven(key)) {
                return Selector.EVERYTHING;
            }
            labels.put(key, value.substring(1, value.length() - 1));
        }
        return Selector.labels(labels);
    }
}
