package io.zta.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.finding.Doubt;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReachTest {
    private static final String PODS = """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, namespace: shop, labels: {app: web}}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: orders, namespace: shop}
            spec:
              template:
                metadata: {labels: {app: orders}}
                spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
            """;

    private static String json(String yaml) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Reach.of(Snapshot.ofText("test", yaml)).writeJson(out);
            return out.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void without_policies_everything_reaches_everything() {
        assertThat(json(PODS)).isEqualTo("""
                        [
                          {"src": "0.0.0.0-255.255.255.255", "dst": "shop/orders[Deployment]", "conn": "All Connections"},
                          {"src": "0.0.0.0-255.255.255.255", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "shop/orders[Deployment]", "dst": "0.0.0.0-255.255.255.255", "conn": "All Connections"},
                          {"src": "shop/orders[Deployment]", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "shop/web[Pod]", "dst": "0.0.0.0-255.255.255.255", "conn": "All Connections"},
                          {"src": "shop/web[Pod]", "dst": "shop/orders[Deployment]", "conn": "All Connections"}
                        ]
                        """);
    }

    @Test
    void external_ranges_are_split_for_all_alike_where_a_block_of_that_direction_begins_or_ends() {
        assertThat(json(PODS + """
                        ---
                        apiVersion: networking.k8s.io/v1
                        kind: NetworkPolicy
                        metadata: {name: p, namespace: shop}
                        spec:
                          podSelector: {matchLabels: {app: orders}}
                          ingress:
                          - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
                            ports: [{port: http}, {port: 53, protocol: UDP}, {port: 9000, endPort: 9010}]
                        """)).isEqualTo("""
                        [
                          {"src": "0.0.0.0-9.255.255.255", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "10.0.0.0-10.0.255.255", "dst": "shop/orders[Deployment]", "conn": "TCP 8080,9000-9010,UDP 53"},
                          {"src": "10.0.0.0-10.0.255.255", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "10.1.0.0-10.1.255.255", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "10.2.0.0-10.255.255.255", "dst": "shop/orders[Deployment]", "conn": "TCP 8080,9000-9010,UDP 53"},
                          {"src": "10.2.0.0-10.255.255.255", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "11.0.0.0-255.255.255.255", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "shop/orders[Deployment]", "dst": "0.0.0.0-255.255.255.255", "conn": "All Connections"},
                          {"src": "shop/orders[Deployment]", "dst": "shop/web[Pod]", "conn": "All Connections"},
                          {"src": "shop/web[Pod]", "dst": "0.0.0.0-255.255.255.255", "conn": "All Connections"}
                        ]
                        """);
    }

    @Test
    void a_pod_on_a_nodes_network_gets_past_policies_on_its_own_node_alone_whoever_else_is_like_its_target() {
        assertThat(json("""
                        {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: a}, spec: {hostNetwork: true, nodeName: n1}}
                        ---
                        {apiVersion: v1, kind: Pod, metadata: {name: near, namespace: shop}, spec: {nodeName: n1}}
                        ---
                        {apiVersion: v1, kind: Pod, metadata: {name: far, namespace: shop}, spec: {nodeName: n2}}
                        ---
                        apiVersion: networking.k8s.io/v1
                        kind: NetworkPolicy
                        metadata: {name: deny, namespace: shop}
                        spec: {podSelector: {}, policyTypes: [Ingress]}
                        """))
                .contains("{\"src\": \"a/agent[Pod]\", \"dst\": \"shop/near[Pod]\", \"conn\": \"All Connections\"}")
                .doesNotContain("shop/far[Pod]\", \"conn");
    }

    @Test
    void a_snapshot_without_pods_has_no_rows() {
        assertThat(json("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"))
                .isEqualTo("[]\n");
        assertThat(Reach.of(Snapshot.ofText("test", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"))
                        .notes())
                .extracting(Doubt::reason)
                .containsExactly("the snapshot holds no pod and no workload");
    }

    private static String policy(String spec) {
        return PODS
                + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\n"
                + "spec: {podSelector: {}, " + spec + "}\n";
    }

    @Test
    void ipv6_has_rows_where_a_rule_that_counts_or_a_pod_speaks_of_it() {
        String rule = "[{from: [{ipBlock: {cidr: \"fd00::/8\"}}]}]";
        assertThat(json(policy("ingress: " + rule))).contains("\"fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"");
        assertThat(json(policy("policyTypes: [Egress], ingress: " + rule))).doesNotContain("::");
        assertThat(json(PODS.replace("app: web}}", "app: web}}\nstatus: {podIPs: [{ip: \"fd00::1\"}]}")))
                .contains("\"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"");
    }

    @Test
    void a_bare_value_of_a_label_is_text_and_said_to_be_refused() {
        String numbered = PODS.replace("app: web}}", "app: web, n: 1}}");
        Reach worn = Reach.of(Snapshot.ofText("test", numbered));
        assertThat(worn.unread()).isEmpty();
        assertThat(worn.notes()).singleElement().satisfies(doubt -> {
            assertThat(doubt.reason())
                    .isEqualTo("Pod shop/web: the label's value 1 is no text to Kubernetes, and here it is");
            assertThat(doubt.origin()).hasToString("test:3:62");
        });
        for (String bare : List.of("1", "1e3", "no", "0x1F", "0.5", "off", "1_000")) {
            Reachability asked = Reachability.of(Snapshot.ofText(
                    "test",
                    policy("ingress: [{from: [{podSelector: {matchLabels: {n: " + bare + "}}}]}]")
                            .replace("app: web}}", "app: web, n: \"" + bare + "\"}}")));
            assertThat(Reach.of(asked).unread())
                    .as(bare)
                    .singleElement()
                    .satisfies(doubt ->
                            assertThat(doubt.reason()).startsWith("NetworkPolicy shop/p: the label's value " + bare));
            assertThat(Reach.of(asked).rows())
                    .contains(new Reach.Row("shop/web[Pod]", "shop/orders[Deployment]", "All Connections"))
                    .hasSize(3);
            assertThat(asked.fromAddresses(
                                    AddressRange.ALL_V4, asked.pods().all().get(0))
                            .reasons())
                    .hasSize(1);
        }
        String texts =
                "ingress: [{from: [{podSelector: {matchExpressions: [{key: n, operator: In, values: [a1, 1.2.3, \"1\","
                        + " ye]}]}}]}]";
        assertThat(Reach.of(Snapshot.ofText("test", policy(texts))).notes()).isEmpty();
    }

    @Test
    void what_rows_leave_out_is_told_before_the_other_notes() {
        Reach whole = Reach.of(Snapshot.ofText("test", policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")));
        assertThat(whole.unread()).isEmpty();
        assertThat(whole.notes()).isNotEmpty();
        Reach refused = Reach.of(Snapshot.ofText("test", policy("ingress: [{from: [{}]}]")));
        assertThat(refused.unread()).singleElement().satisfies(doubt -> {
            assertThat(doubt.origin()).hasToString("test:16:43");
            assertThat(doubt.reason()).contains("spec.ingress[0].from[0] must hold either selectors or an ipBlock");
        });
        assertThat(refused.notes().subList(0, 1)).isEqualTo(refused.unread());
    }

    @Test
    void a_workload_whose_pods_policies_tell_apart_is_told_where_it_stands() {
        String pod = "---\n{apiVersion: v1, kind: Pod, metadata: {name: a%s, namespace: shop, labels: {n: \"%s\"},"
                + " ownerReferences: [{kind: Job, name: a, controller: true}]}, spec: {}}\n";
        Reach reach = Reach.of(Snapshot.ofText(
                "test",
                policy("ingress: [{from: [{podSelector: {matchLabels: {n: \"1\"}}}]}]")
                        + pod.formatted(1, 1)
                        + pod.formatted(2, 2)));
        assertThat(reach.notes()).singleElement().satisfies(doubt -> {
            assertThat(doubt.reason()).startsWith("policies tell the pods of shop/a[Job] apart");
            assertThat(doubt.origin()).hasToString("test:18:1");
        });
        assertThat(reach.rows()).contains(new Reach.Row("shop/a[Job]", "shop/web[Pod]", "All Connections"));
    }

    @Test
    void mermaid_draws_one_arrow_for_each_row() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Reach.of(Snapshot.ofText("test", PODS)).writeMermaid(out);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith("flowchart LR\n  n0[\"0.0.0.0-255.255.255.255\"]\n")
                .contains("  n1 -->|\"All Connections\"| n2\n");
    }

    @Test
    void rules_of_a_direction_that_is_not_listed_count_for_some_plugins() {
        Reachability reach = Reachability.of(Snapshot.ofText("cluster", """
                {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: one, labels: {app: a}}, spec: {containers: [{name: c}]}}
                ---
                {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: one, labels: {app: b}}, spec: {containers: [{name: c}]}}
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: deny, namespace: one}
                spec: {podSelector: {}, policyTypes: [Ingress]}
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: odd, namespace: one}
                spec: {podSelector: {matchLabels: {app: b}}, policyTypes: [Egress], ingress: [{}]}
                """));
        Pod a = reach.pods().all().get(0);
        Pod b = reach.pods().all().get(1);
        Connection connection = reach.between(a, b);
        assertThat(connection.sure().isEmpty()).isTrue();
        assertThat(connection.expected().isEmpty()).isTrue();
        assertThat(connection.possible().isEmpty()).isFalse();
        assertThat(connection.reasons()).isNotEmpty();
    }

    @Test
    void pods_of_an_owner_without_a_kind_go_by_its_name() {
        String owned = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: shop, ownerReferences: [{name: web,"
                + " controller: true}]}\n---\n";
        assertThat(Reach.of(Snapshot.ofText("test", owned.formatted("a") + owned.formatted("b")))
                        .rows())
                .extracting(Reach.Row::src)
                .containsExactly("0.0.0.0-255.255.255.255", "shop/web[Pod]");
    }

    @Test
    void a_rule_for_one_replica_of_a_template_lets_that_workload_in() {
        String rows = json(PODS.replace("Deployment", "StatefulSet") + """
                ---
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: p, namespace: shop}
                spec:
                  podSelector: {matchLabels: {app: web}}
                  ingress: [{from: [{podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: orders-0}}}]}]
                """);
        assertThat(rows).contains("{\"src\": \"shop/orders[StatefulSet]\", \"dst\": \"shop/web[Pod]\"");
    }
}
