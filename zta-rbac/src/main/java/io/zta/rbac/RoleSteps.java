package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.rbac.Gate.Passage;
import io.zta.rbac.Holder.Held;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Steps by which somebody gives rights to itself. The API server lets nobody write a role beyond his own rights without
 * {@code escalate}, or bind one without {@code bind} (RBAC-14, RBAC-15), so the right to write alone leads nowhere.
 */
final class RoleSteps {
    private static final Role EVERYTHING = everything();

    private final Situation situation;
    private final Place from;
    private final Subject self;
    private final Holder holder;
    private final List<Step> steps = new ArrayList<>();

    private RoleSteps(Situation situation, Place from, Holder holder) {
        this.situation = situation;
        this.from = from;
        this.self = from.subject().orElseThrow();
        this.holder = holder;
    }

    static List<Step> of(Situation situation, Place from, Holder holder) {
        RoleSteps all = new RoleSteps(situation, from, holder);
        all.bind();
        all.escalate(Privilege.CLUSTER_ROLE_ESCALATE, Privilege.CLUSTER_ROLE_CHANGE, true);
        all.escalate(Privilege.ROLE_ESCALATE, Privilege.ROLE_CHANGE, false);
        all.passOn();
        return all.steps;
    }

    private void bind() {
        List<Held> cluster = holder.grants(Privilege.CLUSTER_ROLE_BIND);
        List<Held> own = holder.grants(Privilege.ROLE_BIND);
        if (cluster.isEmpty() && own.isEmpty()) {
            return;
        }
        for (Held write : holder.grants(Privilege.CLUSTER_ROLE_BINDING_WRITE)) {
            for (Held bind : cluster) {
                if (bind.scope().isEmpty()) {
                    bound(write, bind, "", true);
                }
            }
        }
        for (Held write : holder.grants(Privilege.ROLE_BINDING_WRITE)) {
            for (Held bind : cluster) {
                for (String namespace : common(write, bind)) {
                    bound(write, bind, namespace, true);
                }
            }
            for (Held bind : own) {
                for (String namespace : common(write, bind)) {
                    bound(write, bind, namespace, false);
                }
            }
        }
    }

    private Set<String> common(Held one, Held other) {
        if (one.scope().isEmpty()) {
            return other.scope().isEmpty() ? situation.namespaces() : Set.of(other.scope());
        }
        return other.binding().countsIn(one.scope()) ? Set.of(one.scope()) : Set.of();
    }

    private void bound(Held write, Held bind, String namespace, boolean clusterRoles) {
        Privilege written = namespace.isEmpty() ? Privilege.CLUSTER_ROLE_BINDING_WRITE : Privilege.ROLE_BINDING_WRITE;
        Passage passage = situation.passage(holder, written, write, namespace);
        if (!passage.open()) {
            return;
        }
        List<Grant> grants = List.of(write.grant(), bind.grant());
        if (!bind.named() && clusterRoles) {
            give(EVERYTHING, namespace, "binds itself to cluster-admin", grants, passage);
            return;
        }
        for (Role role : situation.rbac().roles()) {
            boolean cluster = role.resource().type().equals(GroupKind.CLUSTER_ROLE);
            boolean there = cluster || role.resource().namespace().equals(namespace);
            boolean named = !bind.named()
                    || bind.rule().names().contains(role.resource().name());
            if (cluster == clusterRoles && there && named) {
                give(role, namespace, "binds itself to " + role.resource().display(), grants, passage);
            }
        }
    }

    /** With escalate one writes any rule into a role that one is bound to. */
    private void escalate(Privilege escalate, Privilege change, boolean clusterRoles) {
        for (Held may : holder.grants(escalate)) {
            for (Held write : holder.grants(change)) {
                for (Binding binding : new LinkedHashSet<>(holder.bindings())) {
                    Resource role = binding.role().resource();
                    boolean reached = clusterRoles == role.type().equals(GroupKind.CLUSTER_ROLE)
                            && (clusterRoles
                                    || may.binding().countsIn(role.namespace())
                                            && write.binding().countsIn(role.namespace()))
                            && covers(may, role)
                            && covers(write, role);
                    if (!reached) {
                        continue;
                    }
                    Passage passage = situation.passage(holder, change, write, role.namespace());
                    if (passage.open()) {
                        give(
                                EVERYTHING,
                                binding.namespace(),
                                "writes every right into " + role.display() + ", to which it is bound",
                                List.of(may.grant(), write.grant()),
                                passage);
                    }
                }
            }
        }
    }

    private static boolean covers(Held held, Resource role) {
        return !held.named() || held.rule().names().contains(role.name());
    }

    /** Who holds a right may bind it to somebody else, whom a deny by name does not know (RBAC-16). */
    private void passOn() {
        if (situation.gate().isAbsent() || from.extra().isPresent()) {
            return;
        }
        for (Held write : holder.grants(Privilege.ROLE_BINDING_WRITE)) {
            for (Binding binding : new LinkedHashSet<>(holder.bindings())) {
                boolean enters = EntrySteps.PRIVILEGES.stream().anyMatch(binding.role()::gives);
                String namespace = write.scope().isEmpty() ? binding.namespace() : write.scope();
                if (!enters || namespace.isEmpty() || !binding.countsIn(namespace)) {
                    continue;
                }
                Passage passage = situation.passage(holder, Privilege.ROLE_BINDING_WRITE, write, namespace);
                if (passage.open()) {
                    String role = binding.role().resource().display();
                    steps.add(new Step(
                            from,
                            Place.granted(Subject.user("of another name"), made(binding.role(), namespace)),
                            "API-rbac",
                            "binds " + role + ", which it holds itself, to a user of another name in namespace "
                                    + namespace,
                            List.of(write.grant()),
                            passage.notes(),
                            passage.doubts()));
                }
            }
        }
    }

    private void give(Role role, String namespace, String what, List<Grant> grants, Passage passage) {
        if (!role.givesAny()) {
            return;
        }
        steps.add(new Step(
                from,
                Place.granted(self, made(role, namespace)),
                "API-rbac",
                what + (namespace.isEmpty() ? " everywhere" : " in namespace " + namespace),
                grants,
                passage.notes(),
                passage.doubts()));
    }

    /** A binding that does not exist yet. */
    private Binding made(Role role, String namespace) {
        String kind = namespace.isEmpty() ? "ClusterRoleBinding" : "RoleBinding";
        Map<String, Node> metadata = new java.util.LinkedHashMap<>();
        metadata.put("name", Node.text("(of its own making)"));
        if (!namespace.isEmpty()) {
            metadata.put("namespace", Node.text(namespace));
        }
        Map<String, Node> tree = new java.util.LinkedHashMap<>();
        tree.put("apiVersion", Node.text("rbac.authorization.k8s.io/v1"));
        tree.put("kind", Node.text(kind));
        tree.put("metadata", Node.object(metadata));
        return new Binding(Resource.of(Node.object(tree), Origin.MEMORY), namespace, List.of(self), role);
    }

    private static Role everything() {
        Node all = Node.array(List.of(Node.text("*")));
        Map<String, Node> rule = new java.util.LinkedHashMap<>();
        rule.put("apiGroups", all);
        rule.put("resources", all);
        rule.put("verbs", all);
        Map<String, Node> tree = new java.util.LinkedHashMap<>();
        tree.put("apiVersion", Node.text("rbac.authorization.k8s.io/v1"));
        tree.put("kind", Node.text("ClusterRole"));
        tree.put("metadata", Node.object(Map.of("name", Node.text("cluster-admin"))));
        tree.put("rules", Node.array(List.of(Node.object(rule))));
        Resource resource = Resource.of(Node.object(tree), Origin.MEMORY);
        return new Role(resource, List.of(Rule.of(resource, 0, Node.object(rule))), true);
    }
}
