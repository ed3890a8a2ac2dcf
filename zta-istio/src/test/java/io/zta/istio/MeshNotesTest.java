package io.zta.istio;

import static org.assertj.core.api.Assertions.assertThat;

import io.zta.Posture;
import io.zta.ZeroTrust;
import io.zta.finding.Finding;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Objects that don't do what they say are named, each by its own finding, and others are not. */
class MeshNotesTest {
    private static final Posture POSTURE = ZeroTrust.namespace("shop").strictMtls();

    private static final String CLUSTER = """
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: web, namespace: shop}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders, namespace: shop}
            spec: {selector: {app: orders}, ports: [{name: http, port: 80, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: orders, namespace: shop, labels: {app: orders}}
            spec: {containers: [{name: app, image: app:1, ports: [{containerPort: 8080}]}]}
            """;

    private record Row(String id, String kind, String namespace, String annotations, String spec) {}

    private static List<String> notes(String kind, String namespace, String annotations, String spec) {
        String version = kind.equals("EnvoyFilter") ? "networking.istio.io/v1alpha3" : "security.istio.io/v1";
        String object = "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: x, namespace: " + namespace
                + ", annotations: {" + annotations + "}}\nspec: " + spec + "\n";
        Snapshot snapshot = Snapshot.ofText("cluster", CLUSTER).with(Snapshot.ofText("object", object));
        return new MeshLayer()
                .notes(POSTURE, snapshot).stream().map(Finding::id).toList();
    }

    @TestFactory
    Stream<DynamicTest> each_fault_has_its_note() {
        List<Row> rows = new ArrayList<>();
        String peer = "PeerAuthentication";
        String allow = "AuthorizationPolicy";
        rows.add(new Row(
                "050", peer, "istio-system", "", "{selector: {matchLabels: {app: orders}}, mtls: {mode: STRICT}}"));
        rows.add(new Row("051", peer, "shop", "", "{selector: {matchLabels: {app: oders}}, mtls: {mode: STRICT}}"));
        rows.add(new Row("051", allow, "shop", "", "{selector: {matchLabels: {app: oders}}}"));
        rows.add(new Row("052", peer, "shop", "", "{selector: {matchLabels: {app: orders}}, mtls: {mode: STRICT}}"));
        rows.add(new Row("052", allow, "shop", "", "{selector: {matchLabels: {app: orders}}}"));
        rows.add(new Row("053", allow, "shop", "", "{targetRefs: [{kind: Service, name: orders}]}"));
        rows.add(new Row("054", peer, "shop", "", "{portLevelMtls: {'8080': {mode: STRICT}}}"));
        rows.add(new Row(
                "055",
                peer,
                "shop",
                "",
                "{selector: {matchLabels: {app: orders}}, portLevelMtls: {'80': {mode: DISABLE}}}"));
        rows.add(new Row("056", allow, "shop", "istio.io/dry-run: 'true'", "{}"));
        rows.add(new Row("057", allow, "shop", "", "{action: DENY}"));
        rows.add(new Row("058", allow, "shop", "", "{rules: [{}]}"));
        rows.add(new Row(
                "059",
                allow,
                "shop",
                "",
                "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/wed]}}]}]}"));
        rows.add(new Row("060", "RequestAuthentication", "shop", "", "{jwtRules: [{issuer: a, jwks: '{}'}]}"));
        return rows.stream()
                .map(row -> DynamicTest.dynamicTest(
                        row.id() + " " + row.spec(),
                        () -> assertThat(notes(row.kind(), row.namespace(), row.annotations(), row.spec()))
                                .containsExactly("ZTA-MESH-" + row.id())));
    }

    @Test
    void objects_that_do_what_they_say_have_none() {
        assertThat(notes("PeerAuthentication", "shop", "", "{mtls: {mode: STRICT}}"))
                .isEmpty();
        assertThat(notes("PeerAuthentication", "istio-system", "", "{mtls: {mode: STRICT}}"))
                .isEmpty();
        assertThat(notes("AuthorizationPolicy", "shop", "", "{}")).isEmpty();
        assertThat(notes("AuthorizationPolicy", "elsewhere", "", "{rules: [{}]}"))
                .isEmpty();
        assertThat(notes(
                        "AuthorizationPolicy",
                        "shop",
                        "",
                        "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}"))
                .isEmpty();
        assertThat(notes(
                        "PeerAuthentication",
                        "shop",
                        "",
                        "{selector: {matchLabels: {app: orders}}, portLevelMtls: {'8080': {mode: DISABLE}}}"))
                .isEmpty();
    }

    @Test
    void a_pod_that_opts_out_by_a_label_is_named() {
        Snapshot snapshot = Snapshot.ofText(
                "cluster",
                CLUSTER.replace("labels: {app: orders}", "labels: {app: orders, sidecar.istio.io/inject: 'false'}"));
        assertThat(new MeshLayer().notes(POSTURE, snapshot))
                .singleElement()
                .satisfies(note -> assertThat(note.id()).isEqualTo("ZTA-MESH-061"))
                .satisfies(note -> assertThat(note.object()).isEqualTo("Pod shop/orders"));
    }
}
