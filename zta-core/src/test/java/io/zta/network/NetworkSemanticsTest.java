package io.zta.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.intent.Port;
import io.zta.network.Connection.State;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Each rule of docs/semantics/network.md has a row, and each row a rule. */
class NetworkSemanticsTest {
    /** Rules of findings, whose rows are in {@link NetworkClaimsTest}. */
    private static final Set<String> FINDINGS =
            Set.of("NET-31", "NET-32", "NET-33", "NET-34", "NET-35", "NET-36", "NET-38", "NET-39", "NET-51");

    private static final String CLUSTER = """
            {apiVersion: v1, kind: Namespace, metadata: {name: one}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: two, labels: {team: blue}}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: one, labels: {app: a}}, spec: {containers: [{name: c}]}, status: {podIP: 10.0.0.1}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: b, namespace: one, labels: {app: b}}
            spec:
              initContainers: [{name: side, restartPolicy: Always, ports: [{name: admin, containerPort: 9000}]}]
              containers: [{name: c, ports: [{name: web, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}]
            status: {podIP: 10.0.0.2}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: c, namespace: two, labels: {app: c}}, spec: {containers: [{name: c}]}, status: {podIP: 10.0.1.3}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: h, namespace: two, labels: {app: c}}, spec: {hostNetwork: true, containers: [{name: c}]}, status: {podIP: 192.168.0.1}}
            """;

    private static final String ADMIN =
            "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n" + "metadata: {name: %s}\n";

    private static final Options ENFORCED = new Options(
            Options.IpBlocks.MATCH_PODS, Options.Nodes.ALLOWED, Options.Tiers.ENFORCED, Options.SidecarPorts.COUNTED);

    private static final String DENY = policy("deny", "podSelector: {}, policyTypes: [Ingress]");

    private record Row(String id, String objects, String from, String to, String port, State expected) {}

    private final List<Row> rows = new ArrayList<>();

    private static String policy(String name, String spec) {
        return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name
                + ", namespace: one}\nspec: {" + spec + "}\n";
    }

    /** A policy for b whose ingress is this. */
    private static String ingress(String rules) {
        return policy("p", "podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: " + rules);
    }

    private static String from(String peer) {
        return ingress("[{from: [" + peer + "]}]");
    }

    private static String ports(String ports) {
        return ingress("[{ports: [" + ports + "]}]");
    }

    private void row(String id, String objects, String from, String to, String port, State expected) {
        rows.add(new Row(id, objects, from, to, port, expected));
    }

    private List<Row> rows() {
        State yes = State.ALLOWED;
        State no = State.DENIED;
        State unknown = State.UNKNOWN;
        row("NET-01", "", "two/c", "one/b", "TCP 80", yes);
        row("NET-01", policy("p", "podSelector: {matchLabels: {app: a}}"), "two/c", "one/b", "TCP 80", yes);
        row("NET-02", ingress("[]"), "two/c", "one/b", "TCP 80", no);
        row("NET-02", DENY, "two/c", "one/b", "TCP 80", no);
        row("NET-02", DENY, "one/a", "two/c", "TCP 80", yes);
        row("NET-03", ingress("[{}]"), "two/c", "one/b", "UDP 80", yes);
        row("NET-04", ingress("[{from: [], ports: [{port: 80}]}]"), "two/c", "one/b", "TCP 80", yes);
        row("NET-05", from("{namespaceSelector: {}}"), "two/c", "one/b", "SCTP 9", yes);
        row("NET-06", policy("p", "podSelector: {}"), "two/c", "one/b", "TCP 80", no);
        row("NET-06", policy("p", "podSelector: {}"), "one/a", "two/c", "TCP 80", yes);
        row("NET-06", policy("p", "podSelector: {}, egress: [{ports: [{port: 1}]}]"), "one/a", "two/c", "TCP 80", no);
        row("NET-06", policy("p", "podSelector: {}, egress: []"), "one/a", "two/c", "TCP 80", yes);
        row("NET-07", DENY + ingress("[{}]"), "two/c", "one/b", "TCP 80", yes);
        String out = policy("out", "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 80}]}]");
        row("NET-08", out + ports("{port: 80}"), "one/a", "one/b", "TCP 80", yes);
        row("NET-08", out + ports("{port: 81}"), "one/a", "one/b", "TCP 80", no);
        row("NET-08", out + ports("{port: 81}"), "one/a", "one/b", "TCP 81", no);
        row("NET-09", ports("{port: 80}"), "two/c", "one/b", "UDP 80", no);
        row("NET-09", ports("{protocol: UDP}"), "two/c", "one/b", "UDP 7", yes);
        row("NET-09", ports("{protocol: UDP}"), "two/c", "one/b", "TCP 7", no);
        row("NET-10", ports("{port: 80, endPort: 90}"), "two/c", "one/b", "TCP 90", yes);
        row("NET-10", ports("{port: 80, endPort: 90}"), "two/c", "one/b", "TCP 91", no);
        row("NET-10", ports("{port: web, endPort: 9000}"), "two/c", "one/b", "TCP 8080", unknown);
        row("NET-11", ports("{port: web}"), "two/c", "one/b", "TCP 8080", yes);
        row("NET-11", ports("{port: web, protocol: UDP}"), "two/c", "one/b", "UDP 8080", no);
        row("NET-11", ports("{port: admin}"), "two/c", "one/b", "TCP 9000", unknown);
        row("NET-11", ports("{port: admin}, {port: 9000}"), "two/c", "one/b", "TCP 9000", yes);
        row(
                "NET-11",
                policy("p", "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: admin}]}]"),
                "one/a",
                "one/b",
                "TCP 9000",
                unknown);
        row("NET-12", from("{podSelector: {matchLabels: {app: c}}}"), "two/c", "one/b", "TCP 80", no);
        row("NET-12", from("{podSelector: {matchLabels: {app: a}}}"), "one/a", "one/b", "TCP 80", yes);
        row("NET-13", from("{namespaceSelector: {matchLabels: {team: blue}}}"), "two/c", "one/b", "TCP 80", yes);
        row("NET-13", from("{namespaceSelector: {matchLabels: {team: blue}}}"), "one/a", "one/b", "TCP 80", no);
        String both = "{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: a}}}";
        String either = "{namespaceSelector: {matchLabels: {team: blue}}}, {podSelector: {matchLabels: {app: a}}}";
        row("NET-14", from(both), "two/c", "one/b", "TCP 80", no);
        row("NET-14", from(either), "two/c", "one/b", "TCP 80", yes);
        row("NET-14", from(either), "one/a", "one/b", "TCP 80", yes);
        row("NET-15", from("{namespaceSelector: {}, podSelector: {}}"), "two/c", "one/b", "TCP 80", yes);
        row("NET-15", from("{namespaceSelector: {}, podSelector: null}"), "two/c", "one/b", "TCP 80", yes);
        row("NET-15", from("{namespaceSelector: null, podSelector: {}}"), "two/c", "one/b", "TCP 80", no);
        for (String missing : List.of("{key: no, operator: NotIn, values: [x]}", "{key: no, operator: DoesNotExist}")) {
            row(
                    "NET-16",
                    from("{podSelector: {matchExpressions: [" + missing + "]}}"),
                    "one/a",
                    "one/b",
                    "TCP 80",
                    yes);
        }
        for (String missing : List.of("{key: no, operator: In, values: [x]}", "{key: no, operator: Exists}")) {
            row("NET-16", from("{podSelector: {matchExpressions: [" + missing + "]}}"), "one/a", "one/b", "TCP 80", no);
        }
        row("NET-17", from("{ipBlock: {cidr: 10.0.1.0/24}}"), "two/c", "one/b", "TCP 80", unknown);
        row("NET-17", from("{ipBlock: {cidr: 10.9.0.0/24}}"), "two/c", "one/b", "TCP 80", no);
        row("NET-18", from("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.1.0/24]}}"), "two/c", "one/b", "TCP 80", no);
        String named = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: two}}}";
        row("NET-19", from(named), "two/c", "one/b", "TCP 80", yes);
        row("NET-20", DENY.replace("namespace: one", "namespace: two"), "one/a", "two/h", "TCP 80", yes);
        row("NET-21", DENY, "one/b", "one/b", "TCP 80", yes);
        String template =
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: one}\nspec: {selector:"
                        + " {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c}]}}}\n";
        row("NET-23", template + from("{podSelector: {matchLabels: {app: d}}}"), "one/d", "one/b", "TCP 80", yes);
        String replica =
                template.replace("Deployment", "StatefulSet").replace("spec: {selector", "spec: {replicas: 3, selector")
                        + from("{podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: d-1}}}");
        row("NET-50", replica, "one/d-1", "one/b", "TCP 80", yes);
        row("NET-50", replica, "one/d-0", "one/b", "TCP 80", no);
        row("NET-50", replica.replace("d-1", "d-3"), "one/d-0", "one/b", "TCP 80", no);
        row("NET-50", replica.replace("replicas: 3, ", "").replace("d-1", "d-7"), "one/d-7", "one/b", "TCP 80", yes);
        String hash = template + from("{podSelector: {matchLabels: {pod-template-hash: 5f}}}");
        row("NET-50", hash, "one/d-5f", "one/b", "TCP 80", yes);
        row("NET-50", hash, "one/d", "one/b", "TCP 80", no);
        row(
                "NET-24",
                from("{podSelector: {matchExpressions: [{key: app, operator: Near, values: [x]}]}}"),
                "one/a",
                "one/b",
                "TCP 80",
                unknown);
        for (String refused : List.of(
                "{podSelector: {matchLabels: {app@b: x}}}",
                "{podSelector: {matchLabels: {app: $x}}}",
                "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [\"a b\"]}]}}",
                "{namespaceSelector: {matchExpressions: [{key: /app, operator: DoesNotExist}]}}")) {
            row("NET-24", from(refused), "one/a", "one/b", "TCP 80", unknown);
        }
        row("NET-24", from("{podSelector: {matchLabels: {example.com/a_1: \"\"}}}"), "one/a", "one/b", "TCP 80", no);
        for (String refused : List.of("not_found", "a--b", "-a", "averyverylongname")) {
            row("NET-24", ports("{port: " + refused + "}"), "one/a", "one/b", "TCP 8080", unknown);
        }
        row(
                "NET-24",
                policy("p", "podSelector: {}, policyTypes: [Ingress, Egress, Ingress]"),
                "one/a",
                "one/b",
                "TCP 80",
                unknown);
        row("NET-24", DENY.replace("name: deny, ", ""), "two/c", "one/b", "TCP 80", unknown);
        row("NET-25", DENY.replace("networking.k8s.io/v1", "extensions/v1beta1"), "two/c", "one/b", "TCP 80", unknown);
        row("NET-25", DENY.replace("k8s.io/v1\n", "k8s.io/v9\n"), "two/c", "one/b", "TCP 80", unknown);
        String cilium =
                "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: one}\n"
                        + "spec: {endpointSelector: {}, ingress: [{}]}\n";
        row("NET-26", DENY + cilium, "two/c", "one/b", "TCP 80", unknown);
        String oneReplica = template.replace("Deployment", "StatefulSet")
                + cilium.replace(
                        "endpointSelector: {}",
                        "endpointSelector: {matchLabels: {\"k8s:statefulset.kubernetes.io/pod-name\": d-0}}");
        row("NET-26", oneReplica, "two/c", "one/d", "TCP 80", unknown);
        String admin =
                "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: m}\n"
                        + "spec: {priority: 5, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}\n";
        row("NET-27", DENY + admin, "two/c", "one/b", "TCP 80", unknown);
        row(
                "NET-28",
                DENY + policy("p", "podSelector: {}, policyTypes: [Egress], egress: [{}], ingress: [{}]"),
                "two/c",
                "one/b",
                "TCP 80",
                unknown);
        row(
                "NET-28",
                policy("p", "podSelector: {}, policyTypes: [Egress], egress: [], ingress: [{}]"),
                "one/b",
                "two/c",
                "TCP 80",
                no);
        row(
                "NET-28",
                policy("p", "podSelector: {}, policyTypes: [Egress], egress: [], ingress: [{ports: [{port: 90}]}]"),
                "two/c",
                "one/b",
                "TCP 80",
                unknown);
        row(
                "NET-28",
                policy("p", "podSelector: {}, policyTypes: [Egress], egress: [], ingress: [{ports: [{port: 90}]}]"),
                "two/c",
                "one/b",
                "TCP 90",
                unknown);
        String two = tier("a", 5, "Allow") + tier("b", 5, "Deny");
        row("NET-40", DENY + two, "two/c", "one/b", "TCP 80", unknown);
        row("NET-40", DENY + tier("a", 5, "Deny") + tier("b", 5, "Allow"), "two/c", "one/b", "TCP 80", unknown);
        row("NET-40", DENY + tier("a", 5, "Deny") + tier("b", 5, "Deny"), "two/c", "one/b", "TCP 80", no);
        row("NET-40", DENY + tier("0", 1, "Deny") + two, "two/c", "one/b", "TCP 80", no);
        String joined = tier("b", 7, "Accept")
                .replace("v1alpha1", "v1alpha2")
                .replace("AdminNetworkPolicy", "ClusterNetworkPolicy")
                .replace("priority", "tier: Admin, priority");
        row("NET-40", DENY + tier("a", 5, "Deny") + joined, "two/c", "one/b", "TCP 80", unknown);
        String misspelt =
                tier("a", 5, "Allow").replace("from:", "ports: [{portNumber: {protcol: UDP, port: 53}}], from:");
        row("NET-41", DENY + misspelt, "two/c", "one/b", "UDP 53", unknown);
        String noneOut = policy("out", "podSelector: {}, policyTypes: [Egress]");
        row("NET-42", noneOut + egressTier("{domainNames: [db.example.org]}"), "one/a", "two/c", "TCP 80", unknown);
        return rows;
    }

    /** An AdminNetworkPolicy about all that comes from pods. */
    private static String tier(String name, int priority, String action) {
        return ADMIN.formatted(name) + "spec: {priority: " + priority
                + ", subject: {namespaces: {}}, ingress: [{action: " + action + ", from: [{namespaces: {}}]}]}\n";
    }

    /** An AdminNetworkPolicy that lets out to this. */
    private static String egressTier(String peer) {
        return ADMIN.formatted("out") + "spec: {priority: 5, subject: {namespaces: {}}, egress: [{action: Allow, to: ["
                + peer + "]}]}\n";
    }

    private static State state(Row row, Options options) {
        Reachability reach = Reachability.of(Snapshot.ofText("cluster", CLUSTER + row.objects), options);
        String[] port = row.port.split(" ");
        return reach.between(pod(reach, row.from), pod(reach, row.to))
                .state(Port.Protocol.valueOf(port[0]), Integer.parseInt(port[1]));
    }

    private static Pod pod(Reachability reach, String name) {
        return reach.pods().all().stream()
                .filter(pod -> pod.display().startsWith(name))
                .findFirst()
                .orElseThrow();
    }

    @TestFactory
    Stream<DynamicTest> decides() {
        return rows().stream()
                .map(row -> DynamicTest.dynamicTest(
                        row.id + " " + row.from + " -> " + row.to + " " + row.port + " " + row.objects,
                        () -> assertThat(state(row, Options.DEFAULT)).isEqualTo(row.expected)));
    }

    @Test
    void tiers_decide_where_the_plugin_enforces_them() {
        Options enforced = ENFORCED;
        String head = "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: ";
        String tier =
                "}\nspec: {priority: %s, subject: {namespaces: {}}, ingress: [{action: %s, from: [{namespaces: {}}]}]}\n";
        String allow = head + "m" + tier.formatted(5, "Allow");
        String deny = head + "n" + tier.formatted(1, "Deny");
        String pass = head + "o" + tier.formatted(0, "Pass");
        String baseline =
                head.replace("Admin", "BaselineAdmin") + "default}\nspec: {subject: {namespaces: {}}, ingress:"
                        + " [{action: Deny, from: [{namespaces: {}}]}]}\n";
        assertThat(state(new Row("NET-29", DENY + allow, "two/c", "one/b", "TCP 80", State.ALLOWED), enforced))
                .isEqualTo(State.ALLOWED);
        assertThat(state(new Row("NET-29", allow + deny, "two/c", "one/b", "TCP 80", State.DENIED), enforced))
                .isEqualTo(State.DENIED);
        assertThat(state(new Row("NET-29", DENY + allow + pass, "two/c", "one/b", "TCP 80", State.DENIED), enforced))
                .isEqualTo(State.DENIED);
        assertThat(state(new Row("NET-29", baseline, "two/c", "one/b", "TCP 80", State.DENIED), enforced))
                .isEqualTo(State.DENIED);
        assertThat(state(
                        new Row("NET-29", baseline + ingress("[{}]"), "two/c", "one/b", "TCP 80", State.ALLOWED),
                        enforced))
                .isEqualTo(State.ALLOWED);
    }

    /** What becomes of a policy that denies b everything from pods, in the rows and as a verdict. */
    private static void assertDeny(String objects, boolean shown) {
        Row row = new Row("NET-41", objects, "two/c", "one/b", "TCP 80", State.UNKNOWN);
        assertThat(state(row, ENFORCED)).as(objects).isEqualTo(State.UNKNOWN);
        Reach reach = Reach.of(Snapshot.ofText("cluster", CLUSTER + objects));
        assertThat(reach.notes())
                .as(objects)
                .anySatisfy(note -> assertThat(note.reason()).contains("NetworkPolicy"));
        assertThat(reach.rows().stream()
                        .anyMatch(r -> r.src().equals("two/c[Pod]") && r.dst().equals("one/b[Pod]")))
                .as(objects)
                .isEqualTo(shown);
    }

    @Test
    void a_policy_of_a_tier_that_the_api_server_would_refuse_proves_nothing() {
        String deny = tier("m", 5, "Deny");
        assertThat(state(new Row("NET-29", deny, "two/c", "one/b", "TCP 80", State.DENIED), ENFORCED))
                .isEqualTo(State.DENIED);
        assertDeny(deny.replace("priority: 5", "priority: 1001"), false);
        assertDeny(deny.replace("from: [{namespaces: {}}]", "from: [{pods: {namespaceSelector: {}}}]"), false);
        assertDeny(deny.replace("subject: {namespaces: {}}", "subject: {pods: {podSelector: {}}}"), false);
        assertDeny(
                deny.replace("AdminNetworkPolicy", "BaselineAdminNetworkPolicy").replace("priority: 5, ", ""), false);
        assertDeny(deny.replace("action", "name: " + "n".repeat(101) + ", action"), false);
        String cluster = deny.replace("v1alpha1", "v1alpha2")
                .replace("AdminNetworkPolicy", "ClusterNetworkPolicy")
                .replace("priority", "tier: Admin, priority");
        assertThat(state(new Row("NET-29", cluster, "two/c", "one/b", "TCP 80", State.DENIED), ENFORCED))
                .isEqualTo(State.DENIED);
        assertDeny(cluster.replace("from", "protocols: [{tcp: {}}, {udp: {}}, {sctp: {}}], from"), false);
        String rule = "{action: Deny, from: [{namespaces: {}}]}";
        assertDeny(cluster.replace(rule, (rule + ", ").repeat(26)), false);
    }

    @Test
    void a_policy_of_a_tier_that_cannot_be_read_forbids_nothing_in_rows() {
        String deny = tier("m", 5, "Deny");
        String cluster = deny.replace("v1alpha1", "v1beta1")
                .replace("AdminNetworkPolicy", "ClusterNetworkPolicy")
                .replace("priority", "tier: Admin, priority");
        for (String part : List.of(
                "priority: 5>priority: high",
                "priority: 5>order: 5",
                "v1alpha1>v1alpha9",
                "subject: {namespaces: {}}>subject: null",
                "subject: {namespaces: {}}>subject: {namespaces: {matchlabels: {a: b}}}",
                "from: [{namespaces: {}}]>from: [{namespaces: {}}], allPorts: true",
                "from: [{namespaces: {}}]>from: [{namespaces: {}}], protocols: [{tcp: {}}]",
                "from: [{namespaces: {}}]>from: [{namespaces: {}}], ports: []",
                "from: [{namespaces: {}}]>from: [{namespaces: {}}, {networks: [10.0.0.0/8]}]",
                "from: [{namespaces: {}}]>from: [{namespaces: {}}, {pods: {namespaceSelector: {}, podSelecter: {}}}]",
                "ingress:>ingresses: [], ingress:")) {
            String[] change = part.split(">");
            assertThat(deny).contains(change[0]);
            assertDeny(deny.replace(change[0], change[1]), true);
        }
        for (String protocol : List.of(
                "{tcp: {destinationPorts: {number: 80}}}",
                "{tcp: {destinationPort: {number: 80, range: {start: 1, end: 2}}}}",
                "{tcp: {destinationPort: {number: 80}}, udp: {destinationPort: {number: 80}}}",
                "{portNumber: {port: 80}}")) {
            assertDeny(cluster.replace("from:", "protocols: [" + protocol + "], from:"), true);
        }
        assertDeny(cluster.replace("from:", "ports: [{portNumber: {port: 80}}], from:"), true);
    }

    @Test
    void addresses_of_a_tier_are_blocks_and_nothing_else() {
        for (String networks : List.of("[]", "[203.0.113.9]", "[203.0.113.0-203.0.113.9]", "[db.example.org]")) {
            Snapshot snapshot = Snapshot.ofText(
                    "cluster",
                    CLUSTER + egressTier("{networks: " + networks + "}").replace("Allow", "Deny"));
            assertThat(Reach.of(snapshot).rows())
                    .as(networks)
                    .contains(new Reach.Row("one/a[Pod]", "0.0.0.0-255.255.255.255", "All Connections"));
            assertThat(Reach.of(snapshot).notes())
                    .as(networks)
                    .anySatisfy(note -> assertThat(note.reason()).contains("CIDR block"));
        }
    }

    @Test
    void an_address_of_one_family_is_shut_out_and_the_pod_is_not() {
        String twofold = CLUSTER.replace("podIP: 10.0.1.3", "podIPs: [{ip: 10.0.1.3}, {ip: \"fd00::3\"}]");
        String deny = egressTier("{networks: [\"fd00::/8\"]}").replace("Allow", "Deny");
        Snapshot one = Snapshot.ofText("cluster", twofold + deny);
        assertThat(Reach.of(one).rows()).contains(new Reach.Row("one/a[Pod]", "two/c[Pod]", "All Connections"));
        Reachability enforced = Reachability.of(one, ENFORCED);
        assertThat(enforced.between(pod(enforced, "one/a"), pod(enforced, "two/c"))
                        .state(Port.Protocol.TCP, 80))
                .isEqualTo(State.UNKNOWN);
        Snapshot both = Snapshot.ofText("cluster", twofold + deny.replace("[\"fd", "[10.0.0.0/8, \"fd"));
        assertThat(Reach.of(both).rows())
                .noneMatch(row -> row.src().equals("one/a[Pod]") && row.dst().equals("two/c[Pod]"));
    }

    @Test
    void a_domain_name_may_stand_for_any_address_and_for_no_pod_in_rows() {
        String objects = CLUSTER
                + policy("out", "podSelector: {}, policyTypes: [Egress]")
                + egressTier("{domainNames: [db.example.org]}");
        Reach reach = Reach.of(Snapshot.ofText("cluster", objects));
        assertThat(reach.rows())
                .contains(new Reach.Row("one/a[Pod]", "0.0.0.0-255.255.255.255", "All Connections"))
                .noneMatch(row -> row.src().equals("one/a[Pod]") && row.dst().equals("two/c[Pod]"));
        assertThat(reach.notes()).anySatisfy(note -> assertThat(note.reason()).contains("the names of spec.egress[0]"));
    }

    @Test
    void of_two_policies_with_one_priority_rows_show_what_either_lets_through() {
        String objects = CLUSTER + DENY + tier("a", 5, "Deny") + tier("b", 5, "Allow");
        Reach reach = Reach.of(Snapshot.ofText("cluster", objects));
        assertThat(reach.rows()).contains(new Reach.Row("two/c[Pod]", "one/b[Pod]", "All Connections"));
        assertThat(reach.notes())
                .anySatisfy(note -> assertThat(note.reason())
                        .isEqualTo(
                                "AdminNetworkPolicy b has the priority of AdminNetworkPolicy a, and which of the two wins"
                                        + " is not defined"));
    }

    @Test
    void an_older_kind_and_the_one_that_took_its_place_are_in_no_order() {
        String joined = tier("b", 7, "Deny")
                .replace("v1alpha1", "v1alpha2")
                .replace("AdminNetworkPolicy", "ClusterNetworkPolicy")
                .replace("priority", "tier: Admin, priority");
        String both = tier("a", 5, "Allow").replace("from:", "ports: [{portNumber: {port: 80}}], from:") + joined;
        assertThat(state(new Row("NET-40", both, "two/c", "one/b", "TCP 80", State.UNKNOWN), ENFORCED))
                .isEqualTo(State.UNKNOWN);
        assertThat(state(new Row("NET-40", both, "two/c", "one/b", "TCP 81", State.DENIED), ENFORCED))
                .isEqualTo(State.DENIED);
        Reach reach = Reach.of(Snapshot.ofText("cluster", CLUSTER + both));
        assertThat(reach.rows()).contains(new Reach.Row("two/c[Pod]", "one/b[Pod]", "TCP 80"));
        assertThat(reach.notes())
                .anySatisfy(note -> assertThat(note.reason())
                        .isEqualTo(
                                "ClusterNetworkPolicy b stands in the tier of AdminNetworkPolicy a, and which of the two"
                                        + " wins is not defined"));
    }

    @Test
    void the_explanation_says_where_a_tier_stands() {
        String baseline = tier("default", 5, "Deny")
                .replace("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
                .replace("priority: 5, ", "");
        assertThat(explained(baseline))
                .contains(
                        "enters Pod one/b: no NetworkPolicy selects it for ingress, so what no tier decides is let through")
                .contains("BaselineAdminNetworkPolicy default selects Pod one/b for ingress"
                        + " [spec.subject = {namespaces: {}}]");
        assertThat(explained(baseline + ingress("[{}]")))
                .contains(
                        "BaselineAdminNetworkPolicy default has no say in ingress where a NetworkPolicy selects Pod one/b")
                .noneMatch(step -> step.contains("denies"));
    }

    private static List<String> explained(String objects) {
        return Reachability.of(Snapshot.ofText("cluster", CLUSTER + objects))
                .explain("two/c", "one/b", Port.tcp(80))
                .steps()
                .stream()
                .map(step -> step.what()
                        + step.because()
                                .map(e -> " [" + e.path() + " = " + e.value() + "]")
                                .orElse(""))
                .toList();
    }

    @Test
    void the_plugin_says_whether_ports_of_sidecars_count() {
        Row row = new Row("NET-11", ports("{port: admin}"), "two/c", "one/b", "TCP 9000", State.UNKNOWN);
        Options counted = new Options(
                Options.IpBlocks.EITHER, Options.Nodes.ALLOWED, Options.Tiers.UNKNOWN, Options.SidecarPorts.COUNTED);
        assertThat(state(row, counted)).isEqualTo(State.ALLOWED);
        assertThat(state(row, Options.CILIUM)).isEqualTo(State.DENIED);
        Reachability reach = Reachability.of(Snapshot.ofText("cluster", CLUSTER + row.objects));
        Connection connection = reach.between(pod(reach, "two/c"), pod(reach, "one/b"));
        assertThat(connection.reasons())
                .anySatisfy(reason -> assertThat(reason.reason()).contains("sidecar among the init containers"));
        assertThat(Reach.of(reach).rows())
                .anySatisfy(found -> assertThat(found.conn()).isEqualTo("TCP 9000"));
    }

    @Test
    void a_ports_name_means_nothing_towards_an_address() {
        Reachability reach = Reachability.of(
                Snapshot.ofText(
                        "cluster",
                        CLUSTER
                                + policy(
                                        "p",
                                        "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: web}, {port: 81}]}]")));
        Connection out = reach.toAddresses(pod(reach, "one/a"), AddressRange.ALL_V4);
        assertThat(out.sure()).hasToString("TCP 81");
        assertThat(out.possible()).hasToString("TCP 81");
        assertThat(reach.between(pod(reach, "one/a"), pod(reach, "one/b")).sure())
                .hasToString("TCP 81,8080");
    }

    @Test
    void pods_that_have_ended_are_not_there() {
        String ended =
                CLUSTER + "---\n{apiVersion: v1, kind: Pod, metadata: {name: e, namespace: one}, spec: {containers:"
                        + " [{name: c}]}, status: {phase: Succeeded}}\n";
        assertThat(Reachability.of(Snapshot.ofText("cluster", ended)).pods().all())
                .extracting(Pod::name)
                .doesNotContain("e");
    }

    @Test
    void every_rule_has_a_row_and_every_row_a_rule() throws IOException {
        TreeSet<String> written = new TreeSet<>();
        Pattern.compile("(?m)^- \\*\\*(NET-\\d+)\\*\\*")
                .matcher(Files.readString(Path.of("..", "docs", "semantics", "network.md")))
                .results()
                .forEach(match -> written.add(match.group(1)));
        TreeSet<String> tested = rows().stream().map(Row::id).collect(Collectors.toCollection(TreeSet::new));
        tested.addAll(FINDINGS);
        tested.addAll(Set.of("NET-22", "NET-29", "NET-37")); // in tests of their own above
        assertThat(written).isEqualTo(tested);
    }
}
