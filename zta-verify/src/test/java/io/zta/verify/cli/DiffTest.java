package io.zta.verify.cli;

import static io.zta.verify.cli.CommandLineRun.zta;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code zta diff}: what opens, what closes, and what the exit code says of it. */
final class DiffTest {
    private static final String BASE = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: orders, namespace: shop, labels: {app: orders}}
            spec: {containers: [{name: app, image: x}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: debug, namespace: tools, labels: {app: debug}}
            spec: {containers: [{name: app, image: x}]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: shell, namespace: shop}
            rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
            """;
    private static final String DENY = """
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: deny, namespace: shop}
            spec: {podSelector: {}, policyTypes: [Ingress]}
            """;
    private static final String ALLOW = """
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: allow, namespace: shop}
            spec:
              podSelector: {}
              policyTypes: [Ingress]
              ingress:
              - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tools}}}]
                ports: [{port: 8080}]
            """;
    private static final String GRANT = """
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: devs, namespace: shop}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shell}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
            """;

    @TempDir
    private Path folder;

    private Path closed;

    @BeforeEach
    void writes_the_closed_cluster() throws IOException {
        closed = write("closed", BASE + DENY);
    }

    private Path write(String name, String yaml) throws IOException {
        Path directory = Files.createDirectories(folder.resolve(name));
        Files.writeString(directory.resolve("all.yaml"), yaml);
        return directory;
    }

    @Test
    void equal_snapshots_open_nothing() throws IOException {
        CommandLineRun run = zta("diff", closed, write("moved", "# further down\n\n" + DENY + "---\n" + BASE));
        assertThat(run.out()).isEqualTo("nothing opens, nothing closes\n");
        assertThat(run.code()).isZero();
    }

    @Test
    void a_flow_that_opens_is_named_with_its_workload_and_ports_and_fails() throws IOException {
        CommandLineRun run = zta("diff", closed, write("open", BASE + DENY + ALLOW));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .containsPattern("^[0-9]+ ways open, nothing closes\n")
                .contains("  shop/orders[Pod]\n    + tools/debug[Pod] connects on TCP 8080\n");
    }

    @Test
    void a_grant_that_opens_a_way_into_containers_is_named_with_its_binding() throws IOException {
        CommandLineRun run = zta("diff", closed, write("granted", BASE + DENY + GRANT), "-o", "json");
        assertThat(run.code()).isEqualTo(1);
        JsonNode opened = new ObjectMapper().readTree(run.out()).at("/opened/0");
        assertThat(opened.at("/kind").asText()).isEqualTo("entry");
        assertThat(opened.at("/who").asText()).isEqualTo("Group developers");
        assertThat(opened.at("/workload").asText()).isEqualTo("namespace shop");
        assertThat(opened.at("/how").asText()).isEqualTo("exec");
        assertThat(opened.at("/via/0").asText()).isEqualTo("RoleBinding shop/devs -> Role shop/shell rules[0]");
    }

    @Test
    void closing_passes_unless_every_change_is_to_fail() throws IOException {
        Path open = write("open", BASE + DENY + ALLOW + GRANT);
        assertThat(zta("diff", open, closed).code()).isZero();
        assertThat(zta("diff", open, closed).out()).containsPattern("^nothing opens, [0-9]+ ways close\n");
        assertThat(zta("diff", "--fail-on", "any", open, closed).code()).isEqualTo(1);
        assertThat(zta("diff", "--fail-on", "never", closed, open).code()).isZero();
    }

    @Test
    void a_damaged_file_in_the_later_snapshot_is_not_taken_for_no_change() throws IOException {
        CommandLineRun run = zta("diff", closed, write("damaged", BASE + DENY + "---\nkind: [\n"));
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.out()).contains("no change is seen", "not known: something may open here unseen");
    }

    @Test
    void a_mesh_that_accepts_plaintext_again_is_a_finding_that_opens() throws IOException {
        String mesh = """
                apiVersion: v1
                kind: Namespace
                metadata: {name: shop, labels: {istio-injection: enabled}}
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: orders, namespace: shop}
                spec:
                  selector: {matchLabels: {app: orders}}
                  template:
                    metadata: {labels: {app: orders}}
                    spec: {containers: [{name: app, image: x, ports: [{containerPort: 8080}]}]}
                ---
                apiVersion: security.istio.io/v1
                kind: PeerAuthentication
                metadata: {name: default, namespace: shop}
                spec: {mtls: {mode: STRICT}}
                """;
        Path before = write("strict", mesh);
        Path after = write("permissive", mesh.replace("STRICT", "PERMISSIVE"));
        CommandLineRun run = zta("diff", before, after);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("ZTA-MESH-");
    }

    @Test
    void the_markdown_is_a_comment_with_a_table() throws IOException {
        CommandLineRun run = zta("diff", closed, write("open", BASE + DENY + ALLOW), "-o", "markdown");
        assertThat(run.out())
                .containsPattern(
                        "^## zta: [0-9]+ ways open, nothing closes\n\n### Opens\n\n\\| workload \\| what \\|\n\\|---\\|---\\|\n")
                .contains("| `shop/orders[Pod]` | tools/debug\\[Pod\\] connects on TCP 8080 |\n");
    }

    @Test
    void a_path_that_is_not_there_is_wrong_usage() {
        CommandLineRun run = zta("diff", closed, folder.resolve("nowhere"));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("nowhere");
    }

    private Path posture(String name, String spec) throws IOException {
        Path file = folder.resolve(name + ".yaml");
        Files.writeString(file, """
                apiVersion: zta.io/v1alpha1
                kind: ZeroTrustPosture
                metadata: {name: default, namespace: shop}
                spec: {%s}
                """.formatted(spec));
        return file;
    }

    @Test
    void a_claim_that_a_posture_drops_opens_what_it_closed() throws IOException {
        Path whole = posture("whole", "denyDirectAccess: {}, noExecFor: [{group: developers}, {group: testers}]");
        Path less = posture("less", "noExecFor: [{group: developers}]");

        CommandLineRun run = zta("diff", whole, less);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .startsWith("""
                        claims dropped
                          + direct-access: no direct network path to a protected pod
                          + legitimate-traffic: allowed traffic still works
                          + container-entry of Group testers

                        """)
                .contains("    + (elsewhere)/(any pod)[Pod] connects on All Connections\n")
                .contains("  removed NetworkPolicy shop/zta-default-deny\n");

        CommandLineRun back = zta("diff", less, whole);
        assertThat(back.code()).isZero();
        assertThat(back.out()).contains("claims added\n  - direct-access", "nothing opens, ");
        assertThat(zta("diff", less, whole, "--fail-on", "any").code()).isEqualTo(1);
    }

    @Test
    void a_peer_that_a_posture_lets_in_opens_a_flow_among_the_workloads_named() throws IOException {
        Path closed = posture("closed", "denyDirectAccess: {}");
        Path open = posture(
                "open",
                "denyDirectAccess: {}, allow: [{from: {namespace: tools, labels: {app: debug}}, ports: [8080]}]");

        CommandLineRun run = zta("diff", closed, open, "-o", "json");
        assertThat(run.code()).isEqualTo(1);
        JsonNode tree = new ObjectMapper().readTree(run.out());
        assertThat(tree.get("dropped")).isEmpty();
        assertThat(tree.at("/opened").findValuesAsText("who")).containsOnly("tools/app=debug[Pod]");
        assertThat(tree.at("/opened").findValuesAsText("how")).containsOnly("TCP 8080");
        assertThat(tree.at("/objects/0/fate").asText()).isIn("added", "changed");
    }

    @Test
    void two_postures_are_compared_in_a_cluster() throws IOException {
        Path cluster = write("cluster", BASE + GRANT);
        Path whole = posture("whole", "denyDirectAccess: {}");
        Path none = posture("none", "audit: {}");

        CommandLineRun run = zta("diff", whole, none, "--snapshot", cluster, "-o", "markdown");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .contains("| `shop/orders[Pod]` | tools/debug\\[Pod\\] connects on All Connections |")
                .contains("ZTA-NET-001")
                .contains("### Claims dropped\n\n- direct-access: ");
        assertThat(zta("diff", whole, whole, "--snapshot", cluster).out()).isEqualTo("nothing opens, nothing closes\n");
    }

    @Test
    void a_cluster_that_holds_the_old_posture_already_is_compared_alike() throws IOException {
        Path whole = posture("whole", "denyDirectAccess: {}");
        Path none = posture("none", "audit: {}");
        String rendered = zta("render", whole).out();
        Path bare = write("bare", BASE);
        Path applied = write(
                "applied",
                BASE.replace("metadata: {name: shop}", "metadata: {name: shop, labels: {team: a}}")
                                .replaceFirst("(?s)apiVersion.*?---\n", "")
                        + "---\n" + rendered);

        assertThat(zta("diff", whole, none, "--snapshot", applied).out())
                .isEqualTo(zta("diff", whole, none, "--snapshot", bare).out());
    }

    @Test
    void a_posture_and_a_snapshot_are_not_compared() throws IOException {
        CommandLineRun run = zta("diff", posture("one", "denyDirectAccess: {}"), closed);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .contains("is a posture and", "is a snapshot", "zta verify --posture FILE --snapshot PATH");

        assertThat(zta("diff", closed, closed, "--snapshot", closed).code()).isEqualTo(2);
        CommandLineRun three =
                zta("diff", folder.resolve("one.yaml"), folder.resolve("one.yaml"), "--posture", "x.yaml");
        assertThat(three.code()).isEqualTo(2);
        assertThat(three.err()).contains("--posture is for two snapshots");
    }
}
