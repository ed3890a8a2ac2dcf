package io.zta.network;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Doubt;
import io.zta.finding.Finding;
import io.zta.finding.Verdict;
import io.zta.intent.Workload;
import io.zta.snapshot.Snapshot;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The claims of the network layer, its findings and its notes. */
final class NetworkClaimsTest {
    private static final Posture POSTURE = ZeroTrust.namespace("shop").denyDirectAccess();
    private static final Snapshot CLUSTER = Snapshot.ofText("cluster", """
            {apiVersion: v1, kind: Pod, metadata: {name: orders, namespace: shop, labels: {app: orders}},
             spec: {nodeName: n, containers: [{name: a, ports: [{containerPort: 8080}]}]},
             status: {phase: Running, podIP: 10.0.0.1}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
             spec: {nodeName: n, containers: [{name: a}]}, status: {phase: Running, podIP: 10.0.0.2}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: debug, namespace: tools},
             spec: {nodeName: n, containers: [{name: a}]}, status: {phase: Running, podIP: 10.0.0.3}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: gw, namespace: istio-system,
               labels: {app: istio-ingressgateway, istio: ingressgateway}},
             spec: {nodeName: n, containers: [{name: a}]}, status: {phase: Running, podIP: 10.0.0.4}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: orders, namespace: shop},
             spec: {clusterIP: 10.96.0.9, selector: {app: orders}, ports: [{port: 80, targetPort: 8080}]}}
            """);

    private static Snapshot with(Snapshot snapshot, String yaml) {
        return snapshot.with(Snapshot.ofText("more", yaml));
    }

    private static Snapshot closed(Posture posture) {
        return CLUSTER.with(posture.manifests().snapshot());
    }

    private static ClaimResult claim(Posture posture, Snapshot snapshot, Claim claim) {
        return new NetworkLayer()
                .examine(posture, snapshot).stream()
                        .filter(result -> result.claim() == claim)
                        .findFirst()
                        .orElseThrow();
    }

    private static List<Finding> findings(ClaimResult result) {
        return result.verdict().match(proven -> List.of(), Verdict.Violated::findings, unknown -> List.of());
    }

    private static List<Finding> direct(Snapshot snapshot) {
        return findings(claim(POSTURE, snapshot, Claim.DIRECT_ACCESS));
    }

    private static List<Finding> notes(Posture posture, Snapshot snapshot) {
        return new NetworkLayer().notes(posture, snapshot);
    }

    private static void assertShown(List<Finding> findings, String id, String bypass) {
        assertThat(findings).anySatisfy(finding -> {
            assertThat(finding.id()).isEqualTo(id);
            assertThat(finding.bypass()).isEqualTo(bypass);
            assertThat(finding.evidence()).isNotEmpty();
            assertThat(finding.fix()).isNotBlank();
        });
    }

    // --- claims
    // -------------------------------------------------------------------------------------------------------

    @Test
    void without_policies_every_pod_reaches_the_target_directly() {
        assertThat(direct(CLUSTER))
                .anySatisfy(finding -> {
                    assertThat(finding.bypass()).isEqualTo("NET-direct");
                    assertThat(finding.witness().get(0).what()).startsWith("tools/debug connects to Pod shop/");
                })
                .anySatisfy(finding ->
                        assertThat(finding.title()).contains("is open to 0.0.0.0-255.255.255.255 on All Connections"));
    }

    @Test
    void the_posture_closes_every_direct_way() {
        assertThat(claim(POSTURE, closed(POSTURE), Claim.DIRECT_ACCESS).verdict())
                .isInstanceOf(Verdict.Proven.class);
    }

    @Test
    void a_peer_that_anyone_can_be_is_open_to_a_pod_that_is_not_there_yet() {
        Snapshot spoofed = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: istio-ingressgateway}}}]}]}}
                """);
        assertShown(direct(spoofed), "ZTA-NET-003", "NET-spoof");
    }

    @Test
    void every_value_a_peer_takes_is_a_pod_that_somebody_could_make() {
        Posture posture = POSTURE.allowFrom(Workload.labelled("app", "web"))
                .to(Workload.labelled("app", "orders"))
                .onPort(8080);
        Snapshot spoofed = with(closed(posture), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {matchLabels: {app: orders}}, ingress: [{ports: [{port: 8080}], from: [{podSelector:
                   {matchExpressions: [{key: app, operator: In, values: [web, worse]}]}}]}]}}
                """);
        assertThat(claim(posture, closed(posture), Claim.DIRECT_ACCESS).verdict())
                .isInstanceOf(Verdict.Proven.class);
        assertShown(findings(claim(posture, spoofed, Claim.DIRECT_ACCESS)), "ZTA-NET-003", "NET-spoof");
    }

    @Test
    void a_namespace_that_is_not_there_yet_may_be_made_by_anybody() {
        Snapshot spoofed = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{namespaceSelector:
                   {matchLabels: {kubernetes.io/metadata.name: next-year}}}]}]}}
                """);
        assertShown(direct(spoofed), "ZTA-NET-003", "NET-spoof");
    }

    private static final String TIER = """
            {apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: x},
             spec: {priority: 5, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}, ingress: [%s]}}
            """;

    private static String from(String action, String namespace, String labels) {
        return """
                {action: %s, from: [{pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}},
                  podSelector: {matchLabels: {%s}}}}]}""".formatted(action, namespace, labels);
    }

    @Test
    void a_tier_that_lets_in_pods_that_are_not_there_yet_leaves_no_proof() {
        assertUnproven(TIER.formatted(from("Allow", "tools", "x: y")));
    }

    @Test
    void a_tier_that_shuts_out_one_namespace_and_lets_the_others_in_leaves_no_proof() {
        String denied = from("Deny", "tools", "x: y");
        String allowed = """
                {action: Allow, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {x: y}}}}]}""";
        assertUnproven(TIER.formatted(denied + "," + allowed));
    }

    @Test
    void what_is_not_all_tried_leaves_no_proof() {
        String many = IntStream.range(0, 13)
                .mapToObj(i -> "{key: k" + i + ", operator: In, values: [a, b]}")
                .collect(joining(","));
        assertUnproven("""
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [%s]}}]}]}}
                """.formatted(many));
    }

    private static void assertUnproven(String yaml) {
        assertThat(claim(POSTURE, with(closed(POSTURE), yaml), Claim.DIRECT_ACCESS)
                        .verdict())
                .isNotInstanceOf(Verdict.Proven.class);
    }

    @Test
    void a_peer_that_its_own_namespace_holds_back_is_no_proof() {
        assertUnproven("""
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {x: y}}, namespaceSelector:
                   {matchLabels: {kubernetes.io/metadata.name: tools}}}]}]}}
                ---
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: tools},
                 spec: {podSelector: {matchExpressions: [{key: free, operator: DoesNotExist}]}, policyTypes: [Egress]}}
                """);
    }

    @Test
    void policies_that_select_by_label_leave_out_a_pod_made_tomorrow() {
        String closed = POSTURE.manifests()
                .toYaml()
                .replace("podSelector: {}", "podSelector: {matchExpressions: [{key: app, operator: Exists}]}");
        assertShown(direct(with(CLUSTER, closed)), "ZTA-NET-006", "NET-label");
    }

    private static final String ROLLOUT = """
            {apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: roll, namespace: shop, uid: u},
             spec: {template: {metadata: {labels: {app: roll}}, spec: {containers: [{name: a, image: "a:1"}]}}}}
            """;

    @Test
    void a_workload_of_a_kind_that_is_not_read_leaves_no_proof_until_its_pods_are_there() {
        assertUnproven(ROLLOUT);
        Snapshot running = with(closed(POSTURE), ROLLOUT + """
                ---
                {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: roll-1, namespace: shop, ownerReferences:
                   [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: roll, controller: true}]}, spec: {replicas: 0}}
                ---
                {apiVersion: v1, kind: Pod, metadata: {name: roll-1-x, namespace: shop, labels: {app: roll}, ownerReferences:
                   [{apiVersion: apps/v1, kind: ReplicaSet, name: roll-1, controller: true}]},
                 spec: {containers: [{name: a, image: "a:1"}]}}
                """);
        assertThat(claim(POSTURE, running, Claim.DIRECT_ACCESS).verdict()).isInstanceOf(Verdict.Proven.class);
        assertThat(Reach.of(with(CLUSTER, ROLLOUT)).unread())
                .extracting(Doubt::reason)
                .anySatisfy(reason -> assertThat(reason).startsWith("Rollout shop/roll"));
        assertThat(Reach.of(running).unread()).isEmpty();
    }

    @Test
    void pods_of_one_workload_that_name_their_ports_otherwise_are_each_looked_at() {
        String pod = """
                {apiVersion: v1, kind: Pod, metadata: {name: orders-%s, namespace: shop, labels: {app: orders},
                   ownerReferences: [{kind: ReplicaSet, name: orders, controller: true}]},
                 spec: {nodeName: n, containers: [{name: a, ports: [{name: http, containerPort: %s}]}]},
                 status: {phase: Running, podIP: %s}}
                ---
                """;
        Posture posture = POSTURE.allowFrom(Workload.labelled("app", "web"))
                .to(Workload.labelled("app", "orders"))
                .onPort(8080);
        Snapshot two = with(
                closed(posture), pod.formatted("a", 8080, "10.0.0.7") + pod.formatted("b", 9999, "10.0.0.8") + """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{ports: [{port: http}],
                   from: [{podSelector: {matchLabels: {app: web}}}]}]}}
                """);
        assertShown(findings(claim(posture, two, Claim.DIRECT_ACCESS)), "ZTA-NET-004", "NET-ports");
    }

    @Test
    void what_lets_a_pod_in_is_quoted_on_its_way() {
        Snapshot opened = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: wide, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tools}}}]}]}}
                """);
        assertThat(direct(opened)).isNotEmpty().allSatisfy(finding -> {
            assertThat(finding.evidence().toString()).contains("NetworkPolicy shop/wide", "spec.ingress[0]");
            assertThat(finding.witness()).hasSizeGreaterThan(1);
            assertThat(finding.witness().toString()).contains("NetworkPolicy shop/wide");
        });
        assertThat(direct(CLUSTER))
                .isNotEmpty()
                .allSatisfy(finding -> assertThat(finding.evidence()).isNotEmpty());
    }

    @Test
    void a_pod_in_the_gateways_labels_that_runs_as_another_is_not_the_gateway() {
        String gateway = "{apiVersion: v1, kind: Pod, metadata: {name: g, namespace: istio-system,"
                + " labels: {app: istio-ingressgateway, istio: ingressgateway}},"
                + " spec: {serviceAccountName: istio-ingressgateway-service-account, containers: [{name: a}]}}";
        List<Finding> worn = direct(with(closed(POSTURE), gateway));
        assertShown(worn, "ZTA-NET-003", "NET-spoof");
        assertThat(worn)
                .allSatisfy(finding -> assertThat(finding.title())
                        .contains("istio-system/gw, which wears the gateway's labels but runs as somebody else"));
    }

    @Test
    void pods_that_the_posture_does_not_protect_are_left_alone() {
        Posture orders = ZeroTrust.namespace("shop")
                .onlyWorkloads(Workload.labelled("app", "orders"))
                .denyDirectAccess();
        String nodePort = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},"
                + " spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}}";
        assertThat(claim(orders, with(closed(orders), nodePort), Claim.DIRECT_ACCESS)
                        .verdict())
                .isInstanceOf(Verdict.Proven.class);
        assertThat(claim(orders, with(closed(orders), nodePort.replace("app: web", "app: orders")), Claim.DIRECT_ACCESS)
                        .verdict())
                .isInstanceOf(Verdict.Unknown.class);
    }

    @Test
    void a_pod_on_the_nodes_network_is_open_whatever_policies_say() {
        Snapshot host = with(
                closed(POSTURE),
                "{apiVersion: v1, kind: Pod, metadata: {name: h, namespace: shop}, spec: {hostNetwork: true}}");
        assertShown(direct(host), "ZTA-NET-002", "NET-node");
    }

    @Test
    void ports_beyond_the_allowed_ones_are_found_on_an_allowed_peer() {
        Snapshot wide = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: istio-ingressgateway,
                   istio: ingressgateway}}, namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}]}]}}
                """);
        assertShown(direct(wide), "ZTA-NET-004", "NET-ports");
    }

    @Test
    void a_probe_with_the_targets_address_goes_past_every_policy() {
        for (String host : List.of("10.0.0.1", "10.96.0.9", "orders.shop.svc.cluster.local")) {
            Snapshot probed = with(
                    closed(POSTURE),
                    "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: tools}, spec: {containers: [{name: a,"
                            + " readinessProbe: {httpGet: {host: " + host + ", port: 8080}}}]}}");
            assertShown(direct(probed), "ZTA-NET-005", "NET-probe");
        }
        Snapshot own = with(
                closed(POSTURE),
                "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: tools}, spec: {containers: [{name: a,"
                        + " readinessProbe: {httpGet: {host: 10.9.9.9, port: 8080}}}]}}");
        assertThat(direct(own)).isEmpty();
        assertShown(notes(POSTURE, own), "ZTA-NET-019", "NET-probe");
    }

    @Test
    void every_kind_of_probe_and_hook_is_looked_at_in_pods_and_templates() {
        for (String handler :
                List.of("httpGet: {host: 10.0.0.1, port: 8080}", "tcpSocket: {host: 10.0.0.1, port: 8080}")) {
            for (String field : List.of(
                    "livenessProbe: {" + handler + "}",
                    "readinessProbe: {" + handler + "}",
                    "startupProbe: {" + handler + "}",
                    "lifecycle: {postStart: {" + handler + "}}",
                    "lifecycle: {preStop: {" + handler + "}}")) {
                for (String list : List.of("containers", "initContainers")) {
                    String spec = "{" + list + ": [{name: a, " + field + "}]}";
                    Snapshot pod = with(
                            closed(POSTURE),
                            "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: tools}, spec: " + spec + "}");
                    assertShown(direct(pod), "ZTA-NET-005", "NET-probe");
                    Snapshot template = with(
                            closed(POSTURE),
                            "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: p, namespace: tools}, spec: {template: {spec: "
                                    + spec + "}}}");
                    assertShown(direct(template), "ZTA-NET-005", "NET-probe");
                }
            }
        }
    }

    @Test
    void a_port_of_another_protocol_is_found_on_an_allowed_peer() {
        Snapshot wide = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{ports: [{port: 8080, protocol: UDP}], from: [{podSelector: {matchLabels: {
                   app: istio-ingressgateway, istio: ingressgateway}}, namespaceSelector: {matchLabels: {
                   kubernetes.io/metadata.name: istio-system}}}]}]}}
                """);
        assertShown(direct(wide), "ZTA-NET-004", "NET-ports");
    }

    @Test
    void a_tier_above_makes_the_claim_unknown_and_is_named() {
        for (String tiered : List.of(
                "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: all}, spec: {priority: 1,"
                        + " subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}}",
                "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: all}, spec: {tier: Admin,"
                        + " priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}}",
                "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: all, namespace: shop}, spec: {endpointSelector:"
                        + " {}, ingress: [{}]}}",
                "{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: all}, specs: [{endpointSelector: {},"
                        + " ingress: [{}]}]}",
                "{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: all}, spec: {selector: all(), ingress:"
                        + " [{action: Allow}]}}",
                "{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: all, namespace: shop}, spec: {ingress:"
                        + " [{action: Allow}]}}")) {
            Snapshot tier = with(closed(POSTURE), tiered);
            assertThat(claim(POSTURE, tier, Claim.DIRECT_ACCESS).verdict())
                    .as(tiered)
                    .isInstanceOf(Verdict.Unknown.class);
            assertShown(notes(POSTURE, tier), "ZTA-NET-016", "NET-tier");
        }
    }

    @Test
    void a_tier_is_judged_by_whom_it_would_let_in_as_well() {
        for (String peer : List.of(
                "{pods: {namespaceSelector: {}, podSelector: {matchLabels: {role: monitor}}}}",
                "{namespaces: {matchLabels: {purpose: monitoring}}}")) {
            Snapshot tier = with(
                    closed(POSTURE),
                    "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: all}, spec:"
                            + " {priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [" + peer
                            + "]}]}}");
            assertThat(claim(POSTURE, tier, Claim.DIRECT_ACCESS).verdict())
                    .as(peer)
                    .isInstanceOf(Verdict.Unknown.class);
        }
    }

    @Test
    void egress_is_violated_without_policies_and_proven_with_them() {
        Posture posture = ZeroTrust.namespace("shop")
                .denyEgress()
                .allowWithinNamespace()
                .allowTo(Workload.inNamespace("tools"))
                .onPort(5432)
                .allowToAddresses("203.0.113.0/24")
                .onPort(443);
        assertShown(findings(claim(posture, CLUSTER, Claim.EGRESS)), "ZTA-NET-020", "");
        ClaimResult after = claim(posture, closed(posture), Claim.EGRESS);
        assertThat(after.verdict()).as(after.toString()).isInstanceOf(Verdict.Proven.class);
        Snapshot wider = with(closed(posture), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}],
                   ports: [{port: 22}]}]}}
                """);
        assertThat(findings(claim(posture, wider, Claim.EGRESS)))
                .anySatisfy(finding -> assertThat(finding.evidence())
                        .anySatisfy(evidence -> assertThat(evidence.object()).isEqualTo("NetworkPolicy shop/x")));
    }

    @Test
    void egress_to_pods_that_somebody_could_make_is_open() {
        Posture posture = ZeroTrust.namespace("shop").denyEgress().allowWithinNamespace();
        Snapshot toNobody = with(closed(posture), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: new}},
                   podSelector: {matchLabels: {app: drop}}}], ports: [{port: 22}]}]}}
                """);
        assertThat(findings(claim(posture, toNobody, Claim.EGRESS)))
                .anySatisfy(finding -> assertThat(finding.title()).contains("whoever makes a pod like", "TCP 22"));
        Snapshot asDns = with(closed(posture), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {},
                   podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}]}}
                """);
        assertThat(findings(claim(posture, asDns, Claim.EGRESS)))
                .anySatisfy(finding -> assertThat(finding.title()).contains("whoever makes a pod like", "UDP 53"));
    }

    @Test
    void who_wears_an_allowed_peers_labels_in_another_namespace_is_told_apart() {
        Posture posture = ZeroTrust.namespace("shop")
                .denyDirectAccess()
                .allowFrom(Workload.labelled("app", "debug").in("tools"))
                .onPort(8080);
        Snapshot anywhere = with(closed(posture), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {},
                   podSelector: {matchLabels: {app: debug}}}], ports: [{port: 8080}]}]}}
                """);
        assertThat(findings(claim(posture, anywhere, Claim.DIRECT_ACCESS)))
                .anySatisfy(finding -> assertThat(finding.bypass()).isEqualTo("NET-spoof"));
    }

    @Test
    void what_is_allowed_within_the_namespace_is_let_out_as_well() {
        Posture posture =
                ZeroTrust.namespace("shop").denyDirectAccess().denyEgress().allowWithinNamespace();
        Reachability reach = Reachability.of(closed(posture));
        assertThat(reach.explain("shop/web", "shop/orders", io.zta.intent.Port.tcp(8080))
                        .state())
                .isEqualTo(Connection.State.ALLOWED);
        assertThat(reach.explain("shop/web", "tools/debug", io.zta.intent.Port.tcp(8080))
                        .state())
                .isEqualTo(Connection.State.DENIED);
    }

    @Test
    void two_postures_of_one_namespace_share_no_name() {
        Posture one =
                ZeroTrust.namespace("shop").denyDirectAccess().denyEgress().allowWithinNamespace();
        Posture two = one.named("second");
        List<String> names = new java.util.ArrayList<>();
        for (Posture posture : List.of(one, two)) {
            posture.manifests().objects().stream()
                    .filter(object -> object.getKind().equals("NetworkPolicy"))
                    .forEach(object -> names.add(object.getMetadata().getName()));
        }
        assertThat(names).doesNotHaveDuplicates().hasSizeGreaterThan(8);
    }

    // --- notes
    // --------------------------------------------------------------------------------------------------------

    @Test
    void the_records_policy_is_told_its_faults() {
        Snapshot record = Snapshot.of(Path.of("../examples/record/record-manifests"));
        List<Finding> notes = notes(ZeroTrust.namespace("default").denyDirectAccess(), record);
        assertThat(notes)
                .filteredOn(finding -> finding.object().equals("NetworkPolicy default/deny-direct-access"))
                .extracting(Finding::id)
                .containsExactly("ZTA-NET-014", "ZTA-NET-011", "ZTA-NET-012");
        assertThat(notes)
                .filteredOn(finding -> finding.id().equals("ZTA-NET-011"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.title())
                            .isEqualTo("looks for the gateway in namespace default instead of istio-system,"
                                    + " where no pod matches");
                    assertThat(finding.evidence().get(0).path()).isEqualTo("spec.ingress[0].from[0]");
                });
    }

    @Test
    void what_the_posture_compiles_to_has_no_fault() {
        assertThat(notes(POSTURE, closed(POSTURE))).isEmpty();
    }

    @Test
    void selectors_and_peers_that_match_nothing_are_named() {
        Snapshot idle = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x, namespace: shop},
                 spec: {podSelector: {matchLabels: {app: nobody}}}}
                ---
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: y, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}},
                   {namespaceSelector: {matchLabels: {team: a}}}]}]}}
                ---
                {apiVersion: v1, kind: Namespace, metadata: {name: tools, labels: {team: b}}}
                """);
        assertThat(notes(POSTURE, idle))
                .extracting(Finding::id)
                .containsExactlyInAnyOrder("ZTA-NET-010", "ZTA-NET-013", "ZTA-NET-012");
        Snapshot labelled = with(closed(POSTURE), """
                {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: y, namespace: shop},
                 spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}]}]}}
                ---
                {apiVersion: v1, kind: Namespace, metadata: {name: tools, labels: {team: b}}}
                """);
        assertShown(notes(POSTURE, labelled), "ZTA-NET-015", "NET-spoof");
    }

    @Test
    void pods_beside_the_posture_are_named() {
        Posture some = ZeroTrust.namespace("shop").denyDirectAccess().onlyWorkloads(Workload.labelled("app", "orders"));
        assertShown(notes(some, closed(some)), "ZTA-NET-017", "NET-label");
        Snapshot host = with(
                CLUSTER,
                "{apiVersion: v1, kind: Pod, metadata: {name: h, namespace: tools}, spec: {hostNetwork: true}}");
        assertShown(notes(POSTURE, host), "ZTA-NET-018", "NET-node");
    }

    @Test
    void a_port_of_the_nodes_leaves_open_who_comes_in_by_it() {
        String service = """
                {apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop},
                 spec: {type: NodePort, selector: {app: orders}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}}
                """;
        Snapshot closed = closed(POSTURE);
        assertThat(claim(POSTURE, closed, Claim.DIRECT_ACCESS).verdict()).isInstanceOf(Verdict.Proven.class);
        for (String exposed : List.of(
                service,
                service.replace("NodePort", "LoadBalancer"),
                service.replace("type: NodePort", "externalIPs: [192.0.2.9]"))) {
            assertThat(claim(POSTURE, with(closed, exposed), Claim.DIRECT_ACCESS)
                            .verdict())
                    .as(exposed)
                    .isInstanceOf(Verdict.Unknown.class);
        }
        for (String kept : List.of(
                service.replace("type: NodePort", "type: ClusterIP"),
                service.replace("type: NodePort", "type: NodePort, externalTrafficPolicy: Local"),
                service.replace("{app: orders}", "{app: nobody}"))) {
            assertThat(claim(POSTURE, with(closed, kept), Claim.DIRECT_ACCESS).verdict())
                    .as(kept)
                    .isInstanceOf(Verdict.Proven.class);
        }
    }
}
