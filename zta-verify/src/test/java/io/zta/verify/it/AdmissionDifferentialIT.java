package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.zta.rbac.AdmissionVerdicts;
import io.zta.rbac.AdmissionVerdicts.Answer;
import io.zta.rbac.AdmissionVerdicts.Operation;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.rbac.Rbac;
import io.zta.rbac.admission.Admission;
import io.zta.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Generated ValidatingAdmissionPolicies and bindings, each set on a namespace of its own, and real requests for entry as
 * several identities: what the API server makes of each is what {@code Admission} says. Unknown is no disagreement, but must
 * stay rare.
 */
class AdmissionDifferentialIT {
    private static final int SETS = 40;
    private static final String PATCH =
            "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"zta.test/agnhost:1\"}]}}";

    /** A request in a namespace: how it is sent, and what it is to the API server. */
    private record Shot(String method, String path, String verb, String resource, String name) {}

    private record Asked(String namespace, String user, Shot shot) {}

    private static final List<Shot> SHOTS = List.of(
            new Shot("POST", "pods/none/exec?command=true", "create", "pods/exec", "none"),
            new Shot("GET", "pods/none/exec?command=true", "get", "pods/exec", "none"),
            new Shot("POST", "pods/other/attach", "create", "pods/attach", "other"),
            new Shot("POST", "pods/none/portforward?ports=80", "create", "pods/portforward", "none"),
            new Shot("GET", "pods/none/proxy/x", "get", "pods/proxy", "none"),
            new Shot("DELETE", "pods/other/proxy/x", "delete", "pods/proxy", "other"),
            new Shot("GET", "services/none/proxy/x", "get", "services/proxy", "none"),
            new Shot("PATCH", "pods/real/ephemeralcontainers?dryRun=All", "patch", "pods/ephemeralcontainers", "real"));

    private static final Map<String, Identity> USERS = new TreeMap<>(Map.of(
            "ann", Identity.person("ann", "developers", "zta-adm"),
            "bob", Identity.person("bob", "oncall", "zta-adm"),
            "ci", Identity.person("ci", "zta-adm", "zta-adm-enter"),
            "robot", Identity.person("system:serviceaccount:build:robot", "system:serviceaccounts", "zta-adm")));

    private static KubernetesClient admin;
    private static final List<HasMetadata> clusterScoped = new ArrayList<>();
    private static final List<String> namespaces = new ArrayList<>();

    @BeforeAll
    static void open() {
        admin = LiveCluster.admin();
    }

    @AfterAll
    static void close() {
        if (admin != null) {
            clusterScoped.forEach(object -> admin.resource(object).delete());
            namespaces.forEach(name -> admin.namespaces().withName(name).delete());
            admin.close();
        }
    }

    private static void create(String yaml) {
        for (HasMetadata made : Scene.create(admin, yaml)) {
            if (made.getMetadata().getNamespace() == null) {
                clusterScoped.add(made);
            }
        }
    }

    @Test
    void agrees_with_the_api_server_on_every_entry() throws Exception {
        long seed = Long.getLong("zta.seed", 20261124L);
        System.out.println("AdmissionDifferentialIT seed " + seed);
        Random random = new Random(seed);
        String run = Long.toString(System.nanoTime() % 2_176_782_336L, 36);
        grants(run);
        Map<String, String> sets = new TreeMap<>();
        for (int i = 0; i < SETS; i++) {
            String namespace = LiveCluster.scratchNamespace(
                    admin, "zta-adm", Map.of("tier", random.nextBoolean() ? "front" : "back"));
            namespaces.add(namespace);
            pod(namespace);
            create("""
                    apiVersion: rbac.authorization.k8s.io/v1
                    kind: RoleBinding
                    metadata: {name: enter, namespace: %s}
                    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: zta-adm-enter-%s}
                    subjects: [{kind: Group, name: zta-adm-enter, apiGroup: rbac.authorization.k8s.io}]
                    """.formatted(namespace, run));
            String policies = generate(random, run, i, namespace);
            create(policies);
            sets.put(namespace, policies);
        }
        inForce(run);

        Snapshot snapshot = Snapshot.of(admin);
        Rbac rbac = Rbac.of(snapshot);
        AdmissionVerdicts admission = Admission.of(snapshot, rbac);
        List<Asked> open = new ArrayList<>();
        int known = 0;
        int denied = 0;
        Map<Asked, Answer> expected = new java.util.HashMap<>();
        for (String namespace : sets.keySet()) {
            for (String user : USERS.keySet()) {
                for (Shot shot : SHOTS) {
                    Asked asked = new Asked(namespace, user, shot);
                    Attributes attributes = Attributes.of(shot.verb(), "", shot.resource(), namespace, shot.name());
                    Identity identity = USERS.get(user);
                    assertThat(rbac.allows(identity, attributes))
                            .as("%s", asked)
                            .isTrue();
                    Answer answer = admission.decide(request(identity, attributes));
                    if (!(answer instanceof Answer.Unknown)) {
                        known++;
                        denied += answer instanceof Answer.Denied ? 1 : 0;
                        expected.put(asked, answer);
                        open.add(asked);
                    }
                }
            }
        }
        int all = SETS * USERS.size() * SHOTS.size();
        System.out.println(
                "AdmissionDifferentialIT: " + all + " requests, " + known + " decided, " + denied + " denied");
        assertThat(known).as("what can be told of " + all).isGreaterThan(all * 3 / 4);
        assertThat(denied).isBetween(known / 20, known * 9 / 10);

        List<String> disagreements = disagreements(open, expected, sets);
        assertThat(disagreements).isEmpty();
    }

    private static Request request(Identity identity, Attributes attributes) {
        Operation operation =
                attributes.subresource().equals("ephemeralcontainers") ? Operation.UPDATE : Operation.CONNECT;
        return new Request(identity, attributes, operation, Optional.empty(), Optional.empty());
    }

    /** Asks each; what disagrees is asked again for a while, as policies come into force a moment after they are there. */
    private static List<String> disagreements(List<Asked> asked, Map<Asked, Answer> expected, Map<String, String> sets)
            throws Exception {
        List<Asked> open = asked;
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        Map<String, KubernetesClient> clients = new TreeMap<>();
        try {
            USERS.forEach((name, identity) -> clients.put(
                    name,
                    LiveCluster.client(new ConfigBuilder(LiveCluster.as(
                                            identity.user(), identity.groups().toArray(String[]::new))
                                    .getConfiguration())
                            .withRequestRetryBackoffLimit(0)
                            .build())));
            while (true) {
                List<Asked> wrong = new ArrayList<>();
                List<String> lines = new ArrayList<>();
                for (Asked one : open) {
                    String answer = send(clients.get(one.user()), one.namespace(), one.shot());
                    boolean refused = answer.contains("ValidatingAdmissionPolicy");
                    if (refused != expected.get(one) instanceof Answer.Denied) {
                        wrong.add(one);
                        lines.add(one + "\nserver: " + answer + "\nevaluator: " + expected.get(one) + "\n"
                                + sets.get(one.namespace()));
                    }
                }
                if (wrong.isEmpty() || System.nanoTime() > end) {
                    return lines;
                }
                open = wrong;
            }
        } finally {
            clients.values().forEach(KubernetesClient::close);
        }
    }

    private static String send(KubernetesClient client, String namespace, Shot shot) throws Exception {
        String url = client.getMasterUrl().toString().replaceFirst("/+$", "") + "/api/v1/namespaces/" + namespace + "/"
                + shot.path();
        boolean patch = shot.method().equals("PATCH");
        HttpRequest request = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(url)
                .method(
                        shot.method(),
                        patch ? "application/strategic-merge-patch+json" : "application/json",
                        patch ? PATCH : shot.method().equals("GET") ? null : "")
                .timeout(20, TimeUnit.SECONDS)
                .build();
        HttpResponse<byte[]> response =
                client.getHttpClient().sendAsync(request, byte[].class).get(30, TimeUnit.SECONDS);
        String body = response.body() == null ? "" : new String(response.body(), StandardCharsets.UTF_8);
        assertThat(body).as("%s %s", shot, response.code()).doesNotContain("cannot ");
        return response.code() + " " + body;
    }

    /** All identities may do all of it by RBAC; one group may {@code enter} as well, in some namespaces. */
    private static void grants(String run) {
        create("""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: zta-adm-%1$s}
                rules:
                - {apiGroups: [""], resources: [pods/exec, pods/attach, pods/portforward, pods/proxy, pods/ephemeralcontainers, services/proxy], verbs: ["*"]}
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: zta-adm-%1$s}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: zta-adm-%1$s}
                subjects: [{kind: Group, name: zta-adm, apiGroup: rbac.authorization.k8s.io}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: zta-adm-enter-%1$s}
                rules:
                - {apiGroups: [zta.io], resources: [containers], verbs: [enter]}
                """.formatted(run));
    }

    /** A pod that no node takes: enough to be given an ephemeral container in a dry run. */
    private static void pod(String namespace) {
        Scene.await(
                "the service account of " + namespace,
                () -> admin.serviceAccounts()
                                .inNamespace(namespace)
                                .withName("default")
                                .get()
                        != null);
        create("""
                apiVersion: v1
                kind: Pod
                metadata: {name: real, namespace: %s, labels: {app: real}}
                spec: {schedulerName: nobody, containers: [{name: app, image: "zta.test/agnhost:1"}]}
                """.formatted(namespace));
    }

    /** Until a policy that was made last refuses what it is to refuse. */
    private static void inForce(String run) {
        String namespace = LiveCluster.scratchNamespace(admin, "zta-adm-last", Map.of());
        namespaces.add(namespace);
        String name = "zta-adm-" + run + "-last";
        create("""
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: %1$s}
                spec:
                  matchConstraints:
                    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %2$s}}
                    resourceRules: [{operations: [CONNECT], apiGroups: [""], apiVersions: [v1], resources: [pods/exec]}]
                  validations: [{expression: "false"}]
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: %1$s}
                spec: {policyName: %1$s, validationActions: [Deny]}
                """.formatted(name, namespace));
        Scene.await("the last policy in force", () -> {
            try (KubernetesClient client = LiveCluster.client(new ConfigBuilder(admin.getConfiguration())
                    .withRequestRetryBackoffLimit(0)
                    .build())) {
                return send(client, namespace, SHOTS.get(0)).contains("ValidatingAdmissionPolicy");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** One or two policies on one namespace, with one or two bindings each. */
    private static String generate(Random random, String run, int set, String namespace) {
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i <= random.nextInt(2); i++) {
            String name = "zta-adm-" + run + "-" + set + "-" + i;
            yaml.append("---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n")
                    .append("metadata: {name: ")
                    .append(name)
                    .append("}\nspec:\n  failurePolicy: ")
                    .append(pick(random, List.of("Fail", "Fail", "Ignore")))
                    .append("\n  matchConstraints:\n");
            if (random.nextInt(4) == 0) {
                yaml.append("    matchPolicy: ")
                        .append(pick(random, List.of("Exact", "Equivalent")))
                        .append('\n');
            }
            if (random.nextInt(6) == 0) {
                yaml.append("    objectSelector: ")
                        .append(pick(random, List.of("{}", "{matchLabels: {app: real}}", "{matchLabels: {app: x}}")))
                        .append('\n');
            }
            yaml.append("    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ")
                    .append(namespace)
                    .append('}');
            if (random.nextInt(4) == 0) {
                yaml.append(", matchExpressions: [{key: tier, operator: ")
                        .append(pick(random, List.of("In", "NotIn")))
                        .append(", values: [front]}]");
            }
            yaml.append("}\n    resourceRules:\n").append(rule(random));
            if (random.nextInt(3) == 0) {
                yaml.append(rule(random));
            }
            if (random.nextInt(5) == 0) {
                yaml.append("    excludeResourceRules:\n").append(rule(random));
            }
            conditions(random, yaml, namespace);
            yaml.append("  validations:\n");
            for (int v = 0; v <= random.nextInt(2); v++) {
                yaml.append("  - expression: ")
                        .append(quoted(expression(random, namespace)))
                        .append('\n');
            }
            for (int b = 0; b <= random.nextInt(2); b++) {
                binding(random, yaml, name, b);
            }
        }
        return yaml.toString();
    }

    private static void conditions(Random random, StringBuilder yaml, String namespace) {
        if (random.nextInt(3) > 0) {
            return;
        }
        yaml.append("  matchConditions:\n");
        for (int c = 0; c <= random.nextInt(2); c++) {
            yaml.append("  - {name: c")
                    .append(c)
                    .append(", expression: ")
                    .append(quoted(expression(random, namespace)))
                    .append("}\n");
        }
    }

    private static void binding(Random random, StringBuilder yaml, String policy, int number) {
        yaml.append("---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n")
                .append("metadata: {name: ")
                .append(policy)
                .append("-b")
                .append(number)
                .append("}\nspec:\n  policyName: ")
                .append(policy)
                .append("\n  validationActions: ")
                .append(pick(
                        random,
                        List.of(
                                "[Deny]",
                                "[Deny]",
                                "[Deny]",
                                "[Deny]",
                                "[Deny, Audit]",
                                "[Warn]",
                                "[Warn, Audit]",
                                "[Audit]")))
                .append('\n');
        if (random.nextInt(4) == 0) {
            yaml.append("  matchResources:\n    resourceRules:\n").append(rule(random));
        } else if (random.nextInt(4) == 0) {
            yaml.append("  matchResources: {namespaceSelector: {matchLabels: {tier: front}}}\n");
        }
    }

    /** Nothing that would match a cluster-scoped object which others live on. */
    private static String rule(Random random) {
        String operations = pick(
                random,
                List.of(
                        "[CONNECT]",
                        "[CONNECT]",
                        "[CONNECT, UPDATE]",
                        "[CONNECT, UPDATE]",
                        "['*']",
                        "['*']",
                        "[CREATE]"));
        TreeSet<String> resources = new TreeSet<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            resources.add(pick(
                    random,
                    List.of(
                            "pods/exec",
                            "pods/exec",
                            "pods/attach",
                            "'pods/*'",
                            "'pods/*'",
                            "'pods/*'",
                            "pods/portforward",
                            "pods/proxy",
                            "services/proxy",
                            "'services/*'",
                            "pods/ephemeralcontainers",
                            "pods")));
        }
        if (resources.contains("'pods/*'")) {
            resources.removeIf(resource -> resource.startsWith("pods"));
        }
        if (resources.contains("'services/*'")) {
            resources.removeIf(resource -> resource.startsWith("services"));
        }
        String scope = pick(random, List.of("", "", "", "", ", scope: Namespaced", ", scope: '*'", ", scope: Cluster"));
        String names =
                random.nextInt(6) == 0 ? ", resourceNames: [" + pick(random, List.of("none", "other")) + "]" : "";
        return "    - {operations: " + operations + ", apiGroups: "
                + pick(random, List.of("['']", "['']", "['']", "['']", "['*']", "['*']", "[apps]")) + ", apiVersions: "
                + pick(random, List.of("[v1]", "[v1]", "[v1]", "['*']", "['*']", "['*']", "[v2]")) + ", resources: "
                + resources.toString() + scope + names + "}\n";
    }

    private static String expression(Random random, String namespace) {
        return pick(
                random,
                List.of(
                        "false",
                        "false",
                        "false",
                        "true",
                        "'developers' in request.userInfo.groups",
                        "!('oncall' in request.userInfo.groups)",
                        "request.userInfo.groups.exists(g, g.startsWith('zta-adm-'))",
                        "request.userInfo.username.startsWith('system:serviceaccount:')",
                        "request.userInfo.username in ['ann', 'ci']",
                        "request.subResource == 'exec'",
                        "request.subResource != 'proxy' || request.resource.resource == 'services'",
                        "request.operation == 'CONNECT'",
                        "request.namespace == '" + namespace + "'",
                        "request.name == 'none'",
                        "request.name.matches('^(none|real)$')",
                        "namespaceObject.metadata.labels['tier'] == 'front'",
                        "has(namespaceObject.metadata.labels) && 'nope' in namespaceObject.metadata.labels",
                        "namespaceObject.metadata.labels['nope'] == 'x'",
                        "size(request.userInfo.groups) > 2",
                        "authorizer.group('zta.io').resource('containers').namespace(request.namespace)"
                                + ".check('enter').allowed()",
                        "authorizer.group('').resource('pods').subresource('exec').namespace('default')"
                                + ".check('create').allowed()",
                        "object.spec.nope == 'x'"));
    }

    private static String quoted(String expression) {
        return "\"" + expression.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String pick(Random random, List<String> values) {
        return values.get(random.nextInt(values.size()));
    }
}
