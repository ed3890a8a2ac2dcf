package io.zta.verify.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.intent.Phase;
import io.zta.rbac.Identity;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** One row for each rule of docs/semantics/apply.md: the accident, which its gate names, and the same without it. */
class GatesTest {
    private static final Posture DIRECT =
            ZeroTrust.namespace("shop").denyDirectAccess().upTo(Phase.NETWORK);
    private static final Posture MESH = ZeroTrust.namespace("shop").strictMtls().upTo(Phase.MESH);
    private static final Posture EXEC = ZeroTrust.namespace("shop").noExecFor("developers");

    private static final String ORDERS = pod("orders", "app: orders", "", "ports: [{containerPort: 8080}]") + """
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders, namespace: shop}
            spec: {selector: {app: orders}, ports: [{port: 80, targetPort: 8080}]}
            """;
    private static final String DENY = policy("zta-default-deny", "podSelector: {}, policyTypes: [Ingress]");
    private static final String STRICT = """
            ---
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: zta-strict-mtls, namespace: shop}
            spec: {mtls: {mode: STRICT}}
            """;
    private static final String BINDING = """
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: zta-entry}
            spec: {policyName: zta-entry, validationActions: [%s]}
            """;
    private static final String ENTRY = """
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata: {name: zta-entry}
            spec:
              matchConstraints:
                namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: ["shop"]}]}
                resourceRules: [{apiGroups: [""], apiVersions: ["*"], operations: [CONNECT], resources: [pods/exec]}]
              validations: [{expression: "false"}]
            """;

    /** The two sides of a plan. */
    private static final class Case {
        private Posture posture = DIRECT;
        private String before = "";
        private String wanted = "";
        private PlanOptions options = PlanOptions.none();
        private Cluster cluster = Cluster.unknown();
        private List<Step> steps = List.of();
        private Planner.Objections objections = new Planner.Objections(List.of(), List.of());

        Case of(Posture other) {
            posture = other;
            return this;
        }

        Case before(String... yaml) {
            before = String.join("", yaml);
            return this;
        }

        Case wanted(String... yaml) {
            wanted = String.join("", yaml);
            return this;
        }

        Case with(PlanOptions other) {
            options = other;
            return this;
        }

        Case on(Cluster other) {
            cluster = other;
            return this;
        }

        Case steps(Step... other) {
            steps = List.of(other);
            return this;
        }

        Case objecting(Planner.Objections other) {
            objections = other;
            return this;
        }

        GateContext context() {
            Snapshot live = Snapshot.ofText("before.yaml", before);
            Snapshot added = Snapshot.ofText("wanted.yaml", wanted);
            assertThat(live.damages()).isEmpty();
            assertThat(added.damages()).isEmpty();
            Snapshot after = live.with(added.resources().toList());
            List<ObjectNode> objects = added.resources().map(Json::of).toList();
            List<Step> made = new ArrayList<>(steps);
            if (made.isEmpty()) {
                for (ObjectNode object : objects) {
                    made.add(new Step(
                            Phase.NETWORK,
                            Step.Stage.RESTRICT,
                            List.of(new Change(
                                    Change.Action.CREATE,
                                    Json.ref(object),
                                    Json.text(object),
                                    "",
                                    "",
                                    List.of(),
                                    false))));
                }
            }
            return new GateContext(
                    posture,
                    options,
                    live,
                    after,
                    made,
                    Map.of("shop", Phase.OBSERVE),
                    objections,
                    objects,
                    Inventory.empty(posture.id()),
                    List.of(),
                    cluster,
                    Flows.between(posture, live, after),
                    Entry.remaining(posture, after));
        }
    }

    private record Row(String id, String accident, Case bad, String evidence, Case good, boolean refuses) {}

    private static Row row(String id, String accident, Case bad, String evidence, Case good) {
        return new Row(id, accident, bad, evidence, good, true);
    }

    private static Case given() {
        return new Case();
    }

    private static String pod(String name, String labels, String annotations, String container) {
        return pod("shop", name, labels, annotations, container, "");
    }

    private static String pod(
            String namespace, String name, String labels, String annotations, String container, String more) {
        return """
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: %s, labels: {%s}, annotations: {%s}}
                spec:
                  nodeName: node-of-%s
                  containers:
                  - {name: app, image: example/app:1%s}
                %sstatus: {phase: Running, podIP: 10.0.0.%d}
                """.formatted(
                        name,
                        namespace,
                        labels,
                        annotations,
                        name,
                        container.isEmpty() ? "" : ", " + container,
                        more,
                        1 + Math.floorMod((namespace + name).hashCode(), 250));
    }

    private static String policy(String name, String spec) {
        return """
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: shop}
                spec: {%s}
                """.formatted(name, spec);
    }

    private static String binding(String kind, String name, String role, String subject) {
        return """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: %s
                metadata: {name: %s%s}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}
                subjects: [%s]
                """.formatted(kind, name, kind.equals("RoleBinding") ? ", namespace: shop" : "", role, subject);
    }

    private static String guard(String operations, String selector, String expression) {
        return """
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: zta-guard}
                spec:
                  matchConstraints:
                    namespaceSelector: {matchLabels: {%s: shop}}
                    resourceRules: [{apiGroups: [networking.k8s.io], apiVersions: ["*"], operations: [%s], resources: [networkpolicies]}]
                  validations: [{expression: "%s"}]
                """.formatted(selector, operations, expression);
    }

    private static final String NAME = "kubernetes.io/metadata.name";
    private static final String WRITES = "CREATE, UPDATE, DELETE";
    private static final String COLLECTS =
            "request.userInfo.username in ['namespace-controller'," + " 'generic-garbage-collector']";
    private static final String DEVS = "{kind: Group, name: developers, apiGroup: rbac.authorization.k8s.io}";
    private static final String PROXY = "  - {name: istio-proxy, image: example/proxy:1}\n";

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        String dns = pod("kube-system", "dns", "k8s-app: kube-dns", "", "", "");
        String egress = "podSelector: {}, policyTypes: [Egress]";
        Posture denyEgress = ZeroTrust.namespace("shop").denyEgress().upTo(Phase.NETWORK);
        rows.add(
                row(
                        "APPLY-01",
                        "an egress deny without a way to DNS",
                        given().of(denyEgress).before(ORDERS, dns).wanted(policy("zta-egress", egress)),
                        "shop/orders[Pod] loses UDP 53 to kube-system/dns",
                        given().of(denyEgress)
                                .before(ORDERS, dns)
                                .wanted(
                                        policy(
                                                "zta-egress",
                                                egress
                                                        + ", egress: [{ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}]"))));
        String hook = """
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: hook}
                webhooks: [{name: a.b.c, clientConfig: {service: {name: orders, namespace: shop, port: 80}}}]
                """;
        rows.add(
                row(
                        "APPLY-02",
                        "a default deny on the backend of a webhook",
                        given().before(ORDERS, hook).wanted(DENY),
                        "hook -> shop/orders[Pod] TCP 8080: the API server (of unknown address) is shut out",
                        given().before(ORDERS, hook)
                                .wanted(
                                        DENY,
                                        policy(
                                                "hook",
                                                "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 8080}]}]"))));
        String web = pod("web", "app: web", "", "env: [{name: ORDERS, value: 'http://orders:80/'}]");
        rows.add(
                row(
                        "APPLY-03",
                        "a flow ends that the client's environment names",
                        given().before(ORDERS, web).wanted(DENY),
                        "shop/web[Pod] -> shop/orders[Pod] TCP 8080 ends, and is used",
                        given().before(ORDERS, web)
                                .wanted(
                                        DENY,
                                        policy(
                                                "allow",
                                                "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"))));
        Step allow = new Step(Phase.NETWORK, Step.Stage.ALLOW, List.of());
        Step restrict = new Step(Phase.NETWORK, Step.Stage.RESTRICT, List.of());
        rows.add(row(
                "APPLY-04",
                "a deny that lands before an allow",
                given().steps(restrict, allow),
                "network/restrict comes before network/allow",
                given().steps(allow, restrict)));
        String bare = pod("other", "legacy", "app: legacy", "", "", "");
        String meshed = pod("other", "legacy", "app: legacy", "", "", PROXY);
        String target = pod("shop", "orders", "app: orders", "", "ports: [{containerPort: 8080}]", PROXY);
        String service = ORDERS.substring(ORDERS.indexOf("---\napiVersion: v1\nkind: Service"));
        rows.add(row(
                "APPLY-02",
                "STRICT on the backend of a webhook",
                given().of(MESH).before(target, service, hook).wanted(STRICT),
                "TCP 8080: the API server (of unknown address), which has no certificate of the mesh, is refused by it",
                given().of(MESH)
                        .before(
                                pod(
                                        "shop",
                                        "orders",
                                        "app: orders",
                                        "sidecar.istio.io/inject: 'false'",
                                        "ports: [{containerPort: 8080}]",
                                        ""),
                                service,
                                hook)
                        .wanted(STRICT)));
        rows.add(row(
                "APPLY-05",
                "STRICT while a client has no sidecar",
                given().of(MESH).before(target, bare).wanted(STRICT),
                "other/legacy[Pod] -> shop/orders[Pod] would be refused",
                given().of(MESH).before(target, meshed).wanted(STRICT)));
        String metrics = "istio_requests_total{reporter=\"destination\",source_workload=\"legacy\","
                + "source_workload_namespace=\"other\",destination_workload=\"orders\","
                + "destination_workload_namespace=\"shop\",connection_security_policy=\"%s\"} %d\n";
        rows.add(row(
                "APPLY-05",
                "plaintext requests that the proxies counted",
                given().of(MESH)
                        .before(target, meshed)
                        .wanted(STRICT)
                        .with(PlanOptions.none()
                                .withProxyMetrics(ProxyMetrics.between(
                                        "a week", metrics.formatted("none", 3), metrics.formatted("none", 10)))),
                "other/legacy -> shop/orders: 7 plaintext requests in a week",
                given().of(MESH)
                        .before(target, meshed)
                        .wanted(STRICT)
                        .with(PlanOptions.none()
                                .withProxyMetrics(ProxyMetrics.between(
                                        "a week",
                                        metrics.formatted("none", 3),
                                        metrics.formatted("none", 3) + metrics.formatted("mutual_tls", 9))))));
        String identities = """
                ---
                apiVersion: security.istio.io/v1
                kind: AuthorizationPolicy
                metadata: {name: zta-allow-gateway, namespace: shop}
                spec: {rules: [{from: [{source: {principals: [cluster.local/ns/a/sa/b]}}]}]}
                """;
        rows.add(row(
                "APPLY-06",
                "rules on principals without STRICT",
                given().of(MESH).before(target).wanted(identities),
                "AuthorizationPolicy shop/zta-allow-gateway asks for identities",
                given().of(MESH).before(target).wanted(identities, STRICT)));
        String ambient =
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}\n";
        String port = "podSelector: {}, ingress: [{ports: [{port: 8080}]}]";
        rows.add(row(
                "APPLY-07",
                "a rule on the application's port in front of an ambient pod",
                given().before(ambient, ORDERS, pod("web", "app: web", "", "")).wanted(policy("allow", port)),
                "not on TCP 15008",
                given().before(ambient, ORDERS, pod("web", "app: web", "", ""))
                        .wanted(policy(
                                "allow", "podSelector: {}, ingress: [{ports: [{port: 8080}, {port: 15008}]}]"))));
        Cluster stranger = new Cluster(Optional.of(Identity.person("ann")), Optional.empty(), Optional.empty());
        Cluster master =
                new Cluster(Optional.of(Identity.person("root", "system:masters")), Optional.empty(), Optional.empty());
        String denying = BINDING.formatted("Deny");
        rows.add(row(
                "APPLY-08",
                "an applier that its own guard locks out",
                given().of(EXEC).wanted(ENTRY, denying).on(stranger),
                "ann may not apply postures.zta.io in shop",
                given().of(EXEC).wanted(ENTRY, denying).on(master)));
        rows.add(row(
                "APPLY-09",
                "Deny and Warn together",
                given().of(EXEC).wanted(ENTRY, BINDING.formatted("Deny, Warn")),
                "validationActions [Deny, Warn]",
                given().of(EXEC).wanted(ENTRY, denying)));
        rows.add(row(
                "APPLY-10",
                "another binding that grants exec",
                given().of(EXEC).before(binding("RoleBinding", "devs", "edit", DEVS)),
                "Group developers: create pods/exec in shop by RoleBinding shop/devs",
                given().of(EXEC).before(binding("RoleBinding", "devs", "view", DEVS))));
        ObjectRef config = new ObjectRef("v1", "ConfigMap", "shop", "c");
        rows.add(row(
                "APPLY-11",
                "a field that someone else owns",
                given().objecting(new Planner.Objections(List.of(new Conflict(config, "helm", ".data.a")), List.of())),
                "ConfigMap shop/c: .data.a is owned by helm",
                given()));
        rows.add(row(
                "APPLY-12",
                "the removal of what is in no inventory",
                given().steps(new Step(
                        Phase.NETWORK,
                        Step.Stage.UNRESTRICT,
                        List.of(new Change(Change.Action.DELETE, config, "", "u", "1", List.of(), false)))),
                "ConfigMap shop/c is in no inventory",
                given()));
        rows.add(row(
                "APPLY-13",
                "an inventory that can't be written",
                given().on(new Cluster(Optional.empty(), Optional.empty(), Optional.of("403 no"))),
                "the state before each write can't be kept: 403 no",
                given()));
        rows.add(new Row(
                "APPLY-14",
                "another applier at work (apply waits for it, so the plan names it)",
                given().on(new Cluster(Optional.empty(), Optional.of("ann"), Optional.empty())),
                "ann holds Lease zta-system/zta-applier",
                given(),
                false));
        String namespace =
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled%s}}\n";
        String enforce = namespace.formatted(", pod-security.kubernetes.io/enforce: baseline");
        String injected = pod(
                "shop",
                "in",
                "app: in",
                "sidecar.istio.io/status: x",
                "",
                "  initContainers: [{name: %s, image: example/init:1}]\n");
        rows.add(row(
                "APPLY-15",
                "Pod Security where istio-init is used",
                given().before(namespace.formatted(""), injected.formatted("istio-init"))
                        .wanted(enforce),
                "shop/in was injected with the container istio-init",
                given().before(namespace.formatted(""), injected.formatted("istio-validation"))
                        .wanted(enforce)));
        String scraped = pod("orders", "app: orders", "prometheus.io/scrape: 'true'", "ports: [{containerPort: 8080}]");
        String prometheus = pod("monitoring", "prometheus-0", "app: prometheus", "", "", "");
        rows.add(
                row(
                        "APPLY-16",
                        "a scraper that the default deny shuts out",
                        given().before(scraped, prometheus).wanted(DENY),
                        "monitoring/prometheus-0[Pod] -> shop/orders[Pod]",
                        given().before(scraped, prometheus)
                                .wanted(
                                        DENY,
                                        policy(
                                                "scrape",
                                                "podSelector: {}, ingress: [{from:"
                                                        + " [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}]"))));
        rows.add(row(
                "APPLY-17",
                "a guard on DELETE that forgets the control plane",
                given().of(EXEC).wanted(guard(WRITES, NAME, "false")),
                "excepts neither the namespace controller",
                given().of(EXEC).wanted(guard(WRITES, NAME, COLLECTS))));
        String pods = guard("CREATE, UPDATE", NAME, "%s").replace("networkpolicies", "pods");
        rows.add(row(
                "APPLY-18",
                "a policy on pods that judges every update",
                given().of(EXEC).wanted(pods.formatted("object.spec.hostNetwork == false")),
                "never looks at oldObject",
                given().of(EXEC).wanted(pods.formatted("object.spec == oldObject.spec"))));
        rows.add(row(
                "APPLY-19",
                "edit in every namespace, that of the inventory too",
                given().before(binding("ClusterRoleBinding", "devs", "edit", DEVS)),
                "Group developers may write ConfigMaps in zta-system",
                given().before(binding("RoleBinding", "devs", "edit", DEVS))));
        rows.add(row(
                "APPLY-20",
                "a guard on DELETE only",
                given().of(EXEC).wanted(guard("DELETE", NAME, COLLECTS)),
                "does not judge CREATE of networkpolicies",
                given().of(EXEC).wanted(guard(WRITES, NAME, COLLECTS))));
        rows.add(row(
                "APPLY-20",
                "a guard selected by a label that an update takes away",
                given().of(EXEC).wanted(guard(WRITES, "team", COLLECTS)),
                "selects namespaces by team",
                given().of(EXEC).wanted(guard(WRITES, NAME, COLLECTS))));
        String token = pod(
                "shop",
                "t",
                "app: t",
                "",
                "",
                "  volumes: [{name: v, projected: {sources:"
                        + " [{serviceAccountToken: {path: t, expirationSeconds: 3607}}]}}]\n");
        rows.add(new Row(
                "APPLY-21",
                "tokens that outlive the apply (nothing to refuse: they are listed)",
                given().of(EXEC).before(token),
                "good for up to 3607 s",
                given().of(EXEC),
                false));
        String backup =
                binding("RoleBinding", "backup", "edit", "{kind: ServiceAccount, name: backup, namespace: ops}");
        rows.add(row(
                "APPLY-22",
                "a backup tool that lives on exec",
                given().of(EXEC).before(backup).wanted(ENTRY, denying),
                "ServiceAccount ops/backup loses entry to shop, which it has by RoleBinding shop/backup",
                given().of(EXEC)
                        .before(backup)
                        .wanted(ENTRY, denying)
                        .with(PlanOptions.none().givingUp("ServiceAccount ops/backup"))));
        return rows;
    }

    @TestFactory
    Stream<DynamicTest> each_accident_is_named_and_nothing_is_refused_without_it() {
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(row.id() + " " + row.accident(), () -> {
                    GateResult bad = gate(row.id()).evaluate(row.bad().context());
                    assertThat(bad.refused()).as(bad.toString()).isEqualTo(row.refuses());
                    assertThat(String.join("\n", bad.evidence())).contains(row.evidence());
                    GateResult good = gate(row.id()).evaluate(row.good().context());
                    assertThat(good.refused()).as(good.toString()).isFalse();
                    assertThat(String.join("\n", good.evidence())).doesNotContain(row.evidence());
                    if (row.refuses()) {
                        Case named = row.bad();
                        named.with(named.options.overriding(row.id()));
                        assertThat(gate(row.id()).evaluate(named.context()).outcome())
                                .isEqualTo(GateResult.Outcome.OVERRIDDEN);
                    }
                }));
    }

    private static Gate gate(String id) {
        return Gates.list().stream()
                .filter(gate -> gate.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void rules_gates_and_rows_are_the_same_22() throws IOException {
        Path file = Path.of("docs/semantics/apply.md");
        String text = Files.readString(Files.exists(file) ? file : Path.of("..").resolve(file));
        Set<String> rules = new TreeSet<>();
        Matcher matcher =
                Pattern.compile("(?m)^- \\*\\*(APPLY-[0-9]{2})\\*\\* ").matcher(text);
        while (matcher.find()) {
            assertThat(rules.add(matcher.group(1)))
                    .as(matcher.group(1) + " stands once")
                    .isTrue();
        }
        Set<String> rows = new TreeSet<>();
        rows().forEach(row -> rows.add(row.id()));
        assertThat(rules).hasSize(22).isEqualTo(rows);
        assertThat(Gates.list().stream().map(Gate::id)).containsExactlyElementsOf(rules);
    }
}
