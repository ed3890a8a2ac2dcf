package io.zta.rbac;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.Subject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Compiles the roles of a posture: what the kept-out may still read, who may enter, who may apply, and what a break-glass
 * grant gives. RBAC has no deny: these only add, and what other bindings grant is taken by admission.
 */
final class PostureRoles {
    /** The role that a break-glass grant binds to a subject for a while. */
    static final String BREAK_GLASS = "zta-break-glass";

    private static final String GROUP = "rbac.authorization.k8s.io";
    private static final List<String> READ = List.of("get", "list", "watch");

    private final Posture posture;
    private final List<Compiled> compiled = new ArrayList<>();

    private PostureRoles(Posture posture) {
        this.posture = posture;
    }

    static List<Compiled> of(Posture posture) {
        PostureRoles roles = new PostureRoles(posture);
        for (String namespace : posture.namespaces()) {
            roles.restricted(namespace);
            roles.entry(namespace);
            roles.breakGlass(namespace);
        }
        roles.appliers();
        return roles.compiled;
    }

    private void restricted(String namespace) {
        List<Subject> subjects = posture.noExec();
        if (subjects.isEmpty()) {
            return;
        }
        role(
                namespace,
                "zta-restricted",
                posture.intents(Intent.NoExec.class),
                rule("", READ, "pods", "pods/log", "services", "endpoints", "events", "configmaps"),
                rule("apps", READ, "deployments", "daemonsets", "statefulsets", "replicasets"),
                rule("batch", READ, "jobs", "cronjobs"));
        bind(namespace, "zta-restricted", subjects, posture.intents(Intent.NoExec.class));
    }

    private void entry(String namespace) {
        List<Subject> subjects = posture.keepExec();
        if (subjects.isEmpty()) {
            return;
        }
        List<Intent.KeepEntry> because = posture.intents(Intent.KeepEntry.class);
        role(namespace, "zta-entry", because, rule("zta.io", List.of("enter"), "containers"));
        bind(namespace, "zta-entry", subjects, because);
    }

    private void breakGlass(String namespace) {
        List<Intent.BreakGlass> because = posture.intents(Intent.BreakGlass.class);
        if (because.isEmpty()) {
            return;
        }
        role(
                namespace,
                BREAK_GLASS,
                because,
                rule("zta.io", List.of("enter"), "containers"),
                rule("", List.of("create", "get"), "pods/exec", "pods/attach", "pods/portforward"),
                rule("", READ, "pods", "pods/log"));
        TreeSet<Subject> approvers = new TreeSet<>();
        because.forEach(glass -> approvers.addAll(glass.approvers()));
        if (approvers.isEmpty()) {
            return;
        }
        PolicyRule bindIt = new PolicyRuleBuilder(rule(GROUP, List.of("bind"), "roles"))
                .withResourceNames(BREAK_GLASS)
                .build();
        role(
                namespace,
                "zta-break-glass-approver",
                because,
                rule("zta.io", List.of("approve"), "postures"),
                rule(GROUP, List.of("create", "delete", "get", "list"), "rolebindings"),
                bindIt);
        bind(namespace, "zta-break-glass-approver", approvers, because);
    }

    private void appliers() {
        List<Subject> subjects = posture.appliers();
        if (subjects.isEmpty() || !posture.guarded()) {
            return;
        }
        String name = "zta-applier-" + posture.id();
        List<Intent.Applier> because = posture.intents(Intent.Applier.class);
        add(new ClusterRoleBuilder()
                .withMetadata(metadata("", name, because))
                .withRules(rule("zta.io", List.of("apply"), "postures"))
                .build());
        add(new ClusterRoleBindingBuilder()
                .withMetadata(metadata("", name, because))
                .withNewRoleRef(GROUP, "ClusterRole", name)
                .withSubjects(rbac(subjects))
                .build());
    }

    private void role(String namespace, String name, Collection<? extends Intent> because, PolicyRule... rules) {
        add(new RoleBuilder()
                .withMetadata(metadata(namespace, name, because))
                .withRules(rules)
                .build());
    }

    private void bind(
            String namespace, String role, Collection<Subject> subjects, Collection<? extends Intent> because) {
        add(new RoleBindingBuilder()
                .withMetadata(metadata(namespace, role, because))
                .withNewRoleRef(GROUP, "Role", role)
                .withSubjects(rbac(subjects))
                .build());
    }

    private static List<io.fabric8.kubernetes.api.model.rbac.Subject> rbac(Collection<Subject> subjects) {
        return subjects.stream()
                .map(subject -> subject.kind() == Subject.Kind.SERVICE_ACCOUNT
                        ? new io.fabric8.kubernetes.api.model.rbac.Subject(
                                null, subject.kind().rbac(), subject.name(), subject.namespace())
                        : new io.fabric8.kubernetes.api.model.rbac.Subject(
                                GROUP, subject.kind().rbac(), subject.name(), null))
                .toList();
    }

    private static PolicyRule rule(String group, List<String> verbs, String... resources) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resources)
                .withVerbs(verbs)
                .build();
    }

    private void add(HasMetadata object) {
        compiled.add(new Compiled(object, Phase.API, false));
    }

    private ObjectMeta metadata(String namespace, String name, Collection<? extends Intent> because) {
        ObjectMetaBuilder builder = new ObjectMetaBuilder()
                .withName(name)
                .addToLabels("app.kubernetes.io/managed-by", "zta")
                .addToAnnotations(
                        "zta.io/asked-by", because.stream().map(Intent::call).collect(Collectors.joining(", ")))
                .addToAnnotations(
                        "zta.io/posture",
                        (namespace.isEmpty() ? posture.namespaces().get(0) : namespace) + "/" + posture.name());
        return namespace.isEmpty()
                ? builder.build()
                : builder.withNamespace(namespace).build();
    }
}
