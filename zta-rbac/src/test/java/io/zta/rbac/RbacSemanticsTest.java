package io.zta.rbac;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Manifests;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.Subject;
import io.zta.rbac.admission.Admission;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A row for each rule of docs/semantics/rbac.md. */
class RbacSemanticsTest {
    private record Row(String id, String what, String cluster, Function<Snapshot, Object> question, Object expected) {}

    private static final Posture POSTURE = ZeroTrust.namespace("shop").noExecFor("developers");
    private static final Identity DEVELOPER = Identity.person("dev", "developers");
    private static final String SERVER = """
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: kube-apiserver-a, namespace: kube-system, labels: {component: kube-apiserver}}
            spec: {containers: [{name: s, image: "registry.k8s.io/kube-apiserver:v1.35.4", command: [kube-apiserver, "--authorization-mode=Node,RBAC"]}]}
            """;
    private static final String OURS = new ApiLayer()
            .compile(POSTURE).stream()
                    .map(entry -> "---\n" + Manifests.yaml(entry.object()))
                    .collect(Collectors.joining());

    private final List<Row> rows = new ArrayList<>();

    /** A role of this scope, bound to developers in the same scope. */
    private static String bound(String namespace, String... rules) {
        return boundTo(namespace, "{kind: Group, name: developers}", rules);
    }

    private static String boundTo(String namespace, String subject, String... rules) {
        boolean cluster = namespace.isEmpty();
        String place = cluster ? "" : ", namespace: " + namespace;
        return role(namespace, "r", rules) + "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: "
                + (cluster ? "ClusterRoleBinding" : "RoleBinding") + "\nmetadata: {name: b" + place
                + "}\nroleRef: {kind: "
                + (cluster ? "ClusterRole" : "Role") + ", name: r}\nsubjects: [" + subject + "]\n";
    }

    private static String role(String namespace, String name, String... rules) {
        boolean cluster = namespace.isEmpty();
        return "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: " + (cluster ? "ClusterRole" : "Role")
                + "\nmetadata: {name: " + name + (cluster ? "" : ", namespace: " + namespace) + "}\nrules: ["
                + String.join(", ", rules) + "]\n";
    }

    private static String toClusterRole(String namespace, String role) {
        return "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: "
                + (namespace.isEmpty() ? "ClusterRoleBinding" : "RoleBinding") + "\nmetadata: {name: to-" + role
                + (namespace.isEmpty() ? "" : ", namespace: " + namespace) + "}\nroleRef: {kind: ClusterRole, name: "
                + role
                + "}\nsubjects: [{kind: Group, name: developers}]\n";
    }

    private static String rule(String verbs, String groups, String resources) {
        return "{verbs: [" + verbs + "], apiGroups: [" + groups + "], resources: [" + resources + "]}";
    }

    private static String core(String verbs, String resources) {
        return rule(verbs, "\"\"", resources);
    }

    private static String named(String rule, String names) {
        return rule.replaceFirst("}$", ", resourceNames: [" + names + "]}");
    }

    private static Function<Snapshot, Object> may(
            Identity who, String verb, String group, String resource, String namespace, String name) {
        return snapshot -> Rbac.of(snapshot).allows(who, Attributes.of(verb, group, resource, namespace, name));
    }

    private static Function<Snapshot, Object> may(String verb, String resource, String namespace, String name) {
        return may(DEVELOPER, verb, "", resource, namespace, name);
    }

    private static Function<Snapshot, Object> path(String path) {
        return snapshot -> Rbac.of(snapshot).allows(DEVELOPER, new Attributes("get", "", "", "", "", "", path));
    }

    private static ClaimResult claim(Snapshot snapshot) {
        return ContainerEntry.examine(POSTURE, snapshot, Admission.of(snapshot, Rbac.of(snapshot)));
    }

    private static Object verdict(Snapshot snapshot) {
        Verdict verdict = claim(snapshot).verdict();
        return verdict.getClass().getSimpleName();
    }

    /** The bypasses by which developers get into shop, with the number of steps. */
    private static Object ways(Snapshot snapshot) {
        Rbac rbac = Rbac.of(snapshot);
        return Escalation.of(rbac, Admission.of(snapshot, rbac)).routes(Subject.group("developers"), "shop").stream()
                .filter(route -> route.doubts().isEmpty())
                .map(route -> route.bypass() + " " + route.steps())
                .collect(Collectors.toCollection(TreeSet::new))
                .toString();
    }

    private static Object notes(Snapshot snapshot) {
        return RbacNotes.of(POSTURE, snapshot).stream()
                .map(finding -> finding.id() + " " + finding.object())
                .toList()
                .toString();
    }

    private void row(String id, String what, String cluster, Function<Snapshot, Object> question, Object expected) {
        rows.add(new Row(id, what, cluster, question, expected));
    }

    private List<Row> rows() {
        rows.clear();
        matching();
        bindings();
        entry();
        escalation();
        claims();
        return rows;
    }

    private void matching() {
        String get = bound("shop", core("get", "pods"));
        row("RBAC-01", "the verb", get, may("get", "pods", "shop", "a"), true);
        row("RBAC-01", "another verb", get, may("list", "pods", "shop", ""), false);
        row("RBAC-01", "every verb", bound("shop", core("'*'", "pods")), may("fly", "pods", "shop", "a"), true);
        String apps = bound("shop", rule("get", "apps", "deployments"));
        row("RBAC-02", "the group", apps, may(DEVELOPER, "get", "apps", "deployments", "shop", "a"), true);
        row("RBAC-02", "another group", apps, may(DEVELOPER, "get", "extensions", "deployments", "shop", "a"), false);
        row("RBAC-02", "not the core group", apps, may(DEVELOPER, "get", "", "deployments", "shop", "a"), false);
        String anyGroup = bound("shop", rule("get", "'*'", "deployments"));
        row("RBAC-02", "every group", anyGroup, may(DEVELOPER, "get", "x.io", "deployments", "shop", "a"), true);
        row("RBAC-03", "another resource", get, may("get", "secrets", "shop", "a"), false);
        String all = bound("shop", core("get", "'*'"));
        row("RBAC-03", "every resource", all, may("get", "secrets", "shop", "a"), true);
        row("RBAC-03", "every subresource as well", all, may("get", "pods/exec", "shop", "a"), true);
        row("RBAC-04", "no subresource", get, may("get", "pods/exec", "shop", "a"), false);
        String exec = bound("shop", core("create", "pods/exec"));
        row("RBAC-04", "the subresource", exec, may("create", "pods/exec", "shop", "a"), true);
        row("RBAC-04", "not the resource", exec, may("create", "pods", "shop", ""), false);
        row("RBAC-04", "pods/*", bound("shop", core("get", "'pods/*'")), may("get", "pods/exec", "shop", "a"), false);
        String sub = bound("shop", core("create", "'*/exec'"));
        row("RBAC-05", "*/exec", sub, may("create", "pods/exec", "shop", "a"), true);
        row("RBAC-05", "*/exec is no attach", sub, may("create", "pods/attach", "shop", "a"), false);
        row("RBAC-05", "*/exec is no resource", sub, may("create", "pods", "shop", "a"), false);
        row("RBAC-05", "*/ is nothing", bound("shop", core("get", "'*/'")), may("get", "pods", "shop", "a"), false);
        String one = bound("shop", named(core("create", "pods/exec"), "a"));
        row("RBAC-06", "the name", one, may("create", "pods/exec", "shop", "a"), true);
        row("RBAC-06", "another name", one, may("create", "pods/exec", "shop", "b"), false);
        row("RBAC-06", "no name", one, may("create", "pods/exec", "shop", ""), false);
        row("RBAC-06", "no wildcard", one.replace("[a]", "['*']"), may("create", "pods/exec", "shop", "b"), false);
        String urls = bound("", "{verbs: [get], nonResourceURLs: [/healthz, '/logs/*']}");
        row("RBAC-07", "the path", urls, path("/healthz"), true);
        row("RBAC-07", "under it", urls, path("/healthz/x"), false);
        row("RBAC-07", "by prefix", urls, path("/logs/a/b"), true);
        row("RBAC-07", "not the folder itself", urls, path("/logs"), false);
        row("RBAC-07", "no path by resources", bound("", core("get", "'*'")), path("/logs/a"), false);
        row("RBAC-07", "every path", bound("", "{verbs: [get], nonResourceURLs: ['*']}"), path("/any"), true);
        String empty = bound("", core("", "pods/exec"), core("get", "pods"));
        row("RBAC-08", "no verbs grant nothing", empty, may("create", "pods/exec", "shop", "a"), false);
        row("RBAC-08", "the other rule counts", empty, may("get", "pods", "shop", "a"), true);
        String denied = exec + bound("", core("", "pods/exec"));
        row("RBAC-08", "and take nothing away", denied, may("create", "pods/exec", "shop", "a"), true);
        String create = named(core("create", "pods"), "a");
        row("RBAC-09", "a POST has no name", bound("shop", create), may("create", "pods", "shop", ""), false);
        row("RBAC-09", "no patch, no way", bound("shop", create) + SERVER, whoCreates(), false);
        String apply = bound("shop", named(core("create, patch", "pods"), "a"));
        row("RBAC-09", "an apply has one", apply, may("create", "pods", "shop", "a"), true);
        row("RBAC-09", "and creates the pod", apply + SERVER, whoCreates(), true);
    }

    private static Function<Snapshot, Object> whoCreates() {
        return snapshot ->
                Rbac.of(snapshot).whoCan(Action.named("create pods").orElseThrow(), Optional.of("shop")).stream()
                        .anyMatch(who -> who.subject().equals(Subject.group("developers")));
    }

    private void bindings() {
        String dangling = toClusterRole("shop", "gone");
        row("RBAC-10", "a role that is not there", dangling, may("get", "pods", "shop", "a"), false);
        row(
                "RBAC-10",
                "a Role of another namespace",
                role("other", "r", core("get", "pods"))
                        + bound("shop", core("get", "services")).replaceFirst("name: r,", "name: s,"),
                may("get", "pods", "shop", "a"),
                false);
        String parts = """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: whole}
                aggregationRule: {clusterRoleSelectors: [{matchLabels: {into: whole}}]}
                rules: []
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: part, labels: {into: whole}}
                rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: apart, labels: {into: other}}
                rules: [{apiGroups: [""], resources: [pods/attach], verbs: [create]}]
                """ + toClusterRole("shop", "whole");
        row("RBAC-11", "aggregated", parts, may("create", "pods/exec", "shop", "a"), true);
        row("RBAC-11", "not selected", parts, may("create", "pods/attach", "shop", "a"), false);
        String edit = toClusterRole("shop", "edit");
        row("RBAC-11", "edit", edit, may("create", "pods/exec", "shop", "a"), true);
        row("RBAC-12", "its own namespace alone", edit, may("create", "pods/exec", "other", "a"), false);
        row("RBAC-12", "nothing without a namespace", edit, may("create", "pods/exec", "", "a"), false);
        String nodes = role("", "r", core("get", "nodes/proxy")) + toClusterRole("shop", "r");
        row("RBAC-12", "nodes", nodes, may("get", "nodes/proxy", "", "n"), false);
        String everywhere = nodes + toClusterRole("", "r");
        row("RBAC-12", "nodes by a ClusterRoleBinding", everywhere, may("get", "nodes/proxy", "", "n"), true);
        row(
                "RBAC-12",
                "the namespace itself",
                bound("shop", core("patch", "namespaces")),
                may("patch", "namespaces", "shop", "shop"),
                true);
        Identity robot = Identity.serviceAccount("ci", "robot");
        Function<Snapshot, Object> robotGets = may(robot, "get", "", "pods", "shop", "a");
        String pods = core("get", "pods");
        row(
                "RBAC-13",
                "the account",
                boundTo("shop", "{kind: ServiceAccount, namespace: ci, name: robot}", pods),
                robotGets,
                true);
        row(
                "RBAC-13",
                "of another namespace",
                boundTo("shop", "{kind: ServiceAccount, namespace: dev, name: robot}", pods),
                robotGets,
                false);
        row(
                "RBAC-13",
                "a User of its name",
                boundTo("shop", "{kind: User, name: 'system:serviceaccount:ci:robot'}", pods),
                robotGets,
                true);
        row(
                "RBAC-13",
                "all accounts",
                boundTo("shop", "{kind: Group, name: 'system:serviceaccounts'}", pods),
                robotGets,
                true);
        row(
                "RBAC-13",
                "of its namespace",
                boundTo("shop", "{kind: Group, name: 'system:serviceaccounts:ci'}", pods),
                robotGets,
                true);
        row(
                "RBAC-13",
                "of another's",
                boundTo("shop", "{kind: Group, name: 'system:serviceaccounts:dev'}", pods),
                robotGets,
                false);
        row(
                "RBAC-13",
                "everybody",
                boundTo("shop", "{kind: Group, name: 'system:authenticated'}", pods),
                robotGets,
                true);
        row(
                "RBAC-13",
                "a group is no user",
                boundTo("shop", "{kind: User, name: developers}", pods),
                may("get", "pods", "shop", "a"),
                false);
        row(
                "RBAC-13",
                "case counts",
                boundTo("shop", "{kind: Group, name: Developers}", pods),
                may("get", "pods", "shop", "a"),
                false);
        row(
                "RBAC-29",
                "system:masters",
                "",
                may(Identity.person("x", "system:masters"), "any", "x.io", "y", "", ""),
                true);
        row(
                "RBAC-30",
                "admin is assumed",
                toClusterRole("shop", "admin"),
                may("create", "pods/exec", "shop", "a"),
                true);
        row(
                "RBAC-30",
                "view has no exec",
                toClusterRole("shop", "view"),
                may("create", "pods/exec", "shop", "a"),
                false);
        row(
                "RBAC-30",
                "and the assumption is listed",
                "",
                snapshot -> Rbac.of(snapshot).assumptions().stream().anyMatch(text -> text.contains("edit, view")),
                true);
    }

    private void entry() {
        for (String sub : List.of("exec", "attach", "portforward")) {
            row(
                    "RBAC-17",
                    sub + " by POST",
                    bound("shop", core("create", "pods/" + sub)) + SERVER,
                    RbacSemanticsTest::ways,
                    "[API-" + sub + " 0]");
            row(
                    "RBAC-17",
                    sub + " by GET, gated",
                    bound("shop", core("get", "pods/" + sub)) + SERVER,
                    RbacSemanticsTest::ways,
                    "[]");
            row(
                    "RBAC-17",
                    sub + " by GET before 1.35",
                    bound("shop", core("get", "pods/" + sub)) + SERVER.replace("1.35.4", "1.34.1"),
                    RbacSemanticsTest::ways,
                    "[API-" + sub + " 0]");
            row(
                    "RBAC-17",
                    sub + " by GET, gate unknown",
                    bound("shop", core("get", "pods/" + sub)) + """
                            ---
                            apiVersion: v1
                            kind: Node
                            metadata: {name: n}
                            status: {nodeInfo: {kubeletVersion: v1.35.4}}
                            """,
                    RbacSemanticsTest::verdict,
                    "Unknown");
        }
        for (String verb : List.of("update", "patch")) {
            row(
                    "RBAC-18",
                    verb,
                    bound("shop", core(verb, "pods/ephemeralcontainers")) + SERVER,
                    RbacSemanticsTest::ways,
                    "[API-ephemeral 0]");
        }
        for (String resource : List.of("pods/proxy", "services/proxy")) {
            row(
                    "RBAC-18",
                    resource,
                    bound("shop", core("get", resource)) + SERVER,
                    RbacSemanticsTest::ways,
                    "[API-proxy 0]");
        }
        row(
                "RBAC-19",
                "nodes/proxy",
                bound("", core("get", "nodes/proxy")) + SERVER,
                RbacSemanticsTest::ways,
                "[API-node 1]");
        row(
                "RBAC-19",
                "no policy closes it",
                bound("", core("get", "nodes/proxy")) + SERVER + OURS,
                RbacSemanticsTest::verdict,
                "Violated");
        row(
                "RBAC-19",
                "nodes/metrics is no way",
                bound("", core("get", "nodes/metrics")) + SERVER,
                RbacSemanticsTest::ways,
                "[]");
    }

    /** A service account of tools that may exec in shop. */
    private static final String RUNNER = """
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: shell}
            rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: runner, namespace: shop}
            roleRef: {kind: ClusterRole, name: shell}
            subjects: [{kind: ServiceAccount, namespace: tools, name: runner}, {kind: User, name: root}, {kind: Group, name: ops}]
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: tools, labels: {pod-security.kubernetes.io/enforce: restricted}}
            """ + SERVER;

    private void escalation() {
        String roles = "rbac.authorization.k8s.io";
        String write = rule("create", roles, "rolebindings");
        row("RBAC-14", "writing alone leads nowhere", bound("shop", write) + RUNNER, RbacSemanticsTest::ways, "[]");
        row(
                "RBAC-15",
                "bind",
                bound("shop", write, rule("bind", roles, "clusterroles")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-rbac 1]");
        row(
                "RBAC-15",
                "bind on another role",
                bound("shop", write, named(rule("bind", roles, "clusterroles"), "view")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        row(
                "RBAC-15",
                "escalate",
                bound("shop", rule("escalate, update", roles, "roles")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-rbac 1]");
        row(
                "RBAC-15",
                "escalate without a write",
                bound("shop", rule("escalate", roles, "roles")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        row(
                "RBAC-20",
                "pods",
                bound("tools", core("create", "pods")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-create 1]");
        row(
                "RBAC-20",
                "elsewhere",
                bound("dull", core("create", "pods")) + RUNNER + RESTRICTED,
                RbacSemanticsTest::ways,
                "[]");
        for (String workload : List.of("deployments", "daemonsets", "statefulsets", "replicasets")) {
            row(
                    "RBAC-20",
                    workload,
                    bound("tools", rule("patch", "apps", workload)) + RUNNER,
                    RbacSemanticsTest::ways,
                    "[API-create 1]");
        }
        row(
                "RBAC-20",
                "jobs",
                bound("tools", rule("create", "batch", "jobs")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-create 1]");
        row(
                "RBAC-20",
                "cronjobs",
                bound("tools", rule("update", "batch", "cronjobs")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-create 1]");
        String open = RESTRICTED.replace(", labels: {pod-security.kubernetes.io/enforce: restricted}", "");
        row(
                "RBAC-21",
                "no Pod Security",
                bound("dull", core("create", "pods")) + SERVER + open,
                RbacSemanticsTest::ways,
                "[API-hostpod 1]");
        row(
                "RBAC-21",
                "restricted",
                bound("dull", core("create", "pods")) + SERVER + RESTRICTED,
                RbacSemanticsTest::ways,
                "[]");
        row(
                "RBAC-21",
                "the label taken off",
                bound("dull", core("create", "pods"), core("patch", "namespaces")) + SERVER + RESTRICTED,
                RbacSemanticsTest::ways,
                "[API-hostpod 1]");
        row(
                "RBAC-22",
                "token",
                bound("tools", core("create", "serviceaccounts/token")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-token 1]");
        row(
                "RBAC-22",
                "token of another account",
                bound("tools", named(core("create", "serviceaccounts/token"), "other")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        row(
                "RBAC-22",
                "a Secret made and read",
                bound("tools", core("create, get", "secrets")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-token 1]");
        row(
                "RBAC-22",
                "a Secret made",
                bound("tools", core("create", "secrets")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        String secret = """
                ---
                apiVersion: v1
                kind: Secret
                metadata: {name: t, namespace: tools, annotations: {kubernetes.io/service-account.name: runner}}
                type: kubernetes.io/service-account-token
                """;
        row(
                "RBAC-22",
                "a Secret read",
                bound("tools", core("list", "secrets")) + RUNNER + secret,
                RbacSemanticsTest::ways,
                "[API-token 1]");
        row(
                "RBAC-22",
                "no such Secret",
                bound("tools", core("list", "secrets")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        String as = core("impersonate", "serviceaccounts");
        row("RBAC-23", "an account", bound("tools", as) + RUNNER, RbacSemanticsTest::ways, "[API-impersonate 1]");
        row(
                "RBAC-23",
                "a user",
                bound("", named(core("impersonate", "users"), "root")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-impersonate 1]");
        row(
                "RBAC-23",
                "another user",
                bound("", named(core("impersonate", "users"), "jane")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        row(
                "RBAC-23",
                "a group alone",
                bound("", named(core("impersonate", "groups"), "ops")) + RUNNER,
                RbacSemanticsTest::ways,
                "[]");
        row(
                "RBAC-23",
                "a group and a user",
                bound("", named(core("impersonate", "groups"), "ops"), named(core("impersonate", "users"), "jane"))
                        + RUNNER,
                RbacSemanticsTest::ways,
                "[API-impersonate 1]");
        String csr = "certificates.k8s.io";
        String[] request = {
            rule("create", csr, "certificatesigningrequests"),
            rule("update", csr, "certificatesigningrequests/approval"),
            named(rule("approve", csr, "signers"), "kubernetes.io/kube-apiserver-client")
        };
        row("RBAC-24", "a certificate", bound("", request) + RUNNER, RbacSemanticsTest::ways, "[API-csr 1]");
        row("RBAC-24", "not approved", bound("", request[0], request[2]) + RUNNER, RbacSemanticsTest::ways, "[]");
        String hooks = "admissionregistration.k8s.io";
        row(
                "RBAC-25",
                "injects",
                bound("", rule("create", hooks, "mutatingwebhookconfigurations")) + RUNNER,
                RbacSemanticsTest::ways,
                "[API-webhook 1]");
        String remove = bound("", core("create", "pods/exec"), rule("delete", hooks, "validatingadmissionpolicies"));
        row("RBAC-25", "removes the deny", remove + SERVER + OURS, RbacSemanticsTest::ways, "[API-webhook 1]");
    }

    private static final String RESTRICTED = """
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: dull, labels: {pod-security.kubernetes.io/enforce: restricted}}
            """;

    private void claims() {
        String edit = toClusterRole("shop", "edit") + SERVER;
        row(
                "RBAC-16",
                "edit, and admission refuses it",
                edit.replace("{name: shop}", "{name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}")
                        + SHOP_RESTRICTED
                        + OURS,
                RbacSemanticsTest::verdict,
                "Proven");
        row("RBAC-16", "edit alone", edit, RbacSemanticsTest::verdict, "Violated");
        row("RBAC-16", "view alone", toClusterRole("shop", "view") + SERVER, RbacSemanticsTest::verdict, "Proven");
        String warning = OURS.replace("- Deny", "- Warn");
        row(
                "RBAC-16",
                "a policy that only warns",
                edit + SHOP_RESTRICTED + warning,
                RbacSemanticsTest::verdict,
                "Violated");
        row(
                "RBAC-16",
                "who holds enter",
                edit.replace("{name: shop}", "{name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}")
                        + SHOP_RESTRICTED
                        + OURS
                        + "---\n"
                        + bound("shop", rule("enter", "zta.io", "containers"))
                                .replace("name: b", "name: enter")
                                .replace("name: r", "name: enter"),
                RbacSemanticsTest::verdict,
                "Violated");
        row("RBAC-35", "an unread role", SERVER + role("", "r", "{verbs: get}"), RbacSemanticsTest::verdict, "Unknown");
        row("RBAC-35", "a damaged file", SERVER + "---\nkind: [\n", RbacSemanticsTest::verdict, "Unknown");
        row(
                "RBAC-35",
                "another authorizer",
                SERVER.replace("Node,RBAC", "Node,RBAC,Webhook"),
                RbacSemanticsTest::verdict,
                "Unknown");
        row(
                "RBAC-36",
                "writes nodes",
                bound("", core("patch", "nodes")) + SERVER,
                RbacSemanticsTest::verdict,
                "Unknown");
        row(
                "RBAC-31",
                "no verbs",
                bound("", core("", "pods/exec")),
                RbacSemanticsTest::notes,
                "[ZTA-API-111 ClusterRole r]");
        row(
                "RBAC-32",
                "a role that is not there",
                toClusterRole("shop", "gone"),
                RbacSemanticsTest::notes,
                "[ZTA-API-112 RoleBinding shop/to-gone]");
        for (String everybody : List.of("system:authenticated", "system:unauthenticated")) {
            row(
                    "RBAC-33",
                    everybody,
                    boundTo("", "{kind: Group, name: '" + everybody + "'}", core("get", "pods")),
                    RbacSemanticsTest::notes,
                    "[ZTA-API-113 ClusterRoleBinding b]");
        }
        row("RBAC-33", "a group", bound("", core("get", "pods")), RbacSemanticsTest::notes, "[]");
        for (String role : List.of("edit", "admin")) {
            row(
                    "RBAC-34",
                    role,
                    toClusterRole("shop", role),
                    RbacSemanticsTest::notes,
                    "[ZTA-API-114 RoleBinding shop/to-" + role + "]");
        }
        row("RBAC-34", "view", toClusterRole("shop", "view"), RbacSemanticsTest::notes, "[]");
        row("RBAC-34", "elsewhere", toClusterRole("other", "edit"), RbacSemanticsTest::notes, "[]");
    }

    private static final String SHOP_RESTRICTED = """
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: orders, namespace: shop, labels: {app: orders}}
            spec: {containers: [{name: app, image: x}, {name: istio-proxy, image: istio/proxyv2}]}
            """;

    @TestFactory
    Stream<DynamicTest> decides() {
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(row.id + " " + row.what, () -> {
                    Snapshot snapshot = Snapshot.ofText("test.yaml", row.cluster);
                    assertThat(row.question.apply(snapshot)).isEqualTo(row.expected);
                }));
    }

    @Test
    void every_rule_has_a_row_and_every_row_a_rule() throws IOException {
        TreeSet<String> written = new TreeSet<>();
        Pattern.compile("(?m)^- \\*\\*(RBAC-\\d+)\\*\\*")
                .matcher(Files.readString(Path.of("..", "docs", "semantics", "rbac.md")))
                .results()
                .forEach(match -> written.add(match.group(1)));
        TreeSet<String> tested = rows().stream().map(Row::id).collect(Collectors.toCollection(TreeSet::new));
        tested.addAll(TAMPERING);
        assertThat(written).isEqualTo(tested);
    }

    /** Rules of claim 6, whose rows are in TamperingTest. */
    private static final List<String> TAMPERING = List.of("RBAC-26", "RBAC-27", "RBAC-38", "RBAC-39");

    @Test
    void a_way_in_has_witness_evidence_and_cut() {
        ClaimResult result = claim(Snapshot.ofText("test.yaml", toClusterRole("shop", "edit") + SERVER));
        List<Finding> findings = ((Verdict.Violated) result.verdict()).findings();
        Finding exec = findings.stream()
                .filter(finding -> finding.bypass().equals("API-exec"))
                .findFirst()
                .orElseThrow();
        assertThat(exec.id()).isEqualTo("ZTA-API-001");
        assertThat(exec.object()).isEqualTo("RoleBinding shop/to-edit");
        assertThat(exec.fix())
                .startsWith("Remove RoleBinding shop/to-edit, which closes every way of Group developers");
        assertThat(exec.witness())
                .extracting("what")
                .anySatisfy(what -> assertThat(what.toString())
                        .isEqualTo("RoleBinding shop/to-edit binds Group developers to ClusterRole edit"));
        assertThat(exec.evidence()).isNotEmpty();
    }

    @Test
    void a_cut_is_smallest_and_closes_every_way() {
        String cluster = bound("shop", core("create", "pods/exec"))
                + bound("shop", core("get", "services/proxy"))
                        .replace("name: b", "name: c")
                        .replace("name: r", "name: s")
                + SERVER;
        Rbac rbac = Rbac.of(Snapshot.ofText("test.yaml", cluster));
        Subject developers = Subject.group("developers");
        Cut cut = Escalation.of(rbac, AdmissionVerdicts.NONE)
                .cut(developers, "shop")
                .orElseThrow();
        assertThat(cut.remove()).containsExactly("RoleBinding shop/b", "RoleBinding shop/c");
        assertThat(cut.exact()).isTrue();
        String rest = role("shop", "r", core("create", "pods/exec")) + SERVER;
        Escalation closed = Escalation.of(Rbac.of(Snapshot.ofText("test.yaml", rest)), AdmissionVerdicts.NONE);
        assertThat(closed.routes(developers, "shop")).isEmpty();
    }
}
