package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.rbac.Rbac;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The RBAC evaluator against the real authorizer: generated roles and bindings, and a grid of access reviews. */
class AuthorizerDifferentialIT {
    private static final long SEED = Long.getLong("zta.rbac.seed", 20_261_124L);
    private static final int REVIEWS = 20_000;
    private static final String MARK = "zta-authorizer-test";
    private static final List<String> VERBS =
            List.of("get", "list", "create", "update", "patch", "delete", "deletecollection", "bind");
    private static final List<String> RESOURCES = List.of(
            "/pods",
            "/pods/exec",
            "/pods/log",
            "/secrets",
            "/configmaps",
            "apps/deployments",
            "apps/deployments/scale",
            "/nodes",
            "/services/proxy");
    private static final List<String> NAMES = List.of("", "a", "c");
    private static final List<String> PATHS = List.of("/zta", "/zta/deep", "/zta/", "/ztas", "/other");

    private final String run = Long.toString(System.nanoTime() % 1_679_616L, 36);
    private KubernetesClient client;
    private Random random;
    private List<String> namespaces;

    @BeforeEach
    void scratch() {
        client = LiveCluster.admin();
        namespaces = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            namespaces.add(LiveCluster.scratchNamespace(client, "zta-rbac", Map.of()));
        }
    }

    @AfterEach
    void clean() {
        clear();
        namespaces.forEach(name -> client.namespaces().withName(name).delete());
        client.close();
    }

    private void clear() {
        client.rbac().clusterRoleBindings().withLabel(MARK, run).delete();
        client.rbac().clusterRoles().withLabel(MARK, run).delete();
        for (String namespace : namespaces) {
            client.rbac()
                    .roleBindings()
                    .inNamespace(namespace)
                    .withLabel(MARK, run)
                    .delete();
            client.rbac().roles().inNamespace(namespace).withLabel(MARK, run).delete();
        }
    }

    private boolean sometimes(int percent) {
        return random.nextInt(100) < percent;
    }

    private String one(List<String> of) {
        return of.get(random.nextInt(of.size()));
    }

    private String some(List<String> of) {
        List<String> chosen = new ArrayList<>();
        for (int i = random.nextInt(2); i >= 0; i--) {
            chosen.add("'" + one(of) + "'");
        }
        return String.join(", ", chosen);
    }

    private String rules(boolean cluster) {
        List<String> rules = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            if (cluster && sometimes(15)) {
                rules.add("{nonResourceURLs: [" + some(List.of("/zta", "/zta/*", "/zta*", "/other")) + "], verbs: ["
                        + some(List.of("get", "create", "*")) + "]}");
            } else {
                rules.add("{apiGroups: [" + some(List.of("", "", "apps", "*")) + "], resources: ["
                        + some(List.of(
                                "pods",
                                "pods/exec",
                                "pods/*",
                                "*/exec",
                                "*",
                                "secrets",
                                "deployments",
                                "*/scale",
                                "configmaps",
                                "services/proxy",
                                "nodes",
                                "pods/log"))
                        + "], verbs: ["
                        + some(List.of("get", "list", "create", "update", "delete", "*", "patch", "bind")) + "]"
                        + (sometimes(25) ? ", resourceNames: [" + some(List.of("a", "b", "c")) + "]" : "") + "}");
            }
        }
        return "[" + String.join(", ", rules) + "]";
    }

    private String object(String kind, String namespace, String name, String labels, String rest) {
        return "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: " + name
                + (namespace.isEmpty() ? "" : ", namespace: " + namespace) + ", labels: {" + MARK + ": " + run + labels
                + "}}\n" + rest + "\n";
    }

    private List<String> subjects() {
        List<String> subjects = new ArrayList<>();
        for (String name : List.of("ann", "bob", "cem")) {
            subjects.add("{kind: User, apiGroup: rbac.authorization.k8s.io, name: " + name + "-" + run + "}");
        }
        for (String name : List.of("devs", "ops")) {
            subjects.add("{kind: Group, apiGroup: rbac.authorization.k8s.io, name: " + name + "-" + run + "}");
        }
        subjects.add("{kind: ServiceAccount, namespace: " + namespaces.get(0) + ", name: one}");
        subjects.add("{kind: ServiceAccount, namespace: " + namespaces.get(1) + ", name: two}");
        subjects.add("{kind: User, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccount:"
                + namespaces.get(1) + ":two'}");
        subjects.add("{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:serviceaccounts:"
                + namespaces.get(0) + "'}");
        return subjects;
    }

    private List<Identity> identities() {
        return List.of(
                Identity.person("ann-" + run),
                Identity.person("bob-" + run, "devs-" + run),
                Identity.person("cem-" + run, "devs-" + run, "ops-" + run),
                Identity.person("dan-" + run, "ops-" + run),
                Identity.person("eve-" + run),
                new Identity("", Set.of("ops-" + run)),
                Identity.serviceAccount(namespaces.get(0), "one"),
                Identity.serviceAccount(namespaces.get(0), "other"),
                Identity.serviceAccount(namespaces.get(1), "two"),
                Identity.person("system:serviceaccount:" + namespaces.get(1) + ":two"),
                new Identity("system:anonymous", Set.of("system:unauthenticated")));
    }

    private void generate() {
        List<String> cluster = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String name = MARK + "-" + run + "-" + i;
            cluster.add(name);
            Scene.create(
                    client,
                    object("ClusterRole", "", name, i < 3 ? ", zta-sum: '" + run + "'" : "", "rules: " + rules(true)));
        }
        String sum = MARK + "-" + run + "-sum";
        cluster.add(sum);
        Scene.create(
                client,
                object(
                        "ClusterRole",
                        "",
                        sum,
                        "",
                        "aggregationRule: {clusterRoleSelectors: [{matchLabels: {zta-sum: '" + run
                                + "'}}]}\nrules: []"));
        Scene.await(
                "the aggregated role",
                () -> Optional.ofNullable(
                                client.rbac().clusterRoles().withName(sum).get().getRules())
                        .map(rules -> !rules.isEmpty())
                        .orElse(false));
        List<String> subjects = subjects();
        for (String namespace : namespaces) {
            for (int i = 0; i < 3; i++) {
                Scene.create(client, object("Role", namespace, "r" + i, "", "rules: " + rules(false)));
            }
            for (int i = 0; i < 5; i++) {
                boolean own = sometimes(50);
                String role = sometimes(10) ? "missing" : own ? "r" + random.nextInt(3) : one(cluster);
                Scene.create(
                        client,
                        object(
                                "RoleBinding",
                                namespace,
                                "b" + i,
                                "",
                                "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + (own ? "Role" : "ClusterRole")
                                        + ", name: " + role + "}\nsubjects: [" + one(subjects) + ", " + one(subjects)
                                        + "]"));
            }
        }
        for (int i = 0; i < 3; i++) {
            Scene.create(
                    client,
                    object(
                            "ClusterRoleBinding",
                            "",
                            MARK + "-" + run + "-b" + i,
                            "",
                            "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: " + one(cluster)
                                    + "}\nsubjects: [" + one(subjects.subList(0, 6)) + "]"));
        }
        // The authorizer has read the last of each kind once it lets these through.
        String last = namespaces.get(0);
        String all = "rules: [{apiGroups: [zta.test], resources: [ready], verbs: [see]}]";
        String who = "\nsubjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: ready-" + run + "}]";
        Scene.create(client, object("Role", last, "ready", "", all));
        Scene.create(client, object("ClusterRole", "", MARK + "-" + run + "-ready", "", all));
        String ref = "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ";
        Scene.create(client, object("RoleBinding", last, "ready", "", ref + "Role, name: ready}" + who));
        Scene.create(
                client,
                object(
                        "ClusterRoleBinding",
                        "",
                        MARK + "-" + run + "-ready",
                        "",
                        ref + "ClusterRole, name: " + MARK + "-" + run + "-ready}" + who));
        Identity ready = Identity.person("ready-" + run);
        for (String namespace : List.of(last, "")) {
            Attributes see = Attributes.of("see", "zta.test", "ready", namespace, "");
            Scene.await("the authorizer to be ready", () -> review(ready, see));
        }
    }

    private List<Attributes> grid() {
        List<Attributes> grid = new ArrayList<>();
        List<String> places = new ArrayList<>(namespaces);
        places.add("");
        for (String verb : VERBS) {
            for (String resource : RESOURCES) {
                String group = resource.substring(0, resource.indexOf('/'));
                for (String place : places) {
                    for (String name : NAMES) {
                        grid.add(Attributes.of(verb, group, resource.substring(group.length() + 1), place, name));
                    }
                }
            }
        }
        for (String verb : List.of("get", "create", "delete")) {
            for (String path : PATHS) {
                grid.add(new Attributes(verb, "", "", "", "", "", path));
            }
        }
        return grid;
    }

    private boolean review(Identity identity, Attributes asked) {
        var spec = new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(identity.user().isEmpty() ? null : identity.user())
                .withGroups(List.copyOf(identity.groups()));
        var review = asked.path().isEmpty()
                ? spec.withNewResourceAttributes()
                        .withVerb(asked.verb())
                        .withGroup(asked.group())
                        .withResource(asked.resource())
                        .withSubresource(asked.subresource().isEmpty() ? null : asked.subresource())
                        .withNamespace(asked.namespace().isEmpty() ? null : asked.namespace())
                        .withName(asked.name().isEmpty() ? null : asked.name())
                        .endResourceAttributes()
                        .endSpec()
                        .build()
                : spec.withNewNonResourceAttributes()
                        .withVerb(asked.verb())
                        .withPath(asked.path())
                        .endNonResourceAttributes()
                        .endSpec()
                        .build();
        return client.authorization()
                .v1()
                .subjectAccessReview()
                .create(review)
                .getStatus()
                .getAllowed();
    }

    @Test
    void agrees_with_the_authorizer_on_every_review() throws Exception {
        System.out.println("seed " + SEED);
        int reviews = 0;
        int allowed = 0;
        ExecutorService threads = Executors.newFixedThreadPool(12);
        try {
            for (int round = 0; reviews < REVIEWS; round++) {
                random = new Random(SEED + round);
                clear();
                generate();
                Rbac rbac = Rbac.of(Snapshot.of(client));
                assertThat(rbac.doubts()).isEmpty();
                Map<String, Future<Boolean>> answers = new LinkedHashMap<>();
                Map<String, Boolean> ours = new LinkedHashMap<>();
                for (Identity identity : identities()) {
                    for (Attributes asked : grid()) {
                        String key = identity + " " + asked;
                        ours.put(key, rbac.allows(identity, asked));
                        answers.put(key, threads.submit(() -> review(identity, asked)));
                    }
                }
                List<String> wrong = new ArrayList<>();
                for (Map.Entry<String, Future<Boolean>> answer : answers.entrySet()) {
                    boolean real = answer.getValue().get();
                    allowed += real ? 1 : 0;
                    if (real != ours.get(answer.getKey())) {
                        wrong.add(answer.getKey() + ": the authorizer says " + (real ? "yes" : "no"));
                    }
                }
                reviews += answers.size();
                assertThat(wrong).as("seed %d, round %d", SEED, round).isEmpty();
            }
        } finally {
            threads.shutdownNow();
        }
        System.out.println(reviews + " reviews, " + allowed + " of them allowed");
        assertThat(allowed).isBetween(reviews / 50, reviews * 49 / 50);
    }
}
