package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.rbac.audit.AuditPolicy;
import io.zta.rbac.audit.AuditPolicy.Level;
import io.zta.rbac.audit.AuditPolicy.Stage;
import io.zta.rbac.audit.AuditPolicyFile;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Snapshot;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Audit policies on a real API server, restarted with each: the one that is rendered records every way into a container,
 * and of generated ones the log has exactly the levels and stages that the evaluator says, for every request of every
 * user. The API server is restarted by the command that {@code -Dzta.apiserver} or {@code ZTA_APISERVER} names, given
 * {@code --audit-policy FILE}.
 */
class AuditPolicyIT {
    private static final int POLICIES = 6;
    private static final Pattern MARK = Pattern.compile("zta-mark=([0-9]+)");
    private static final Set<String> LONG_RUNNING = Set.of("attach", "exec", "proxy", "log", "portforward");
    private static final Set<String> WAYS_IN =
            Set.of("exec", "attach", "portforward", "proxy", "ephemeralcontainers", "token");
    private static final ObjectMapper JSON = new ObjectMapper();

    private record Request(String method, String path, Attributes attributes) {}

    /** Who asks: by a client of its own, as the API server authenticates it. */
    private record Caller(String name, Identity identity, Config config) {}

    private static @Nullable ApiServer server;
    private static KubernetesClient admin;
    private static String namespace;
    private static List<Caller> callers;
    private static int marks;

    @BeforeAll
    static void open() throws IOException {
        Path kubeconfig = LiveCluster.kubeconfig();
        server = ApiServer.found();
        Path folder = kubeconfig.toAbsolutePath().getParent();
        admin = LiveCluster.admin();
        namespace = LiveCluster.scratchNamespace(admin, "zta-audit", Map.of());
        Config asAdmin = admin.getConfiguration();
        callers = List.of(
                new Caller("admin", Identity.person("admin", "system:masters"), asAdmin),
                new Caller(
                        "developer",
                        Identity.person("developer", "developers"),
                        config(folder.resolve("developer.kubeconfig"))),
                new Caller("oncall", Identity.person("oncall", "oncall"), config(folder.resolve("oncall.kubeconfig"))),
                // The policy judges who authenticated, not whom it acts as.
                new Caller(
                        "admin as developer",
                        Identity.person("admin", "system:masters"),
                        new ConfigBuilder(asAdmin)
                                .withImpersonateUsername("developer")
                                .withImpersonateGroups("developers")
                                .build()));
    }

    private static Config config(Path file) {
        return Config.fromKubeconfig(new File(file.toString()));
    }

    @AfterAll
    static void close() throws Exception {
        if (server != null) {
            server.close();
        }
        if (admin != null) {
            Leftovers.remove(admin, namespace);
            admin.close();
        }
    }

    private static ApiServer server() {
        return java.util.Objects.requireNonNull(server);
    }

    private static AuditPolicy policy(String yaml) {
        return AuditPolicy.of(Snapshot.ofText("policy", yaml)
                .resources(GroupKind.AUDIT_POLICY)
                .get(0));
    }

    @Test
    void the_rendered_policy_records_every_way_into_a_container_and_is_read_as_we_read_it() throws Exception {
        Posture posture = ZeroTrust.namespace(namespace).noExecFor("developers").audit();
        String rendered = AuditPolicyFile.of(posture).content();
        Map<Attributes, Map<Stage, Level>> recorded = agrees(rendered);
        Map<String, Boolean> ways = new TreeMap<>();
        recorded.forEach((request, events) -> {
            if (WAYS_IN.contains(request.subresource())) {
                ways.merge(
                        request.verb() + " " + request.resource() + "/" + request.subresource(),
                        !events.isEmpty(),
                        Boolean::logicalAnd);
            }
        });
        assertThat(ways)
                .hasSizeGreaterThanOrEqualTo(12)
                .allSatisfy((way, kept) -> assertThat(kept).isTrue());
    }

    @Test
    void of_generated_policies_the_log_has_what_the_evaluator_says() throws Exception {
        long seed = Long.getLong("zta.seed", 20261124L);
        System.out.println("AuditPolicyIT seed " + seed);
        Random random = new Random(seed);
        int compared = 0;
        for (int round = 0; round < POLICIES; round++) {
            compared += agrees(generate(random)).size();
        }
        System.out.println(
                "AuditPolicyIT: " + compared + " kinds of requests compared under " + POLICIES + " policies");
        assertThat(compared).isGreaterThan(100);
    }

    @Test
    void no_api_server_starts_with_a_policy_in_which_we_see_a_problem() throws Exception {
        for (String rules : List.of(
                "- {level: metadata}",
                "- {level: Metadata, resources: [{group: '', resourceNames: [p]}]}",
                "- {level: Metadata, nonResourceURLs: [/x], namespaces: [y]}")) {
            String yaml = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n" + rules + "\n";
            assertThat(policy(yaml).problem()).as(rules).isPresent();
            assertThat(server().restart(yaml)).as(rules).startsWith("exit 1");
        }
    }

    /** Restarts with the policy, asks everything as everybody, and compares the log; what was recorded, by request. */
    private static Map<Attributes, Map<Stage, Level>> agrees(String yaml) throws Exception {
        AuditPolicy policy = policy(yaml);
        assertThat(policy.problem()).as(yaml).isEmpty();
        assertThat(server().restart(yaml)).as(yaml).isEmpty();

        Map<Integer, Request> asked = new TreeMap<>();
        Map<Integer, Caller> by = new HashMap<>();
        for (Caller caller : callers) {
            try (KubernetesClient client = LiveCluster.client(new ConfigBuilder(caller.config())
                    .withRequestRetryBackoffLimit(0)
                    .build())) {
                for (Request request : requests()) {
                    int mark = ++marks;
                    asked.put(mark, request);
                    by.put(mark, caller);
                    send(client, request, mark);
                }
            }
        }
        Map<Integer, Map<Stage, Level>> expected = new TreeMap<>();
        asked.forEach((mark, request) -> {
            AuditPolicy.Decision decision = policy.decide(by.get(mark).identity(), request.attributes());
            Map<Stage, Level> stages = new TreeMap<>();
            possible(request.attributes()).stream()
                    .filter(decision.stages()::contains)
                    .forEach(stage -> stages.put(stage, decision.level()));
            expected.put(mark, stages);
        });
        Map<Integer, Map<Stage, Level>> seen = log(asked.keySet(), expected);
        List<String> disagreements = new ArrayList<>();
        asked.forEach((mark, request) -> {
            if (!expected.get(mark).equals(seen.get(mark))) {
                disagreements.add(by.get(mark).name() + ": " + request.attributes() + ": log " + seen.get(mark)
                        + ", evaluator " + expected.get(mark));
            }
        });
        assertThat(disagreements).as("under the policy\n%s", yaml).isEmpty();
        Map<Attributes, Map<Stage, Level>> recorded = new HashMap<>();
        asked.forEach((mark, request) ->
                recorded.merge(request.attributes(), seen.get(mark), (one, other) -> one.isEmpty() ? one : other));
        return recorded;
    }

    /** The stages a request goes through: an answer begins before it ends only where it may take long. */
    private static Set<Stage> possible(Attributes request) {
        Set<Stage> stages = EnumSet.of(Stage.REQUEST_RECEIVED, Stage.RESPONSE_COMPLETE);
        if (request.verb().equals("watch") || LONG_RUNNING.contains(request.subresource())) {
            stages.add(Stage.RESPONSE_STARTED);
        }
        return stages;
    }

    private static void send(KubernetesClient client, Request request, int mark) throws Exception {
        String url = client.getMasterUrl().toString().replaceFirst("/+$", "") + request.path()
                + (request.path().contains("?") ? "&" : "?") + "zta-mark=" + mark;
        String type = request.method().equals("PATCH") ? "application/merge-patch+json" : "application/json";
        HttpRequest sent = client.getHttpClient()
                .newHttpRequestBuilder()
                .uri(url)
                .method(request.method(), type, request.method().equals("GET") ? null : "{}")
                .timeout(20, TimeUnit.SECONDS)
                .build();
        try {
            client.getHttpClient().sendAsync(sent, byte[].class).get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new KubernetesClientException("no answer to " + request, e);
        }
    }

    /** The log's events by mark; waits until all that is expected is there. */
    private static Map<Integer, Map<Stage, Level>> log(Set<Integer> marks, Map<Integer, Map<Stage, Level>> expected)
            throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (true) {
            Map<Integer, Map<Stage, Level>> seen = new TreeMap<>();
            marks.forEach(mark -> seen.put(mark, new TreeMap<>()));
            for (String line :
                    Files.readString(server().log(), StandardCharsets.UTF_8).split("\n")) {
                Matcher mark = MARK.matcher(line);
                if (!mark.find() || !line.endsWith("}")) {
                    continue;
                }
                JsonNode event = JSON.readTree(line);
                Map<Stage, Level> events = seen.get(Integer.parseInt(mark.group(1)));
                if (events != null) {
                    events.put(
                            Stage.valueOf(constant(event.path("stage").asText())),
                            Level.valueOf(constant(event.path("level").asText())));
                }
            }
            if (seen.equals(expected) || System.nanoTime() > end) {
                return seen;
            }
            Thread.sleep(200);
        }
    }

    private static String constant(String camel) {
        return camel.replaceAll("([a-z])([A-Z])", "$1_$2").toUpperCase(java.util.Locale.ROOT);
    }

    private static List<Request> requests() {
        List<Request> requests = new ArrayList<>();
        String pods = "/api/v1/namespaces/" + namespace + "/pods";
        for (String sub : List.of("exec?command=true", "attach", "portforward?ports=80", "proxy/")) {
            String name = sub.replaceAll("[?/].*", "");
            requests.add(core("GET", pods + "/p/" + sub, "get", "pods/" + name, "p"));
            requests.add(core("POST", pods + "/p/" + sub, "create", "pods/" + name, "p"));
        }
        String services = "/api/v1/namespaces/" + namespace + "/services";
        requests.add(core("GET", services + "/s:80/proxy/x", "get", "services/proxy", "s:80"));
        requests.add(core("DELETE", services + "/s/proxy/", "delete", "services/proxy", "s"));
        requests.add(cluster("GET", "/api/v1/nodes/none/proxy/pods", "get", "", "nodes/proxy", "none"));
        requests.add(cluster("POST", "/api/v1/nodes/none/proxy/run", "create", "", "nodes/proxy", "none"));
        requests.add(core("PATCH", pods + "/p/ephemeralcontainers", "patch", "pods/ephemeralcontainers", "p"));
        requests.add(core(
                "POST",
                "/api/v1/namespaces/" + namespace + "/serviceaccounts/none/token",
                "create",
                "serviceaccounts/token",
                "none"));
        requests.add(core("GET", pods, "list", "pods", ""));
        requests.add(core("GET", pods + "/p", "get", "pods", "p"));
        requests.add(core("GET", pods + "/any", "get", "pods", "any"));
        requests.add(core("GET", pods + "/p/log", "get", "pods/log", "p"));
        requests.add(core("GET", pods + "?watch=true&timeoutSeconds=1", "watch", "pods", ""));
        requests.add(core("POST", pods, "create", "pods", ""));
        requests.add(core("DELETE", pods + "/p", "delete", "pods", "p"));
        requests.add(core("DELETE", pods, "deletecollection", "pods", ""));
        String maps = "/api/v1/namespaces/default/configmaps";
        requests.add(new Request("GET", maps, Attributes.of("list", "", "configmaps", "default", "")));
        requests.add(new Request("PUT", maps + "/m", Attributes.of("update", "", "configmaps", "default", "m")));
        String apps = "/apis/apps/v1/namespaces/" + namespace + "/deployments/d";
        requests.add(new Request("GET", apps, Attributes.of("get", "apps", "deployments", namespace, "d")));
        requests.add(new Request(
                "PATCH", apps + "/scale", Attributes.of("patch", "apps", "deployments/scale", namespace, "d")));
        // A namespace is named and scoped by itself.
        requests.add(new Request(
                "GET",
                "/api/v1/namespaces/" + namespace,
                Attributes.of("get", "", "namespaces", namespace, namespace)));
        String rbac = "rbac.authorization.k8s.io";
        requests.add(cluster("GET", "/apis/" + rbac + "/v1/clusterroles", "list", rbac, "clusterroles", ""));
        requests.add(cluster("GET", "/apis/" + rbac + "/v1/clusterroles/view", "get", rbac, "clusterroles", "view"));
        requests.add(cluster("GET", "/api/v1/nodes", "list", "", "nodes", ""));
        for (String path : List.of("/healthz", "/healthz/ping", "/version", "/metrics", "/api", "/apis/apps/v1")) {
            requests.add(new Request("GET", path, new Attributes("get", "", "", "", "", "", path)));
        }
        return requests;
    }

    private static Request core(String method, String path, String verb, String resource, String name) {
        return new Request(method, path, Attributes.of(verb, "", resource, namespace, name));
    }

    private static Request cluster(
            String method, String path, String verb, String group, String resource, String name) {
        return new Request(method, path, Attributes.of(verb, group, resource, "", name));
    }

    private static String generate(Random random) {
        StringBuilder yaml = new StringBuilder("apiVersion: audit.k8s.io/v1\nkind: Policy\n");
        if (random.nextInt(3) == 0) {
            yaml.append("omitStages: ").append(stages(random)).append('\n');
        }
        yaml.append("rules:\n");
        int rules = 4 + random.nextInt(5);
        for (int i = 0; i < rules; i++) {
            yaml.append("- level: ")
                    .append(pick(random, List.of("None", "Metadata", "Request", "RequestResponse")))
                    .append('\n');
            some(random, yaml, 4, "users", List.of("admin", "developer", "oncall", "nobody"));
            some(
                    random,
                    yaml,
                    5,
                    "userGroups",
                    List.of(
                            "developers",
                            "oncall",
                            "system:masters",
                            "system:authenticated",
                            "system:unauthenticated"));
            some(random, yaml, 3, "verbs", List.of("get", "create", "list", "watch", "delete", "patch", "update", "*"));
            some(random, yaml, 4, "omitStages", List.of("RequestReceived", "ResponseStarted", "ResponseComplete"));
            if (random.nextInt(5) == 0) {
                some(random, yaml, 1, "nonResourceURLs", List.of("/healthz", "/healthz*", "/api*", "/version", "*"));
                continue;
            }
            some(random, yaml, 4, "namespaces", List.of(namespace, "default", "", "other"));
            if (random.nextInt(4) > 0) {
                resources(random, yaml);
            }
        }
        if (random.nextBoolean()) {
            yaml.append("- level: Metadata\n");
        }
        return yaml.toString();
    }

    private static void resources(Random random, StringBuilder yaml) {
        yaml.append("  resources:\n");
        for (int group = 0; group <= random.nextInt(2); group++) {
            yaml.append("  - group: \"")
                    .append(pick(random, List.of("", "", "", "core", "apps", "rbac.authorization.k8s.io")))
                    .append("\"\n");
            if (random.nextInt(5) == 0) {
                continue;
            }
            some(
                    random,
                    yaml,
                    1,
                    "  resources",
                    List.of(
                            "pods",
                            "pods/*",
                            "pods/exec",
                            "*/exec",
                            "*",
                            "*/proxy",
                            "services/proxy",
                            "nodes/*",
                            "pods/log",
                            "*/scale",
                            "deployments",
                            "namespaces",
                            "configmaps",
                            "clusterroles"));
            some(random, yaml, 4, "  resourceNames", List.of("p", "any", "none", "s", "s:80", namespace, "view"));
        }
    }

    /** The field in one case of so many, with one to three of the values. */
    private static void some(Random random, StringBuilder yaml, int oneOf, String field, List<String> values) {
        if (random.nextInt(oneOf) > 0) {
            return;
        }
        Set<String> chosen = new TreeSet<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            chosen.add("\"" + pick(random, values) + "\"");
        }
        yaml.append("  ").append(field).append(": ").append(chosen).append('\n');
    }

    private static String stages(Random random) {
        return "[" + pick(random, List.of("RequestReceived", "ResponseStarted", "ResponseComplete")) + "]";
    }

    private static String pick(Random random, List<String> values) {
        return values.get(random.nextInt(values.size()));
    }
}
