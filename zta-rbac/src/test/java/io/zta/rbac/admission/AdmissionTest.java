package io.zta.rbac.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.compile.Compiled;
import io.zta.compile.Manifests;
import io.zta.intent.Enforcement;
import io.zta.intent.Subject;
import io.zta.rbac.AdmissionVerdicts.Answer;
import io.zta.rbac.AdmissionVerdicts.Operation;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.rbac.ApiLayer;
import io.zta.rbac.Attributes;
import io.zta.rbac.Identity;
import io.zta.rbac.Rbac;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class AdmissionTest {
    private static final Identity DEVELOPER = Identity.person("dev", "developers");
    private static final Identity ONCALL = Identity.person("amy", "oncall");
    private static final Identity APPLIER = Identity.person("applier");
    private static final Identity MASTER = Identity.person("root", "system:masters");

    private static final Posture POSTURE = ZeroTrust.namespace("shop")
            .denyDirectAccess()
            .strictMtls()
            .noExecFor("developers")
            .keepExecFor(Subject.group("oncall"))
            .appliedBy(Subject.user("applier"))
            .breakGlass(Subject.user("jane"), Duration.ofHours(1), Subject.user("boss"));

    private static final String OURS = yaml(POSTURE);

    private record Row(String id, String what, String cluster, Request request, String expected) {}

    private static Row row(String id, String what, String cluster, Request request, String expected) {
        return new Row(id, what, cluster, request, expected);
    }

    private static String yaml(Posture posture) {
        return new ApiLayer()
                .compile(posture).stream()
                        .map(Compiled::object)
                        .map(object -> "---\n" + Manifests.yaml(object))
                        .collect(Collectors.joining());
    }

    /** A policy on entry, with its binding; each part may be replaced. */
    private static String policy(String rules, String rest, String actions) {
        return """
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: p}
                spec:
                  matchConstraints: %s
                  %s
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: p}
                spec: {policyName: p, validationActions: [%s]}
                """.formatted(rules, rest, actions);
    }

    private static final String EXEC =
            "{resourceRules: [{operations: [CONNECT], apiGroups: [''], apiVersions: ['*'], resources: [pods/exec]}]}";
    private static final String REFUSE = "validations: [{expression: 'false'}]";

    private static Request exec(Identity who) {
        return Request.of(who, Attributes.of("create", "", "pods/exec", "shop", "p"));
    }

    private static Request request(
            Identity who, String verb, String group, String resource, String namespace, String name) {
        return Request.of(who, Attributes.of(verb, group, resource, namespace, name));
    }

    private static Request write(
            Identity who,
            Operation operation,
            String group,
            String resource,
            String namespace,
            String now,
            String before) {
        Node object = node(now);
        Node old = node(before);
        Node named = object.isObject() ? object : old;
        return new Request(
                who,
                Attributes.of(
                        "update",
                        group,
                        resource,
                        namespace,
                        named.at("metadata", "name").textOr("")),
                operation,
                object.isObject() ? Optional.of(object) : Optional.empty(),
                old.isObject() ? Optional.of(old) : Optional.empty());
    }

    private static Node node(String yaml) {
        return yaml.isEmpty()
                ? Node.missing()
                : Snapshot.ofText("test", "apiVersion: v1\nkind: Thing\n" + yaml)
                        .resources()
                        .findFirst()
                        .orElseThrow()
                        .tree();
    }

    private static final String WEBHOOK = """
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: %sWebhookConfiguration
            metadata: {name: w}
            webhooks:
            - name: w.example.org
              clientConfig: {service: {namespace: %s, name: %s}}
              rules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*']}]
            """;

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        String bound = policy(EXEC, REFUSE, "Deny");
        String unbound = bound.substring(0, bound.lastIndexOf("---"));
        String dangling = bound.substring(bound.lastIndexOf("---"));
        rows.add(row("ADM-01", "nothing there", "", exec(DEVELOPER), "allowed"));
        rows.add(row("ADM-02", "no binding", unbound, exec(DEVELOPER), "allowed"));
        rows.add(row("ADM-03", "binding alone", dangling, exec(DEVELOPER), "allowed"));
        rows.add(row("ADM-03", "both", bound, exec(DEVELOPER), "denied"));
        rows.add(row(
                "ADM-04",
                "get is CONNECT too",
                bound,
                request(DEVELOPER, "get", "", "pods/exec", "shop", "p"),
                "denied"));
        rows.add(row(
                "ADM-04",
                "a rule on CREATE",
                policy(EXEC.replace("CONNECT", "CREATE"), REFUSE, "Deny"),
                exec(DEVELOPER),
                "allowed"));
        rows.add(row(
                "ADM-05",
                "patch is an update",
                policy(
                        EXEC.replace("CONNECT", "UPDATE").replace("pods/exec", "pods/ephemeralcontainers"),
                        REFUSE,
                        "Deny"),
                request(DEVELOPER, "patch", "", "pods/ephemeralcontainers", "shop", "p"),
                "denied"));
        rows.add(row(
                "ADM-06",
                "pods/*",
                policy(EXEC.replace("pods/exec", "'pods/*'"), REFUSE, "Deny"),
                exec(DEVELOPER),
                "denied"));
        rows.add(row(
                "ADM-06", "*", policy(EXEC.replace("pods/exec", "'*'"), REFUSE, "Deny"), exec(DEVELOPER), "allowed"));
        rows.add(row(
                "ADM-06",
                "*/exec",
                policy(EXEC.replace("pods/exec", "'*/exec'"), REFUSE, "Deny"),
                exec(DEVELOPER),
                "denied"));
        String nodes = EXEC.replace("pods/exec", "nodes/proxy");
        Request node = request(DEVELOPER, "get", "", "nodes/proxy", "", "n1");
        rows.add(row(
                "ADM-07",
                "Namespaced",
                policy(nodes.replace("apiGroups", "scope: Namespaced, apiGroups"), REFUSE, "Deny"),
                node,
                "allowed"));
        rows.add(row(
                "ADM-07",
                "Cluster sees namespaces",
                policy(
                        "{resourceRules: [{operations: ['*'], apiGroups: [''], apiVersions: [v1], resources: [namespaces],"
                                + " scope: Cluster}]}",
                        REFUSE,
                        "Deny"),
                request(DEVELOPER, "delete", "", "namespaces", "", "shop"),
                "denied"));
        rows.add(row(
                "ADM-08",
                "objectSelector on CONNECT",
                policy(EXEC.replace("}]}", "}], objectSelector: {matchLabels: {a: b}}}"), REFUSE, "Deny"),
                exec(DEVELOPER),
                "allowed"));
        String other = "}], namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}";
        rows.add(row(
                "ADM-09", "nodes are not exempt", policy(nodes.replace("}]}", other), REFUSE, "Deny"), node, "denied"));
        rows.add(row(
                "ADM-09", "pods are", policy(EXEC.replace("}]}", other), REFUSE, "Deny"), exec(DEVELOPER), "allowed"));
        rows.add(row(
                "ADM-10",
                "excluded",
                policy(
                        EXEC.replace(
                                "}]}",
                                "}], excludeResourceRules: [{operations: ['*'], apiGroups: [''],"
                                        + " apiVersions: ['*'], resources: [pods/exec]}]}"),
                        REFUSE,
                        "Deny"),
                exec(DEVELOPER),
                "allowed"));
        rows.add(row("ADM-11", "warn", policy(EXEC, REFUSE, "Warn, Audit"), exec(DEVELOPER), "allowed"));
        rows.add(row(
                "ADM-11",
                "warn of a condition that fails",
                policy(EXEC, REFUSE + "\n  matchConditions: [{name: a, expression: '[1][7] == 1'}]", "Warn"),
                exec(DEVELOPER),
                "allowed"));
        String fails = "validations: [{expression: '[1][7] == 1'}]";
        rows.add(row("ADM-12", "fail", policy(EXEC, fails, "Deny"), exec(DEVELOPER), "denied"));
        rows.add(row(
                "ADM-12",
                "ignore",
                policy(EXEC, fails + "\n  failurePolicy: Ignore", "Deny"),
                exec(DEVELOPER),
                "allowed"));
        rows.add(row(
                "ADM-13",
                "false beside a failure",
                policy(
                        EXEC,
                        REFUSE + "\n  matchConditions: [{name: a, expression: '[1][7] == 1'},"
                                + " {name: b, expression: 'false'}]",
                        "Deny"),
                exec(DEVELOPER),
                "allowed"));
        rows.add(row(
                "ADM-13",
                "a failure alone",
                policy(EXEC, REFUSE + "\n  matchConditions: [{name: a, expression: '[1][7] == 1'}]", "Deny"),
                exec(DEVELOPER),
                "denied"));
        rows.add(row(
                "ADM-14",
                "narrowed",
                bound.replace(
                        "policyName: p,",
                        "policyName: p, matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}},"),
                exec(DEVELOPER),
                "allowed"));
        rows.add(row("ADM-15", "holder of enter", OURS, exec(ONCALL), "allowed"));
        rows.add(row("ADM-16", "system:masters", OURS, exec(MASTER), "allowed"));
        String named = "validations: [{expression: \"!('developers' in request.userInfo.groups)\"}]";
        rows.add(row("ADM-17", "in the group", policy(EXEC, named, "Deny"), exec(DEVELOPER), "denied"));
        rows.add(row(
                "ADM-17",
                "a service account",
                policy(EXEC, named, "Deny"),
                exec(Identity.serviceAccount("shop", "ci")),
                "allowed"));
        String deployments =
                EXEC.replace("CONNECT", "CREATE").replace("['']", "[apps]").replace("pods/exec", "deployments");
        Request create = request(DEVELOPER, "create", "apps", "deployments", "shop", "d");
        rows.add(row(
                "ADM-18",
                "content decides",
                policy(deployments, "validations: [{expression: 'object.spec.replicas < 3'}]", "Deny"),
                create,
                "unknown"));
        rows.add(row(
                "ADM-18",
                "content is known",
                policy(deployments, "validations: [{expression: 'object.spec.replicas < 3'}]", "Deny"),
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "apps",
                        "deployments",
                        "shop",
                        "metadata: {name: d}\nspec: {replicas: 5}",
                        ""),
                "denied"));
        rows.add(row(
                "ADM-18",
                "content does not matter",
                policy(deployments, "validations: [{expression: 'object.spec.replicas < 3 && false'}]", "Deny"),
                create,
                "denied"));
        rows.add(row(
                "ADM-18",
                "fields of the user are not known",
                policy(EXEC, "validations: [{expression: \"has(request.userInfo.extra)\"}]", "Deny"),
                exec(DEVELOPER),
                "unknown"));
        rows.add(row(
                "ADM-19",
                "a function of Kubernetes'",
                policy(EXEC, "validations: [{expression: \"isQuantity('1k')\"}]", "Deny"),
                exec(DEVELOPER),
                "unknown"));
        rows.add(row(
                "ADM-20",
                "two policies",
                bound
                        + policy(EXEC, "validations: [{expression: \"isQuantity('1k')\"}]", "Deny")
                                .replace("name: p", "name: a")
                                .replace("policyName: p", "policyName: a"),
                exec(DEVELOPER),
                "denied"));
        rows.add(row("ADM-21", "webhook", WEBHOOK.formatted("Validating", "x", "y"), exec(DEVELOPER), "unknown"));
        rows.add(row(
                "ADM-21",
                "webhook and policy",
                bound + WEBHOOK.formatted("Validating", "x", "y"),
                exec(DEVELOPER),
                "denied"));
        rows.add(row(
                "ADM-22",
                "exempt",
                policy(
                        "{resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]}",
                        REFUSE,
                        "Deny"),
                request(DEVELOPER, "delete", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", "p"),
                "allowed"));
        String params = policy(
                EXEC,
                "paramKind: {apiVersion: v1, kind: ConfigMap}\n"
                        + "  validations: [{expression: \"params.data.open == 'yes'\"}]",
                "Deny");
        String reference = params.replace("policyName: p,", "policyName: p, paramRef: {name: c, namespace: shop},");
        rows.add(row(
                "ADM-23",
                "by name",
                reference + "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop},"
                        + " data: {open: 'no'}}\n",
                exec(DEVELOPER),
                "denied"));
        rows.add(row("ADM-23", "not there", reference, exec(DEVELOPER), "unknown"));
        String exact = "{matchPolicy: Exact, resourceRules: [{operations: ['*'], apiGroups: [security.istio.io],"
                + " apiVersions: [v1beta1], resources: [peerauthentications]}]}";
        Request peer = request(DEVELOPER, "create", "security.istio.io", "peerauthentications", "shop", "x");
        rows.add(row("ADM-24", "exact", policy(exact, REFUSE, "Deny"), peer, "allowed"));
        rows.add(row(
                "ADM-24", "equivalent", policy(exact.replace("Exact", "Equivalent"), REFUSE, "Deny"), peer, "denied"));
        rows.add(row(
                "ADM-25",
                "a record in a deleted collection",
                OURS,
                write(DEVELOPER, Operation.DELETE, "", "configmaps", "shop", "", "metadata: {name: zta-x}"),
                "denied"));
        rows.add(row(
                "ADM-26",
                "a label taken off",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "",
                        "namespaces",
                        "",
                        "metadata: {name: shop}",
                        "metadata: {name: shop, labels: {istio-injection: enabled}}"),
                "denied"));
        String limited = OURS + """
                ---
                {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: one, namespace: shop},
                 rules: [{apiGroups: [zta.io], resources: [containers], verbs: [enter], resourceNames: [debug]}]}
                ---
                {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: one, namespace: shop},
                 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: one},
                 subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]}
                """;
        rows.add(row("ADM-27", "another pod", limited, exec(DEVELOPER), "denied"));
        rows.add(row(
                "ADM-27",
                "that pod",
                limited,
                request(DEVELOPER, "create", "", "pods/exec", "shop", "debug"),
                "allowed"));
        rows.add(row(
                "ADM-27", "some pod", limited, request(DEVELOPER, "create", "", "pods/exec", "shop", ""), "allowed"));
        Request podWrite = write(DEVELOPER, Operation.CREATE, "", "pods", "shop", "metadata: {name: x}\nspec: {}", "");
        rows.add(row("ADM-28", "another's", WEBHOOK.formatted("Mutating", "x", "y"), podWrite, "unknown"));
        rows.add(row(
                "ADM-28",
                "the injector",
                WEBHOOK.formatted("Mutating", "istio-system", "istiod"),
                podWrite,
                "allowed"));
        posture(rows);
        return rows;
    }

    private static void posture(List<Row> rows) {
        rows.add(row("ADM-40", "developer", OURS, exec(DEVELOPER), "denied"));
        rows.add(row("ADM-40", "without the group", OURS, exec(Identity.person("dev")), "denied"));
        rows.add(row(
                "ADM-40",
                "ephemeral container",
                OURS,
                request(DEVELOPER, "patch", "", "pods/ephemeralcontainers", "shop", "p"),
                "denied"));
        rows.add(row(
                "ADM-40",
                "service proxy",
                OURS,
                request(DEVELOPER, "get", "", "services/proxy", "shop", "s"),
                "denied"));
        rows.add(row(
                "ADM-40",
                "another namespace",
                OURS,
                request(DEVELOPER, "get", "", "pods/exec", "other", "s"),
                "allowed"));
        rows.add(row(
                "ADM-41",
                "oncall holds it in the namespace only",
                OURS,
                request(ONCALL, "get", "", "nodes/proxy", "", "n"),
                "denied"));
        rows.add(row("ADM-41", "masters", OURS, request(MASTER, "get", "", "nodes/proxy", "", "n"), "allowed"));
        String byName = yaml(POSTURE.denyByNameOnly());
        rows.add(row("ADM-42", "named", byName, exec(DEVELOPER), "denied"));
        rows.add(row("ADM-42", "not named", byName, exec(Identity.person("dev")), "allowed"));
        String np = "metadata: {name: x}\nspec: {}";
        rows.add(row(
                "ADM-43",
                "create",
                OURS,
                request(DEVELOPER, "create", "networking.k8s.io", "networkpolicies", "shop", "x"),
                "denied"));
        rows.add(row(
                "ADM-43",
                "orphan",
                OURS,
                request(DEVELOPER, "patch", "networking.k8s.io", "networkpolicies", "shop", "x"),
                "denied"));
        rows.add(row(
                "ADM-43",
                "orphan, seen",
                OURS,
                write(DEVELOPER, Operation.UPDATE, "networking.k8s.io", "networkpolicies", "shop", np, np),
                "denied"));
        rows.add(row(
                "ADM-43",
                "applier",
                OURS,
                request(APPLIER, "create", "networking.k8s.io", "networkpolicies", "shop", "x"),
                "allowed"));
        rows.add(row(
                "ADM-43",
                "mesh",
                OURS,
                request(DEVELOPER, "create", "security.istio.io", "peerauthentications", "shop", "x"),
                "denied"));
        rows.add(row(
                "ADM-43",
                "a config map of their own",
                OURS,
                write(DEVELOPER, Operation.CREATE, "", "configmaps", "shop", "metadata: {name: app}", ""),
                "allowed"));
        Identity collector = Identity.serviceAccount("kube-system", "generic-garbage-collector");
        String dying = "metadata: {name: x, deletionTimestamp: '2026-01-01T00:00:00Z'}\nspec: {}";
        rows.add(row(
                "ADM-44",
                "starts one",
                OURS,
                write(collector, Operation.DELETE, "networking.k8s.io", "networkpolicies", "shop", "", np),
                "denied"));
        rows.add(row(
                "ADM-44",
                "finishes one",
                OURS,
                write(collector, Operation.UPDATE, "networking.k8s.io", "networkpolicies", "shop", dying, dying),
                "allowed"));
        rows.add(row(
                "ADM-44",
                "in a dying namespace",
                OURS
                        + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, deletionTimestamp: '2026-01-01T00:00:00Z'}}\n",
                write(
                        Identity.serviceAccount("kube-system", "namespace-controller"),
                        Operation.DELETE,
                        "networking.k8s.io",
                        "networkpolicies",
                        "shop",
                        "",
                        np),
                "allowed"));
        rows.add(row(
                "ADM-45",
                "injection",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "",
                        "namespaces",
                        "",
                        "metadata: {name: shop, labels: {istio-injection: disabled}}",
                        "metadata: {name: shop}"),
                "denied"));
        rows.add(row(
                "ADM-45",
                "another label",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "",
                        "namespaces",
                        "",
                        "metadata: {name: shop, labels: {team: a}}",
                        "metadata: {name: shop}"),
                "allowed"));
        rows.add(row(
                "ADM-45",
                "an owner",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "",
                        "namespaces",
                        "",
                        "metadata: {name: shop, ownerReferences: [{name: x}]}",
                        "metadata: {name: shop}"),
                "denied"));
        rows.add(row(
                "ADM-45",
                "the owner it has had before",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "",
                        "namespaces",
                        "",
                        "metadata: {name: shop, ownerReferences: [{name: x}]}",
                        "metadata: {name: shop, ownerReferences: [{name: x}]}"),
                "allowed"));
        rows.add(row(
                "ADM-45",
                "deletion",
                OURS,
                write(DEVELOPER, Operation.DELETE, "", "namespaces", "", "", "metadata: {name: shop}"),
                "denied"));
        rows.add(row(
                "ADM-45",
                "another namespace",
                OURS,
                write(DEVELOPER, Operation.DELETE, "", "namespaces", "", "", "metadata: {name: other}"),
                "allowed"));
        for (String[] port : new String[][] {
            {"{port: 80, name: http}", "allowed"}, {"{port: 80, name: http-web}", "allowed"},
            {"{port: 80, name: tcp, appProtocol: HTTP}", "allowed"}, {"{port: 80}", "denied"},
            {"{port: 80, name: http, appProtocol: tcp}", "denied"}, {"{port: 80, name: httpish}", "denied"},
            {"{port: 80, name: https}", "denied"}, {"{port: 53, protocol: UDP}", "allowed"},
            {"{port: 80, name: grpc-web}", "allowed"}, {"{port: 80, appProtocol: kubernetes.io/h2c}", "allowed"}
        }) {
            rows.add(row("ADM-46", port[0], OURS, service(port[0], ""), port[1]));
        }
        rows.add(row("ADM-46", "an old one, labelled", OURS, service("{port: 80}", "{port: 80}"), "allowed"));
        rows.add(row("ADM-46", "renamed", OURS, service("{port: 80, name: tcp}", "{port: 80, name: http}"), "denied"));
        String onPorts = yaml(POSTURE.onPorts(8080));
        rows.add(row("ADM-46", "a database", onPorts, service("{port: 5432, targetPort: 5432}", ""), "allowed"));
        rows.add(row("ADM-46", "a named target", onPorts, service("{port: 5432, targetPort: web}", ""), "denied"));
        rows.add(row("ADM-46", "the protected port", onPorts, service("{port: 80, targetPort: 8080}", ""), "denied"));
        rows.add(row(
                "ADM-47",
                "a role",
                OURS,
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "rbac.authorization.k8s.io",
                        "roles",
                        "shop",
                        "metadata: {name: r}\nrules: [{apiGroups: [zta.io], resources: [containers], verbs: [enter]}]",
                        ""),
                "denied"));
        rows.add(row(
                "ADM-47",
                "an ordinary role",
                OURS,
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "rbac.authorization.k8s.io",
                        "roles",
                        "shop",
                        "metadata: {name: r}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]",
                        ""),
                "allowed"));
        rows.add(row(
                "ADM-47",
                "a binding",
                OURS,
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "rbac.authorization.k8s.io",
                        "rolebindings",
                        "shop",
                        "metadata: {name: r}\nroleRef: {kind: Role, name: zta-entry}",
                        ""),
                "denied"));
        rows.add(row(
                "ADM-47",
                "an ordinary binding",
                OURS,
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "rbac.authorization.k8s.io",
                        "rolebindings",
                        "shop",
                        "metadata: {name: r}\nroleRef: {kind: ClusterRole, name: view}",
                        ""),
                "allowed"));
        Identity boss = Identity.person("boss");
        rows.add(row("ADM-48", "half an hour", OURS, glass(boss, "2026-01-01T00:30:00Z", "jane"), "allowed"));
        rows.add(row("ADM-48", "too long", OURS, glass(boss, "2026-01-01T02:30:00Z", "jane"), "denied"));
        rows.add(row("ADM-48", "another subject", OURS, glass(boss, "2026-01-01T00:30:00Z", "eve"), "denied"));
        rows.add(row("ADM-48", "no approver", OURS, glass(DEVELOPER, "2026-01-01T00:30:00Z", "jane"), "denied"));
        Identity controller = Identity.serviceAccount("kube-system", "replicaset-controller");
        String gateway = "metadata: {name: g}\nspec: {serviceAccountName: istio-ingressgateway-service-account}";
        String worn = "metadata: {name: g, labels: {app: istio-ingressgateway, istio: ingressgateway}}\nspec: {}";
        rows.add(row("ADM-49", "its account", OURS, pod(DEVELOPER, gateway), "denied"));
        rows.add(row("ADM-49", "its labels", OURS, pod(DEVELOPER, worn), "denied"));
        rows.add(row(
                "ADM-49",
                "one of its labels",
                OURS,
                pod(DEVELOPER, "metadata: {name: g, labels: {istio: ingressgateway}}\nspec: {}"),
                "allowed"));
        rows.add(row("ADM-49", "a controller", OURS, pod(controller, gateway), "allowed"));
        String workload = "metadata: {name: g}\nspec: {template: {spec: {serviceAccountName:"
                + " istio-ingressgateway-service-account, containers: [{image: %s}]}}}";
        rows.add(row(
                "ADM-49",
                "its image",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "apps",
                        "deployments",
                        "istio-system",
                        workload.formatted("b"),
                        workload.formatted("a")),
                "denied"));
        rows.add(row(
                "ADM-49",
                "an annotation",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "apps",
                        "deployments",
                        "istio-system",
                        workload.formatted("a"),
                        workload.formatted("a")),
                "allowed"));
        rows.add(row(
                "ADM-50",
                "a token",
                OURS,
                request(
                        DEVELOPER,
                        "create",
                        "",
                        "serviceaccounts/token",
                        "istio-system",
                        "istio-ingressgateway-service-account"),
                "denied"));
        rows.add(row(
                "ADM-50",
                "by a node",
                OURS,
                request(
                        Identity.person("system:node:n", "system:nodes"),
                        "create",
                        "",
                        "serviceaccounts/token",
                        "istio-system",
                        "istio-ingressgateway-service-account"),
                "allowed"));
        rows.add(row(
                "ADM-50",
                "a secret",
                OURS,
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "",
                        "secrets",
                        "istio-system",
                        "metadata: {name: s, annotations: {kubernetes.io/service-account.name: istiod}}\n"
                                + "type: kubernetes.io/service-account-token",
                        ""),
                "denied"));
        rows.add(row(
                "ADM-50",
                "another secret",
                OURS,
                write(
                        DEVELOPER,
                        Operation.CREATE,
                        "",
                        "secrets",
                        "istio-system",
                        "metadata: {name: s}\ntype: Opaque",
                        ""),
                "allowed"));
        rows.add(row(
                "ADM-51",
                "mesh config",
                OURS,
                write(
                        DEVELOPER,
                        Operation.UPDATE,
                        "",
                        "configmaps",
                        "istio-system",
                        "metadata: {name: istio}",
                        "metadata: {name: istio}"),
                "denied"));
        rows.add(row(
                "ADM-51",
                "istiod",
                OURS,
                write(
                        Identity.serviceAccount("istio-system", "istiod"),
                        Operation.UPDATE,
                        "",
                        "secrets",
                        "istio-system",
                        "metadata: {name: istio-ca-secret}",
                        "metadata: {name: istio-ca-secret}"),
                "allowed"));
        rows.add(row("ADM-52", "warn", yaml(POSTURE.admission(Enforcement.WARN)), exec(DEVELOPER), "allowed"));
    }

    private static Request service(String now, String before) {
        String text = "metadata: {name: s}\nspec: {type: ClusterIP, ports: [%s]}";
        return write(
                DEVELOPER,
                before.isEmpty() ? Operation.CREATE : Operation.UPDATE,
                "",
                "services",
                "shop",
                text.formatted(now),
                before.isEmpty() ? "" : text.formatted(before));
    }

    private static Request glass(Identity who, String expires, String subject) {
        return write(
                who,
                Operation.CREATE,
                "rbac.authorization.k8s.io",
                "rolebindings",
                "shop",
                "metadata: {name: zta-break-glass-1, creationTimestamp: '2026-01-01T00:00:00Z', annotations:"
                        + " {zta.io/reason: x, zta.io/expires: '" + expires + "'}}\n"
                        + "roleRef: {kind: Role, name: zta-break-glass}\nsubjects: [{kind: User, name: " + subject
                        + "}]",
                "");
    }

    private static Request pod(Identity who, String pod) {
        return write(who, Operation.CREATE, "", "pods", "istio-system", pod, "");
    }

    @TestFactory
    Stream<DynamicTest> answers() {
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(row.id + " " + row.what, () -> {
                    Snapshot snapshot = Snapshot.ofText("test", row.cluster);
                    Answer answer = Admission.of(snapshot, Rbac.of(snapshot)).decide(row.request);
                    assertThat(answer.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT))
                            .as("%s", answer)
                            .isEqualTo(row.expected);
                }));
    }

    @Test
    void every_rule_has_a_row_and_every_row_a_rule() throws IOException {
        Path docs = Path.of("..", "docs", "semantics", "admission.md");
        TreeSet<String> written = new TreeSet<>();
        Pattern.compile("\\*\\*(ADM-\\d+)\\*\\*")
                .matcher(Files.readString(docs))
                .results()
                .forEach(match -> written.add(match.group(1)));
        TreeSet<String> tested = rows().stream().map(Row::id).collect(Collectors.toCollection(TreeSet::new));
        assertThat(tested).isEqualTo(written);
    }

    @Test
    void policies_that_can_not_do_what_they_say_are_found() {
        String faulty = policy(
                EXEC.replace("CONNECT", "CREATE").replace("}]}", "}], objectSelector: {matchLabels: {a: b}}}"),
                "failurePolicy: Ignore\n  validations: [{expression: \"!('x' in request.userInfo.groups)\"}]",
                "Warn");
        Snapshot snapshot = Snapshot.ofText("test", faulty + "---\n" + """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicyBinding
                metadata: {name: dangling}
                spec: {policyName: gone, validationActions: [Deny]}
                ---
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingAdmissionPolicy
                metadata: {name: unbound}
                spec: {}
                """);
        assertThat(Admission.of(snapshot, Rbac.of(snapshot)).findings())
                .extracting("id")
                .containsExactlyInAnyOrder(
                        "ZTA-API-101",
                        "ZTA-API-102",
                        "ZTA-API-103",
                        "ZTA-API-104",
                        "ZTA-API-105",
                        "ZTA-API-106",
                        "ZTA-API-107",
                        "ZTA-API-108");
    }

    @Test
    void our_own_policies_have_no_faults() {
        Snapshot snapshot = Snapshot.ofText("test", OURS);
        assertThat(Admission.of(snapshot, Rbac.of(snapshot)).findings()).isEmpty();
        assertThat(snapshot.resources(GroupKind.VALIDATING_ADMISSION_POLICY)).hasSize(10);
    }
}
