package io.zta.verify.probe;

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
import io.zta.compile.Manifests;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import io.zta.verify.probe.Impersonation.Who;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The rights that {@link Prober#probe} needs for a posture, and no others. Pure. */
public final class ProbeRole {
    private static final String NAME = "zta-prober";
    private static final String RBAC = "rbac.authorization.k8s.io";

    private final Posture posture;
    private final Options options;
    private final Map<String, Set<PolicyRule>> rules = new LinkedHashMap<>();

    private ProbeRole(Posture posture, Options options) {
        this.posture = posture;
        this.options = options;
    }

    /** The Roles and the ClusterRole, with bindings to the prober. */
    public static List<HasMetadata> of(Posture posture, Options options, Subject prober) {
        ProbeRole role = new ProbeRole(posture, options);
        role.collect();
        return role.objects(prober);
    }

    /** The same as one YAML stream. */
    public static String yaml(Posture posture, Options options, Subject prober) {
        StringBuilder out = new StringBuilder();
        of(posture, options, prober).forEach(object -> out.append("---\n").append(Manifests.yaml(object)));
        return out.toString();
    }

    private boolean runs(int test) {
        return options.tests().contains(test);
    }

    private void collect() {
        boolean network = runs(1) && posture.asks(Intent.DenyDirectAccess.class);
        boolean mesh = runs(3) && posture.asks(Intent.StrictMtls.class);
        boolean gateway = runs(4) && posture.gateway().isPresent();
        boolean audit = runs(5) && posture.asks(Intent.Audit.class);
        for (String namespace : posture.namespaces()) {
            // Where the targets are.
            rule(namespace, "", "list", "pods", "services");
        }
        if (network) {
            NetworkTest.sources(posture, options).keySet().forEach(source -> jobs(source.namespace()));
            rule(options.namespace(), "networking.k8s.io", "create", "networkpolicies");
            NetworkTest.control(posture, options).ifPresent(this::beside);
        }
        if (mesh && options.gatewayDouble()) {
            posture.gateway().map(MeshTest::outside).ifPresent(this::beside);
        }
        if (gateway) {
            legitimate(posture.gateway().get());
        }
        impersonation(audit);
        if (audit && options.auditLog().isEmpty()) {
            rule("kube-system", "", "list", "pods");
            rule("kube-system", "", "get", "pods/log");
        }
    }

    private void legitimate(Gateway gateway) {
        jobs(options.namespace());
        rule(gateway.namespace(), "", "list", "services");
        if (options.host().isEmpty()) {
            posture.namespaces()
                    .forEach(namespace -> rule(namespace, "networking.istio.io", "list", "virtualservices"));
        }
        Options.Tokens tokens = options.tokens();
        if (tokens.valid().isPresent()
                || tokens.expired().isPresent()
                || tokens.foreign().isPresent()) {
            rule(options.namespace(), "", "create", "secrets");
        }
    }

    /** Standing beside the gateway is what the guard refuses to all who don't hold the verb. */
    private void beside(Source source) {
        jobs(source.namespace());
        if (posture.guarded()) {
            rule(source.namespace(), "zta.io", "apply", "postures");
        }
    }

    private void jobs(String namespace) {
        rule(namespace, "batch", "create", "jobs");
        rule(namespace, "batch", "delete", "jobs");
        rule(namespace, "", "list", "pods", "events");
    }

    private void impersonation(boolean audit) {
        Set<String> users = new TreeSet<>();
        Set<String> groups = new TreeSet<>();
        List<Subject> asked = new ArrayList<>();
        if (runs(2)) {
            asked.addAll(posture.noExec());
            asked.addAll(posture.keepExec());
            if (!asked.isEmpty()) {
                rule("", "authorization.k8s.io", "create", "subjectaccessreviews");
            }
        }
        if (audit) {
            posture.noExec().stream().findFirst().ifPresentOrElse(asked::add, () -> users.add(Who.MEMBER));
        }
        for (Subject subject : asked) {
            switch (subject.kind()) {
                case USER -> users.add(subject.name());
                case GROUP -> {
                    users.add(Who.MEMBER);
                    groups.add(subject.name());
                }
                case SERVICE_ACCOUNT -> add(subject.namespace(), named("serviceaccounts", Set.of(subject.name())));
            }
        }
        if (!users.isEmpty()) {
            add("", named("users", users));
        }
        if (!groups.isEmpty()) {
            add("", named("groups", groups));
        }
    }

    private static PolicyRule named(String resource, Set<String> names) {
        return new PolicyRuleBuilder()
                .withApiGroups("")
                .withResources(resource)
                .withVerbs("impersonate")
                .withResourceNames(List.copyOf(names))
                .build();
    }

    private void rule(String namespace, String group, String verb, String... resources) {
        for (String resource : resources) {
            add(
                    namespace,
                    new PolicyRuleBuilder()
                            .withApiGroups(group)
                            .withResources(resource)
                            .withVerbs(verb)
                            .build());
        }
    }

    private void add(String namespace, PolicyRule rule) {
        rules.computeIfAbsent(namespace, any -> new LinkedHashSet<>()).add(rule);
    }

    private List<HasMetadata> objects(Subject prober) {
        io.fabric8.kubernetes.api.model.rbac.Subject subject = new io.fabric8.kubernetes.api.model.rbac.Subject(
                prober.kind() == Subject.Kind.SERVICE_ACCOUNT ? null : RBAC,
                prober.kind().rbac(),
                prober.name(),
                prober.namespace().isEmpty() ? null : prober.namespace());
        List<HasMetadata> objects = new ArrayList<>();
        rules.forEach((namespace, own) -> {
            boolean cluster = namespace.isEmpty();
            ObjectMeta meta = metadata(cluster ? Optional.empty() : Optional.of(namespace));
            if (cluster) {
                objects.add(new ClusterRoleBuilder()
                        .withMetadata(meta)
                        .withRules(List.copyOf(own))
                        .build());
                objects.add(new ClusterRoleBindingBuilder()
                        .withMetadata(metadata(Optional.empty()))
                        .withNewRoleRef(RBAC, "ClusterRole", meta.getName())
                        .withSubjects(subject)
                        .build());
            } else {
                objects.add(new RoleBuilder()
                        .withMetadata(meta)
                        .withRules(List.copyOf(own))
                        .build());
                objects.add(new RoleBindingBuilder()
                        .withMetadata(metadata(Optional.of(namespace)))
                        .withNewRoleRef(RBAC, "Role", meta.getName())
                        .withSubjects(subject)
                        .build());
            }
        });
        return objects;
    }

    private ObjectMeta metadata(Optional<String> namespace) {
        // One prober may serve several postures, whose roles stand side by side in a namespace.
        ObjectMetaBuilder builder = new ObjectMetaBuilder()
                .withName(NAME + "-" + posture.id())
                .addToLabels("app.kubernetes.io/managed-by", "zta");
        namespace.ifPresent(builder::withNamespace);
        return builder.build();
    }
}
