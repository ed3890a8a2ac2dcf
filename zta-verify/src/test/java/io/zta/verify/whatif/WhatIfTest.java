package io.zta.verify.whatif;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Evidence;
import io.zta.finding.Verdict;
import io.zta.intent.Port;
import io.zta.intent.Subject;
import io.zta.network.Options;
import io.zta.rbac.Escalation;
import io.zta.rbac.Rbac;
import io.zta.rbac.admission.Admission;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Snapshot;
import io.zta.verify.Report;
import io.zta.verify.Verifier;
import io.zta.verify.proof.Paths;
import io.zta.verify.whatif.Pivot.Turn;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What would change a verdict: every edit that is given is made here again, and seen to do what is said of it. */
final class WhatIfTest {
    private static final Path RECORD = Path.of("../examples/record");
    private static final Posture POSTURE = Posture.read(RECORD.resolve("posture.yaml"));
    /** The claims that are quick to evaluate; the others go the same ways. */
    private static final List<Claim> QUICK =
            List.of(Claim.DIRECT_ACCESS, Claim.PLAINTEXT, Claim.IDENTITY, Claim.LEGITIMATE_TRAFFIC, Claim.RECORDED);

    private static final String SHOP = """
            apiVersion: v1
            kind: Pod
            metadata: {name: orders, namespace: shop, labels: {app: orders}}
            spec: {containers: [{name: app, image: x, ports: [{containerPort: 8080}]}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: debug, namespace: tools, labels: {app: debug}}
            spec: {containers: [{name: app, image: x}]}
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: allow, namespace: shop}
            spec:
              podSelector: {matchLabels: {app: orders}}
              policyTypes: [Ingress]
              ingress:
              - from: [%s]
            """;
    private static final String FROM_TOOLS = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tools}}}";
    private static final String FROM_AUDIT = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: audit}}}";

    private static Snapshot record(String name) {
        return Snapshot.of(RECORD.resolve(name));
    }

    private static Snapshot edited(Snapshot snapshot, Turn turn) {
        return Edit.applied(turn.edits(), snapshot);
    }

    private static String word(Posture posture, Snapshot snapshot, Claim claim, String about) {
        return Verifier.verify(posture, snapshot, claim).stream()
                .filter(result -> about.equals(claim.id() + ", " + result.scope()))
                .map(result -> result.verdict().match(proven -> "proven", violated -> "violated", unknown -> "unknown"))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "posture", "record-manifests"})
    void one_claim_alone_is_answered_as_among_all(String cluster) {
        Report all = Verifier.verify(POSTURE, record(cluster));
        for (Claim claim : Claim.values()) {
            List<ClaimResult> same = all.claims().stream()
                    .filter(result -> result.claim() == claim)
                    .toList();
            assertThat(Verifier.verify(POSTURE, record(cluster), claim)).isEqualTo(same);
        }
        assertThat(all.claims()).hasSizeGreaterThan(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"phase-0", "posture", "record-manifests"})
    void each_edit_leads_to_the_verdict_it_is_said_to_and_none_can_be_spared(String cluster) {
        Snapshot snapshot = record(cluster);
        int turns = 0;
        for (Claim claim : QUICK) {
            for (Pivot pivot : WhatIf.of(POSTURE, snapshot, claim)) {
                assertThat(pivot.verdict()).isEqualTo(word(POSTURE, snapshot, claim, pivot.about()));
                for (Turn turn : pivot.turns()) {
                    turns++;
                    assertThat(turn.verdict()).isNotEqualTo(pivot.verdict());
                    assertThat(word(POSTURE, edited(snapshot, turn), claim, pivot.about()))
                            .isEqualTo(turn.verdict());
                    for (Edit spared : turn.edits()) {
                        List<Edit> fewer = turn.edits().stream()
                                .filter(edit -> edit != spared)
                                .toList();
                        Snapshot without = Edit.applied(fewer, snapshot);
                        boolean same =
                                word(POSTURE, without, claim, pivot.about()).equals(turn.verdict());
                        assertThat(same && stillHold(snapshot, without))
                                .as("%s without %s", turn.edits(), spared)
                                .isFalse();
                    }
                }
            }
        }
        assertThat(turns).isGreaterThan(3);
    }

    private static boolean stillHold(Snapshot before, Snapshot after) {
        return Verifier.verify(POSTURE, before).claims().stream()
                .filter(result -> result.verdict() instanceof Verdict.Proven)
                .allMatch(result -> word(
                                POSTURE, after, result.claim(), result.claim().id() + ", " + result.scope())
                        .equals("proven"));
    }

    @Test
    void an_open_namespace_is_closed_by_what_keeps_legitimate_traffic_too() {
        Pivot pivot = WhatIf.of(POSTURE, record("phase-0"), Claim.DIRECT_ACCESS).get(0);

        // A default deny alone would shut the gateway out as well, which the posture promises to let in.
        assertThat(pivot.turns()).singleElement().satisfies(turn -> {
            assertThat(turn.edits()).hasToString("[apply NetworkPolicy default/zta-allow-gateway]");
            assertThat(turn.least()).isTrue();
        });
    }

    @Test
    void a_proof_hangs_on_the_field_whose_loss_refutes_it() {
        Pivot pivot = WhatIf.of(POSTURE, record("posture"), Claim.PLAINTEXT).get(0);

        assertThat(pivot.verdict()).isEqualTo("proven");
        assertThat(pivot.turns()).singleElement().satisfies(turn -> {
            assertThat(turn.edits())
                    .hasToString("[remove spec.mtls.mode of PeerAuthentication default/zta-strict-mtls]");
            assertThat(turn.edits().get(0).origin().toString()).endsWith("posture/zta.yaml:108:11");
            assertThat(turn.verdict()).isEqualTo("violated");
            assertThat(turn.consequence()).startsWith("ZTA-MESH-001 ").contains("takes plaintext");
        });
    }

    @Test
    void a_proof_that_two_objects_hold_hangs_on_both_together() {
        Pivot pivot = WhatIf.of(POSTURE, record("posture"), Claim.DIRECT_ACCESS).get(0);

        assertThat(pivot.turns()).singleElement().satisfies(turn -> {
            assertThat(turn.edits())
                    .hasToString("[remove NetworkPolicy default/zta-allow-gateway,"
                            + " remove NetworkPolicy default/zta-default-deny]");
            assertThat(turn.least()).isTrue();
        });
    }

    @Test
    void what_could_not_be_read_is_what_an_unknown_verdict_wants() {
        Snapshot snapshot = record("posture").with(Snapshot.ofText("broken.yaml", "kind: [\n"));
        Pivot pivot = WhatIf.of(POSTURE, snapshot, Claim.PLAINTEXT).get(0);

        assertThat(pivot.verdict()).isEqualTo("unknown");
        assertThat(pivot.wanting()).extracting(doubt -> doubt.origin().source()).containsExactly("broken.yaml");
        assertThat(pivot.turns()).singleElement().satisfies(turn -> {
            assertThat(turn.verdict()).isEqualTo("proven");
            assertThat(turn.edits()).hasToString("[what could not be read holds nothing]");
        });
    }

    @Test
    void nothing_turns_a_verdict_about_nothing() {
        Posture elsewhere = ZeroTrust.namespace("nowhere").denyDirectAccess();
        Pivot pivot =
                WhatIf.of(elsewhere, record("posture"), Claim.DIRECT_ACCESS).get(0);

        assertThat(pivot.verdict()).isEqualTo("unknown");
        assertThat(pivot.turns()).isEmpty();
        assertThat(pivot.wanting()).isNotEmpty();
    }

    private static Pivot connection(Snapshot snapshot, String from, String to) {
        return WhatIf.of(Paths.of(snapshot, Options.DEFAULT).explain(from, to, Port.tcp(8080)), snapshot);
    }

    @Test
    void the_last_peer_is_not_removed_alone_for_no_peer_means_all() {
        Pivot pivot = connection(Snapshot.ofText("shop", SHOP.formatted(FROM_TOOLS)), "tools/debug", "shop/orders");

        assertThat(pivot.verdict()).isEqualTo("reaches");
        assertThat(pivot.turns().get(0).edits()).hasToString("[remove spec.ingress[0] of NetworkPolicy shop/allow]");
    }

    @Test
    void one_peer_of_several_is_removed_alone() {
        String peers = FROM_AUDIT + ", " + FROM_TOOLS;
        Pivot pivot = connection(Snapshot.ofText("shop", SHOP.formatted(peers)), "tools/debug", "shop/orders");

        Turn turn = pivot.turns().get(0);
        assertThat(turn.edits()).hasToString("[remove spec.ingress[0].from[1] of NetworkPolicy shop/allow]");
        assertThat(turn.verdict()).isEqualTo("stopped");
        assertThat(turn.edits().get(0).origin().line()).isEqualTo(18);
    }

    @Test
    void a_connection_that_is_stopped_is_let_in_by_the_narrowest_policy() {
        Snapshot snapshot = Snapshot.ofText("shop", SHOP.formatted(FROM_AUDIT));
        Pivot pivot = connection(snapshot, "tools/debug", "shop/orders");

        assertThat(pivot.verdict()).isEqualTo("stopped");
        Turn turn = pivot.turns().get(0);
        assertThat(turn.edits()).hasToString("[apply NetworkPolicy shop/let-in-orders]");
        assertThat(turn.edits().get(0).value())
                .contains("{podSelector: {matchLabels: {app: orders}}, policyTypes: [Ingress], ingress: [{from:"
                        + " [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tools}}, podSelector:"
                        + " {matchLabels: {app: debug}}}], ports: [{protocol: TCP, port: 8080}]}]}");
        Snapshot after = edited(snapshot, turn);
        assertThat(Paths.of(after, Options.DEFAULT)
                        .explain("tools/debug", "shop/orders", Port.tcp(8080))
                        .reaches())
                .isTrue();
        assertThat(Paths.of(after, Options.DEFAULT)
                        .explain("tools/debug", "shop/orders", Port.tcp(8081))
                        .reaches())
                .isFalse();
    }

    @Test
    void addresses_are_let_in_as_the_block_they_are() {
        Pivot pivot = connection(Snapshot.ofText("shop", SHOP.formatted(FROM_AUDIT)), "203.0.113.0/24", "shop/orders");

        assertThat(pivot.turns().get(0).edits().get(0).value().orElse("")).contains("ipBlock: {cidr: 203.0.113.0/24}");
    }

    @Test
    void what_stands_behind_the_first_obstacle_is_found_too() {
        Snapshot snapshot = record("posture");
        Pivot pivot = connection(snapshot, "tools/debug", "default/orders");

        assertThat(pivot.verdict()).isEqualTo("stopped");
        assertThat(pivot.turns()).singleElement().satisfies(turn -> {
            assertThat(turn.edits())
                    .extracting(Edit::toString)
                    .containsExactly(
                            "apply NetworkPolicy default/let-in-orders",
                            "apply AuthorizationPolicy default/let-all-in-orders",
                            "apply PeerAuthentication default/let-in-orders",
                            "remove spec.rules[0] of AuthorizationPolicy default/zta-guard-identity");
            assertThat(Paths.of(edited(snapshot, turn), Options.DEFAULT)
                            .explain("tools/debug", "default/orders", Port.tcp(8080))
                            .reaches())
                    .isTrue();
        });
    }

    @Test
    void a_subject_is_kept_out_by_the_cut_and_let_in_by_a_binding() {
        Subject developers = Subject.group("developers");
        Snapshot open = record("phase-0");
        Pivot in = WhatIf.of(developers, "default", open);
        assertThat(in.verdict()).isEqualTo("gets in");
        assertThat(in.turns()).singleElement().satisfies(turn -> {
            assertThat(turn.edits()).hasToString("[remove RoleBinding default/developers-edit]");
            Snapshot after = edited(open, turn);
            Rbac rbac = Rbac.of(after);
            assertThat(Escalation.of(rbac, Admission.of(after, rbac)).routes(developers, "default"))
                    .isEmpty();
        });

        Pivot out = WhatIf.of(developers, "default", edited(open, in.turns().get(0)));
        assertThat(out.verdict()).isEqualTo("does not get in");
        assertThat(out.turns())
                .extracting(turn -> turn.edits().toString())
                .containsExactly("[apply RoleBinding default/let-in]");
    }

    @Test
    void edits_of_one_list_do_not_shift_each_other() {
        Snapshot snapshot =
                Snapshot.ofText("shop", SHOP.formatted("{podSelector: {}}, " + FROM_AUDIT + ", " + FROM_TOOLS));
        Candidates candidates = new Candidates(snapshot);
        List<Edit> both = Stream.of(0, 2)
                .map(item -> "spec.ingress[0].from[" + item + "]")
                .flatMap(path ->
                        candidates.fields(new Evidence("NetworkPolicy shop/allow", path, "", Origin.MEMORY)).stream()
                                .limit(1))
                .toList();

        Snapshot after = Edit.applied(both, snapshot);
        assertThat(after.resources(GroupKind.NETWORK_POLICY).get(0).spec().get("ingress"))
                .hasToString("[{from: [" + FROM_AUDIT + "]}]");
        assertThat(snapshot.resources(GroupKind.NETWORK_POLICY)
                        .get(0)
                        .spec()
                        .get("ingress")
                        .item(0)
                        .get("from")
                        .items())
                .hasSize(3);
    }

    @Test
    void what_kubernetes_puts_back_is_not_proposed() {
        for (Pivot pivot : WhatIf.of(POSTURE, record("phase-0"), Claim.RECORDED)) {
            assertThat(pivot.turns())
                    .isNotEmpty()
                    .allSatisfy(turn -> assertThat(turn.edits())
                            .noneMatch(edit -> edit.object().startsWith("ClusterRole system:")));
        }
    }
}
