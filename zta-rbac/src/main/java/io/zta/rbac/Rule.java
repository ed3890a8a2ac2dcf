package io.zta.rbac;

import io.zta.finding.Evidence;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * One rule of a role, matched as the API server's RBAC authorizer does (rules RBAC-01 to RBAC-08).
 *
 * @param source the role it is written in, which for an aggregated role is the one that was aggregated
 * @param index its place in {@code rules}
 */
record Rule(
        Resource source,
        int index,
        Set<String> verbs,
        Set<String> groups,
        Set<String> resources,
        Set<String> names,
        Set<String> urls) {
    private static final String ALL = "*";

    /** Reads a rule; the problem of one that the API server would refuse or that can't be read. */
    static Optional<String> problem(Node node, boolean namespaced) {
        if (!node.isObject()) {
            return Optional.of("a rule must be a map, but is " + node);
        }
        for (String field : List.of("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")) {
            if (!node.get(field).isTextArray()) {
                return Optional.of(field + " must be a list of texts, but is " + node.get(field));
            }
        }
        if (node.get("verbs").size() == 0) {
            return Optional.of("verbs must contain at least one value");
        }
        boolean urls = node.get("nonResourceURLs").size() > 0;
        boolean resources = node.get("resources").size() > 0;
        if (urls && (resources || namespaced)) {
            return Optional.of(
                    namespaced
                            ? "a namespaced role can't hold nonResourceURLs"
                            : "a rule holds either resources or nonResourceURLs");
        }
        if (!urls && (!resources || node.get("apiGroups").size() == 0)) {
            return Optional.of("a rule needs at least one of apiGroups and one of resources");
        }
        return Optional.empty();
    }

    static Rule of(Resource source, int index, Node node) {
        return new Rule(
                source,
                index,
                texts(node.get("verbs")),
                texts(node.get("apiGroups")),
                texts(node.get("resources")),
                texts(node.get("resourceNames")),
                texts(node.get("nonResourceURLs")));
    }

    private static Set<String> texts(Node node) {
        return node.size() == 0 ? Set.of() : new TreeSet<>(node.texts());
    }

    boolean matches(Attributes asked) {
        if (!asked.path().isEmpty()) {
            return (verbs.contains(ALL) || verbs.contains(asked.verb())) && matchesPath(asked.path());
        }
        return covers(asked.verb(), asked.group(), asked.resource(), asked.subresource())
                && (names.isEmpty() || names.contains(asked.name()));
    }

    /** Whether it matches for at least one name. */
    boolean covers(String verb, String group, String resource, String subresource) {
        return (verbs.contains(ALL) || verbs.contains(verb))
                && (groups.contains(ALL) || groups.contains(group))
                && coversResource(resource, subresource);
    }

    private boolean coversResource(String resource, String subresource) {
        if (resources.contains(ALL)) {
            return true;
        }
        return subresource.isEmpty()
                ? resources.contains(resource)
                : resources.contains(resource + "/" + subresource) || resources.contains("*/" + subresource);
    }

    private boolean matchesPath(String path) {
        for (String url : urls) {
            if (url.equals(ALL) || url.equals(path)) {
                return true;
            }
            if (url.endsWith(ALL) && path.startsWith(url.substring(0, url.length() - 1))) {
                return true;
            }
        }
        return false;
    }

    /** Whether it grants everything on every resource. */
    boolean isEverything() {
        return verbs.contains(ALL) && groups.contains(ALL) && resources.contains(ALL) && names.isEmpty();
    }

    /** Equal when it stands in the same place. */
    @Override
    @SuppressWarnings("ReferenceEquality")
    public boolean equals(Object other) {
        return other instanceof Rule that && source == that.source && index == that.index;
    }

    @Override
    public int hashCode() {
        return source.name().hashCode() * 31 + index;
    }

    /** The rule as written. */
    Evidence evidence() {
        return Evidence.of(
                source, "rules[" + index + "]", source.tree().get("rules").item(index));
    }
}
