package io.zta.rbac.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.rbac.ApiLayer;
import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rules of docs/semantics/audit.md on policies and the claim, each with a row; those on the log are AuditLogTest's. */
class AuditPolicyTest {
    private static final Posture POSTURE =
            ZeroTrust.namespace("shop").noExecFor("developers").audit();
    private static final Identity ANN = Identity.person("ann", "developers", "staff");
    private static final String ALL = "METADATA [PANIC, REQUEST_RECEIVED, RESPONSE_COMPLETE, RESPONSE_STARTED]";

    private record Row(String id, String what, Supplier<String> answer, String expected) {}

    private static final String EVERY_WAY = """
            - level: Metadata
              resources:
              - {group: "", resources: ["pods/*", services/proxy, nodes/proxy, serviceaccounts/token]}
              - {group: rbac.authorization.k8s.io}
            """;

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        String exec = "get pods/exec";
        rows.add(decide("AUD-01", "- {level: Metadata}\n- {level: None}", exec, ALL));
        rows.add(decide("AUD-01", "- {level: None}\n- {level: Metadata}", exec, "NONE []"));
        rows.add(decide("AUD-02", "- {level: Metadata, users: [bob]}", exec, "NONE []"));
        rows.add(decide("AUD-03", "- {level: Metadata, users: [ann], verbs: [create]}", exec, "NONE []"));
        rows.add(decide("AUD-03", "- {level: Metadata, users: [], verbs: []}", exec, ALL));
        rows.add(decide("AUD-04", core("[pods]"), exec, "NONE []"));
        for (String pattern : List.of("pods/exec", "pods/*", "*/exec", "*")) {
            rows.add(decide("AUD-04", core("['" + pattern + "']"), exec, ALL));
        }
        rows.add(decide("AUD-05", core("['pods/*']"), "get pods", ALL));
        rows.add(decide("AUD-05", core("['pods/*']"), "get services/proxy", "NONE []"));
        rows.add(decide("AUD-05", core("['*/exec']"), "get pods/attach", "NONE []"));
        rows.add(
                decide("AUD-06", "- level: Metadata\n  resources: [{group: core, resources: ['*']}]", exec, "NONE []"));
        rows.add(
                decide("AUD-06", "- level: Metadata\n  resources: [{group: apps, resources: ['*']}]", exec, "NONE []"));
        rows.add(decide("AUD-07", "- level: Metadata\n  resources: [{group: ''}]", exec, ALL));
        String named =
                "- level: Metadata\n  resources: [{group: '', resources: [pods, pods/exec], resourceNames: [any]}]";
        rows.add(decide("AUD-08", named, exec, ALL));
        rows.add(row(
                "AUD-08",
                "no name",
                () -> decision(named, Attributes.of("create", "", "pods", "shop", "")),
                "NONE []"));
        rows.add(decide("AUD-09", "- {level: Metadata, namespaces: [shop]}", exec, ALL));
        rows.add(decide("AUD-09", "- {level: Metadata, namespaces: [other]}", exec, "NONE []"));
        rows.add(row(
                "AUD-09",
                "cluster-scoped",
                () -> decision(
                        "- {level: Metadata, namespaces: ['']}", Attributes.of("get", "", "nodes/proxy", "", "n1")),
                ALL));
        rows.add(row("AUD-10", "a path", () -> decision(core("['*']"), path("/metrics")), "NONE []"));
        rows.add(row(
                "AUD-10", "a path", () -> decision("- {level: Metadata, namespaces: ['']}", path("/x")), "NONE []"));
        rows.add(decide("AUD-11", "- {level: Metadata, nonResourceURLs: ['*']}", exec, "NONE []"));
        rows.add(row(
                "AUD-11",
                "any rest",
                () -> decision("- {level: Metadata, nonResourceURLs: ['/healthz*']}", path("/healthz/ping")),
                ALL));
        rows.add(row(
                "AUD-11",
                "without a star",
                () -> decision("- {level: Metadata, nonResourceURLs: [/healthz]}", path("/healthz/ping")),
                "NONE []"));
        rows.add(decide("AUD-12", "- {level: Metadata, verbs: [create]}", exec, "NONE []"));
        rows.add(decide("AUD-12", "- {level: Metadata, verbs: [create]}", "create pods/exec", ALL));
        rows.add(decide("AUD-12", "- {level: Metadata, verbs: ['*']}", exec, "NONE []"));
        rows.add(decide("AUD-13", "- {level: Metadata, userGroups: [x, staff]}", exec, ALL));
        rows.add(decide("AUD-13", "- {level: Metadata, userGroups: [x]}", exec, "NONE []"));
        rows.add(decide(
                "AUD-14",
                "- {level: Request, omitStages: [Panic]}\nomitStages: [RequestReceived]",
                exec,
                "REQUEST [RESPONSE_COMPLETE, RESPONSE_STARTED]"));
        for (String broken : List.of(
                "",
                "- {level: metadata}",
                "- {users: [ann]}",
                "- {level: Metadata, omitStages: [Complete]}",
                "- {level: Metadata, verbs: get}",
                "- {level: Metadata, resources: {group: ''}}",
                "- {level: Metadata, resources: [{group: '', resourceNames: [x]}]}",
                "- {level: Metadata, nonResourceURLs: [/x], namespaces: [shop]}",
                "- just text")) {
            rows.add(claim("AUD-15", broken + " can't be judged", policy(broken), "Unknown"));
        }
        claimRows(rows);
        return rows;
    }

    private static void claimRows(List<Row> rows) {
        rows.add(claim("AUD-20", "no flags", policy(EVERY_WAY) + server(""), "AUD-blind"));
        rows.add(claim("AUD-20", "no log", policy(EVERY_WAY) + server("--audit-policy-file=/p"), "AUD-blind"));
        rows.add(claim(
                "AUD-20",
                "both flags",
                policy(EVERY_WAY) + server("--audit-policy-file=/p, --audit-log-path=/l"),
                "Proven"));
        rows.add(claim("AUD-21", "every way", policy(EVERY_WAY), "Proven"));
        rows.add(claim("AUD-21", "level None first", policy(core("['pods/exec']", "None") + EVERY_WAY), "AUD-blind"));
        rows.add(claim("AUD-21", "exec alone", policy(core("['pods/exec']")), "AUD-blind"));
        rows.add(claim(
                "AUD-22", "verbs", policy("- {level: Metadata, verbs: [create, update, patch, delete]}"), "AUD-verb"));
        rows.add(claim(
                "AUD-22",
                "all verbs",
                policy("- {level: Metadata, verbs: [get, create, update, patch, delete]}"),
                "Proven"));
        for (String some : List.of(
                "users: [ci]", "userGroups: [ops]", "users: [ci], userGroups: [ops]", "userGroups: [developers]")) {
            rows.add(claim("AUD-23", some, policy("- {level: None, " + some + "}\n" + EVERY_WAY), "AUD-blind"));
        }
        rows.add(claim(
                "AUD-23",
                "anonymous",
                policy("- {level: Metadata, userGroups: ['system:authenticated']}"),
                "AUD-blind"));
        rows.add(claim(
                "AUD-23",
                "one name",
                policy("- level: None\n  resources: [{group: '', resources: [pods/exec], resourceNames: [p]}]\n"
                        + EVERY_WAY),
                "AUD-blind"));
        rows.add(
                claim("AUD-23", "namespace", policy("- {level: None, namespaces: [shop]}\n" + EVERY_WAY), "AUD-blind"));
        rows.add(claim("AUD-23", "elsewhere", policy("- {level: None, namespaces: [other]}\n" + EVERY_WAY), "Proven"));
        rows.add(claim(
                "AUD-23",
                "control plane",
                policy("- {level: None, users: ['system:kube-scheduler']}\n" + EVERY_WAY),
                "Proven"));
        rows.add(claim("AUD-24", "nothing", "---\n", "Unknown"));
        rows.add(claim("AUD-24", "the flags alone", server("--audit-policy-file=/p, --audit-log-path=/l"), "Unknown"));
        rows.add(claim(
                "AUD-24",
                "two",
                policy(EVERY_WAY)
                        + policy(EVERY_WAY + "- {level: Request}")
                                .replace("kind: Policy", "kind: Policy\nmetadata: {name: b}"),
                "Unknown"));
        String omit = "omitStages: [RequestReceived, ResponseComplete]";
        rows.add(claim("AUD-25", "only started", policy("- {level: Metadata, " + omit + "}"), "AUD-blind"));
        rows.add(claim("AUD-25", "received", policy("- {level: Metadata, omitStages: [ResponseComplete]}"), "Proven"));
        Posture other = ZeroTrust.namespace("shop").noExecFor("developers");
        rows.add(row(
                "AUD-26",
                "not asked for",
                () -> new ApiLayer()
                        .notes(other, Snapshot.ofText("t", policy("- {level: Request, verbs: [create]}"))).stream()
                                .map(Finding::bypass)
                                .distinct()
                                .sorted()
                                .collect(Collectors.joining(",")),
                "AUD-verb"));
    }

    private static Row row(String id, String what, Supplier<String> answer, String expected) {
        return new Row(id, what, answer, expected);
    }

    private static Row decide(String id, String rules, String request, String expected) {
        String[] words = request.split(" ");
        Attributes attributes = Attributes.of(words[0], "", words[1], "shop", "any");
        return row(id, request + " under " + rules, () -> decision(rules, attributes), expected);
    }

    private static Row claim(String id, String what, String snapshot, String expected) {
        return row(id, what, () -> verdict(Recorded.examine(POSTURE, Snapshot.ofText("t", snapshot))), expected);
    }

    private static String verdict(ClaimResult result) {
        return result.verdict()
                .match(
                        proven -> "Proven",
                        violated -> violated.findings().get(0).bypass(),
                        unknown -> "Unknown");
    }

    private static String decision(String rules, Attributes request) {
        Snapshot snapshot = Snapshot.ofText("t", policy(rules));
        AuditPolicy.Decision decision = AuditPolicy.of(
                        snapshot.resources(GroupKind.AUDIT_POLICY).get(0))
                .decide(ANN, request);
        return decision.level() + " "
                + new TreeSet<>(decision.stages().stream().map(Enum::name).toList());
    }

    private static Attributes path(String path) {
        return new Attributes("get", "", "", "", "", "", path);
    }

    private static String core(String resources) {
        return core(resources, "Metadata");
    }

    private static String core(String resources, String level) {
        return "- level: " + level + "\n  resources: [{group: '', resources: " + resources + "}]\n";
    }

    private static String policy(String rules) {
        return "---\napiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n" + rules + "\n";
    }

    private static String server(String flags) {
        return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver-a, namespace: kube-system,"
                + " labels: {component: kube-apiserver}}\nspec:\n  containers:\n  - name: kube-apiserver\n"
                + "    command: [kube-apiserver, " + flags + "]\n";
    }

    @TestFactory
    Stream<DynamicTest> rows_hold() {
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(
                        row.id() + " " + row.what().replace('\n', ' '),
                        () -> assertThat(row.answer().get()).isEqualTo(row.expected())));
    }

    @Test
    void every_rule_on_policies_has_a_row_and_every_row_a_rule() throws IOException {
        Set<String> ids = Pattern.compile("\\*\\*(AUD-[0-3]\\d)\\*\\*")
                .matcher(Files.readString(Path.of("..", "docs", "semantics", "audit.md")))
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(() -> new TreeSet<String>()));
        Set<String> rows = new TreeSet<>(rows().stream().map(Row::id).toList());
        assertThat(rows).isEqualTo(ids);
    }

    @Test
    void the_rendered_policy_records_every_way() {
        ClaimResult result = Recorded.examine(POSTURE, POSTURE.manifests().snapshot());
        assertThat(verdict(result)).isEqualTo("Proven");
        assertThat(result.covered()).isGreaterThan(50);
    }

    @Test
    void the_records_policy_is_named_with_its_verbs() {
        Snapshot snapshot = Snapshot.of(Path.of("..", "examples", "record", "record-manifests"));
        Posture posture = ZeroTrust.namespace("default").noExecFor("developers").audit();
        List<Finding> findings = Recorded.examine(posture, snapshot)
                .verdict()
                .match(proven -> List.of(), io.zta.finding.Verdict.Violated::findings, unknown -> List.of());
        assertThat(findings).anySatisfy(finding -> {
            assertThat(finding.bypass()).isEqualTo("AUD-verb");
            assertThat(finding.title()).contains("get on pods/exec");
            assertThat(finding.evidence().get(0).toString()).contains("rules[0].verbs = [create]");
        });
    }
}
