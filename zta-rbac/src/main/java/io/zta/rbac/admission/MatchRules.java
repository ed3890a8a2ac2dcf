package io.zta.rbac.admission;

import io.zta.rbac.AdmissionVerdicts.Operation;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.snapshot.Node;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a policy, a binding or a webhook looks at a request: rules, exclusions and selectors, as the API server matches
 * them. Pure.
 */
final class MatchRules {
    /** Whether something looks at a request. */
    enum Match {
        YES,
        NO,
        /** The content of the object, or something unreadable, decides. */
        UNKNOWN;

        Match and(Match other) {
            if (this == NO || other == NO) {
                return NO;
            }
            return this == YES && other == YES ? YES : UNKNOWN;
        }
    }

    /** API groups that serve more than one version: whoever names one version exactly is evaded by the other. */
    private static final List<String> SEVERAL_VERSIONS = List.of(
            "security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io", "autoscaling");

    private final Snapshot snapshot;

    MatchRules(Snapshot snapshot) {
        this.snapshot = snapshot;
    }

    /**
     * Whether {@code matchConstraints} or {@code matchResources} cover the request.
     *
     * @param match the node
     * @param rulesNeeded whether absent rules match nothing (a policy) rather than everything (a binding)
     */
    Match resources(Node match, Request request, boolean rulesNeeded) {
        Node rules = match.get("resourceRules");
        boolean exact = match.get("matchPolicy").textOr("Equivalent").equals("Exact");
        for (Node excluded : match.get("excludeResourceRules").items()) {
            if (rule(excluded, request, exact)) {
                return Match.NO;
            }
        }
        if (rules.size() == 0 ? rulesNeeded : rules.items().stream().noneMatch(rule -> rule(rule, request, exact))) {
            return Match.NO;
        }
        return namespaces(match.get("namespaceSelector"), request).and(objects(match.get("objectSelector"), request));
    }

    /** Whether a webhook's rules and selectors cover the request. */
    Match webhook(Node webhook, Request request) {
        boolean exact = webhook.get("matchPolicy").textOr("Equivalent").equals("Exact");
        if (webhook.get("rules").items().stream().noneMatch(rule -> rule(rule, request, exact))) {
            return Match.NO;
        }
        return namespaces(webhook.get("namespaceSelector"), request)
                .and(objects(webhook.get("objectSelector"), request));
    }

    /** One rule: operation, group, version, resource, scope and names must all fit. */
    static boolean rule(Node rule, Request request, boolean exact) {
        var attributes = request.attributes();
        return operation(rule.get("operations"), request.operation())
                && any(rule.get("apiGroups"), attributes.group())
                && version(rule.get("apiVersions"), attributes.group(), exact)
                && rule.get("resources").texts().stream()
                        .anyMatch(text -> resource(text, attributes.resource(), attributes.subresource()))
                && scope(rule.get("scope").textOr("*"), attributes.resource(), attributes.namespace())
                && (rule.get("resourceNames").size() == 0
                        || rule.get("resourceNames").texts().contains(attributes.name()));
    }

    private static boolean operation(Node operations, Operation operation) {
        return operations.texts().stream().anyMatch(text -> text.equals("*") || text.equals(operation.name()));
    }

    private static boolean any(Node texts, String wanted) {
        return texts.texts().stream().anyMatch(text -> text.equals("*") || text.equals(wanted));
    }

    private static boolean version(Node versions, String group, boolean exact) {
        List<String> texts = versions.texts();
        if (texts.contains("*")) {
            return true;
        }
        // Equivalent converts; so does a group with one version. Exact on one of several is evaded by the others.
        return !texts.isEmpty() && (!exact || !SEVERAL_VERSIONS.contains(group)) && known(texts);
    }

    private static boolean known(List<String> versions) {
        return versions.stream().anyMatch(version -> version.startsWith("v1"));
    }

    /** {@code pods/*} takes pods as well, {@code *} no subresource (unlike RBAC). */
    static boolean resource(String rule, String resource, String subresource) {
        int slash = rule.indexOf('/');
        String ruled = slash < 0 ? rule : rule.substring(0, slash);
        String ruledSub = slash < 0 ? "" : rule.substring(slash + 1);
        return (ruled.equals("*") || ruled.equals(resource)) && (ruledSub.equals("*") || ruledSub.equals(subresource));
    }

    private static boolean scope(String scope, String resource, String namespace) {
        boolean cluster = namespace.isEmpty() || resource.equals("namespaces");
        return switch (scope) {
            case "*" -> true;
            case "Cluster" -> cluster;
            case "Namespaced" -> !cluster;
            default -> false;
        };
    }

    private Match namespaces(Node node, Request request) {
        Selector selector = Selector.of(node);
        if (selector.unreadable().isPresent()) {
            return Match.UNKNOWN;
        }
        var attributes = request.attributes();
        boolean itself =
                attributes.resource().equals("namespaces") && attributes.group().isEmpty();
        if (selector.isEverything() || !itself && attributes.namespace().isEmpty()) {
            return Match.YES; // a namespaceSelector never exempts what has no namespace
        }
        String name = itself ? attributes.name() : attributes.namespace();
        if (name.isEmpty()) {
            return Match.UNKNOWN;
        }
        Map<String, String> labels = snapshot.namespaceLabels(name);
        // An update of a namespace is judged by the labels it brings.
        if (itself && request.object().isPresent()) {
            labels = request.object().get().at("metadata", "labels").textMap();
            labels.put("kubernetes.io/metadata.name", name);
        }
        return selector.matches(labels) ? Match.YES : Match.NO;
    }

    private static Match objects(Node node, Request request) {
        Selector selector = Selector.of(node);
        if (selector.unreadable().isPresent()) {
            return Match.UNKNOWN;
        }
        if (selector.isEverything()) {
            return Match.YES;
        }
        if (request.operation() == Operation.CONNECT) {
            return Match.NO; // there are no labels to select by
        }
        if (matches(selector, request.object()) || matches(selector, request.old())) {
            return Match.YES;
        }
        boolean unseen = request.operation() != Operation.DELETE
                        && request.object().isEmpty()
                || request.operation() != Operation.CREATE && request.old().isEmpty();
        return unseen ? Match.UNKNOWN : Match.NO;
    }

    private static boolean matches(Selector selector, Optional<Node> object) {
        return object.isPresent()
                && selector.matches(object.get().at("metadata", "labels").textMap());
    }
}
