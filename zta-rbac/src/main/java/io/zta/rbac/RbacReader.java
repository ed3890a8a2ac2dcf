package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.intent.Subject;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Reads the roles and bindings of a snapshot. */
final class RbacReader {
    /** A role or binding that does nothing, or not what it says. */
    record Fault(Resource object, Evidence evidence, String problem, Kind kind) {
        enum Kind {
            REFUSED,
            DANGLING
        }
    }

    private final Snapshot snapshot;
    private final Map<String, Role> roles = new TreeMap<>();
    private final List<Binding> bindings = new ArrayList<>();
    private final Set<Doubt> doubts = new LinkedHashSet<>();
    private final List<Fault> faults = new ArrayList<>();
    private final Set<Resource> assumed;
    private final List<Resource> missing;
    private final List<Resource> clusterRoles = new ArrayList<>();
    private final IdentityHashMap<Resource, List<Rule>> written = new IdentityHashMap<>();

    RbacReader(Snapshot snapshot) {
        this.snapshot = snapshot;
        List<Resource> missing = Bootstrap.missingFrom(snapshot);
        this.assumed = Collections.newSetFromMap(new IdentityHashMap<>());
        this.assumed.addAll(missing);
        this.missing = missing;
        readRoles();
        readBindings(GroupKind.CLUSTER_ROLE_BINDING);
        readBindings(GroupKind.ROLE_BINDING);
        for (GroupKind kind : snapshot.unread()) {
            if (kind.group().equals(GroupKind.ROLE.group())) {
                doubts.add(Doubt.of(
                        kind.kind() + " objects could not be listed: who holds which right is not known in full",
                        "let the reading user list them"));
            }
        }
    }

    List<Binding> bindings() {
        return bindings;
    }

    Set<Role> roles() {
        return new LinkedHashSet<>(roles.values());
    }

    List<Doubt> doubts() {
        return List.copyOf(doubts);
    }

    List<Fault> faults() {
        return faults;
    }

    Optional<String> assumption() {
        return Bootstrap.assumption(missing);
    }

    private List<Resource> objects(GroupKind kind) {
        List<Resource> all = new ArrayList<>(snapshot.resources(kind));
        missing.stream().filter(resource -> resource.type().equals(kind)).forEach(all::add);
        return all;
    }

    private void readRoles() {
        clusterRoles.addAll(objects(GroupKind.CLUSTER_ROLE));
        for (Resource resource : clusterRoles) {
            written.put(resource, writtenRules(resource, false));
        }
        for (Resource resource : clusterRoles) {
            Set<Rule> rules = new LinkedHashSet<>();
            aggregate(resource, new HashSet<>(), rules);
            roles.put(key("", resource.name()), new Role(resource, List.copyOf(rules), assumed.contains(resource)));
        }
        for (Resource resource : objects(GroupKind.ROLE)) {
            roles.put(
                    key(resource.namespace(), resource.name()),
                    new Role(resource, writtenRules(resource, true), assumed.contains(resource)));
        }
    }

    private static String key(String namespace, String name) {
        return namespace + "/" + name;
    }

    private List<Rule> writtenRules(Resource resource, boolean namespaced) {
        Node list = resource.tree().get("rules");
        if (list.isPresent() && !list.isArray()) {
            doubts.add(new Doubt(
                    resource.display() + " has rules that are no list: " + list,
                    "write rules as a list",
                    resource.originOf(list)));
            return List.of();
        }
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            Node node = list.item(i);
            Optional<String> problem = Rule.problem(node, namespaced);
            if (problem.isEmpty()) {
                rules.add(Rule.of(resource, i, node));
                continue;
            }
            faults.add(new Fault(
                    resource, Evidence.of(resource, "rules[" + i + "]", node), problem.get(), Fault.Kind.REFUSED));
            if (!node.isObject() || problem.get().contains("must be a list of texts")) {
                doubts.add(new Doubt(
                        resource.display() + " rules[" + i + "] can't be read: " + problem.get(),
                        "correct the rule; the API server refuses it as it is",
                        resource.originOf(node)));
            }
        }
        return rules;
    }

    /**
     * Adds the rules an aggregated role comes to. The controller replaces what is written by the rules of the selected
     * roles, itself left out; the authorizer reads what is written, so until then these count as well (RBAC-11).
     */
    private void aggregate(Resource resource, Set<String> visited, Set<Rule> rules) {
        if (!visited.add(resource.name())) {
            return;
        }
        Node selectors = resource.tree().at("aggregationRule", "clusterRoleSelectors");
        for (Node node : selectors.items()) {
            Selector selector = Selector.of(node);
            if (selector.unreadable().isPresent()) {
                doubts.add(new Doubt(
                        resource.display() + " aggregates by a selector that can't be read: "
                                + selector.unreadable().get(),
                        "correct the selector",
                        resource.originOf(node)));
                continue;
            }
            for (Resource other : clusterRoles) {
                if (selector.matches(other.labels())) {
                    aggregate(other, visited, rules);
                }
            }
        }
        Set<Node> known = new HashSet<>();
        if (selectors.size() > 0) {
            rules.forEach(rule -> known.add(rule.source().tree().get("rules").item(rule.index())));
        }
        for (Rule rule : written.getOrDefault(resource, List.of())) {
            if (!known.contains(resource.tree().get("rules").item(rule.index()))) {
                rules.add(rule);
            }
        }
    }

    private void readBindings(GroupKind kind) {
        boolean namespaced = kind.equals(GroupKind.ROLE_BINDING);
        for (Resource resource : objects(kind)) {
            Node ref = resource.tree().get("roleRef");
            String refKind = ref.get("kind").textOr("");
            String name = ref.get("name").textOr("");
            boolean readable = refKind.equals("ClusterRole") || namespaced && refKind.equals("Role");
            if (!readable
                    || name.isEmpty()
                    || !resource.tree().get("subjects").isAbsent()
                            && !resource.tree().get("subjects").isArray()) {
                doubts.add(new Doubt(
                        resource.display() + " can't be read: roleRef is " + ref + ", subjects are "
                                + resource.tree().get("subjects"),
                        "correct the binding; the API server refuses it as it is",
                        resource.originOf(ref)));
                continue;
            }
            Role role = roles.get(key(refKind.equals("Role") ? resource.namespace() : "", name));
            if (role == null) {
                faults.add(new Fault(
                        resource,
                        Evidence.of(resource, "roleRef", ref),
                        "refers to " + refKind + " " + name + ", which is not there",
                        Fault.Kind.DANGLING));
                continue;
            }
            bindings.add(new Binding(resource, namespaced ? resource.namespace() : "", subjects(resource), role));
        }
    }

    private List<Subject> subjects(Resource binding) {
        List<Subject> subjects = new ArrayList<>();
        List<Node> nodes = binding.tree().get("subjects").items();
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            String name = node.get("name").textOr("");
            String namespace = node.get("namespace").textOr(binding.namespace());
            Optional<Subject> subject = name.isBlank()
                    ? Optional.empty()
                    : switch (node.get("kind").textOr("")) {
                        case "User" -> Optional.of(user(name));
                        case "Group" -> Optional.of(Subject.group(name));
                        case "ServiceAccount" ->
                            namespace.isBlank()
                                    ? Optional.empty()
                                    : Optional.of(Subject.serviceAccount(namespace, name));
                        default -> Optional.empty();
                    };
            if (subject.isEmpty()) {
                doubts.add(new Doubt(
                        binding.display() + " subjects[" + i + "] can't be read: " + node,
                        "name a User, a Group or a ServiceAccount with its namespace",
                        binding.originOf(node)));
            }
            subject.ifPresent(subjects::add);
        }
        return subjects;
    }

    /** A user, or the service account that has this user name. */
    static Subject user(String name) {
        String[] parts = name.split(":", -1);
        return parts.length == 4
                        && name.startsWith("system:serviceaccount:")
                        && !parts[2].isBlank()
                        && !parts[3].isBlank()
                ? Subject.serviceAccount(parts[2], parts[3])
                : Subject.user(name);
    }
}
