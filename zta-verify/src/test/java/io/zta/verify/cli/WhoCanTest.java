package io.zta.verify.cli;

import static io.zta.verify.cli.CommandLineRun.zta;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code zta who-can} and {@code zta explain exec}. */
final class WhoCanTest {
    private static final String CLUSTER = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: orders, namespace: shop}
            spec: {containers: [{name: app, image: x}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: cart, namespace: shop}
            spec: {containers: [{name: app, image: x}]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: shell, namespace: shop}
            rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create], resourceNames: [orders]}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: devs, namespace: shop}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shell}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: wears-groups}
            rules:
            - {apiGroups: [""], resources: [groups], verbs: [impersonate], resourceNames: [developers]}
            - {apiGroups: [""], resources: [users], verbs: [impersonate], resourceNames: [robot]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: robots}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: wears-groups}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: robot}]
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void writes_the_cluster() throws IOException {
        Files.writeString(folder.resolve("cluster.yaml"), CLUSTER);
    }

    private List<JsonNode> entriesOf(CommandLineRun run, String subject) throws IOException {
        List<JsonNode> entries = new ArrayList<>();
        for (JsonNode entry : new ObjectMapper().readTree(run.out())) {
            if (entry.at("/subject").asText().equals(subject)) {
                entries.add(entry);
            }
        }
        return entries;
    }

    @Test
    void json_names_subject_namespace_grants_and_steps() throws IOException {
        CommandLineRun run = zta("who-can", "exec", "-n", "shop", "--snapshot", folder, "-o", "json");
        assertThat(run.code()).isZero();
        assertThat(entriesOf(run, "Group developers")).singleElement().satisfies(entry -> {
            assertThat(entry.at("/namespace").asText()).isEqualTo("shop");
            assertThat(entry.at("/via/0").asText())
                    .isEqualTo("RoleBinding shop/devs -> Role shop/shell rules[0] names [orders]");
            assertThat(entry.at("/steps").asInt(-1)).isZero();
        });
        assertThat(entriesOf(run, "Group system:masters"))
                .singleElement()
                .satisfies(entry -> assertThat(entry.at("/namespace").asText()).isEqualTo("*"));
    }

    @Test
    void who_first_becomes_another_has_steps_and_the_grants_of_each() throws IOException {
        CommandLineRun run = zta("who-can", "API-exec", "-n", "shop", "--snapshot", folder, "-o", "json");
        assertThat(entriesOf(run, "User robot")).singleElement().satisfies(entry -> {
            assertThat(entry.at("/steps").asInt()).isEqualTo(1);
            assertThat(entry.at("/via")).hasSize(3);
            assertThat(entry.at("/via/0").asText())
                    .isEqualTo("ClusterRoleBinding robots -> ClusterRole wears-groups rules[0] names [developers]");
        });
    }

    @Test
    void another_namespace_does_not_have_them() throws IOException {
        CommandLineRun run = zta("who-can", "exec", "-n", "tools", "--snapshot", folder, "-o", "json");
        assertThat(run.code()).isZero();
        assertThat(entriesOf(run, "Group developers")).isEmpty();
        assertThat(entriesOf(run, "User robot")).isEmpty();
    }

    @Test
    void text_has_a_block_for_each_and_notes_go_to_the_other_stream() {
        CommandLineRun run = zta("who-can", "impersonate", "--snapshot", folder);
        assertThat(run.out()).contains("User robot in every namespace\n  ClusterRoleBinding robots -> ");
        assertThat(run.err()).contains("note: Kubernetes 1.35's own ");
        assertThat(run.out()).doesNotContain("note:");
    }

    @Test
    void a_verb_on_a_resource_is_an_action() throws IOException {
        CommandLineRun run = zta("who-can", "create pods/exec", "--snapshot", folder, "-o", "json");
        assertThat(entriesOf(run, "Group developers")).hasSize(1);
    }

    @Test
    void an_action_that_does_not_exist_is_wrong_usage_and_the_actions_are_named() {
        CommandLineRun run = zta("who-can", "fly", "--snapshot", folder);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("fly", "exec, attach, portforward, ephemeral, proxy, node, hostpod");
    }

    @Test
    void explain_exec_names_binding_rule_and_cut() {
        CommandLineRun run = zta("explain", "--snapshot", folder, "exec", "Group developers", "shop");
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .startsWith("Group developers -> shop: gets in\n")
                .contains("by API-exec:", "RoleBinding shop/devs binds Group developers to Role shop/shell")
                .contains("cluster.yaml:")
                .contains("to close every way into shop: remove RoleBinding shop/devs\n");
    }

    @Test
    void explain_exec_of_a_pod_counts_grants_on_its_name_alone() {
        assertThat(zta("explain", "--snapshot", folder, "exec", "developers", "shop/orders")
                        .out())
                .startsWith("Group developers -> shop/orders: gets in\n");
        assertThat(zta("explain", "--snapshot", folder, "exec", "developers", "shop/cart")
                        .out())
                .startsWith("Group developers -> shop/cart: does not get in\n");
    }

    @Test
    void explain_exec_follows_steps() {
        CommandLineRun run = zta("explain", "--snapshot", folder, "exec", "robot", "shop");
        assertThat(run.out()).startsWith("User robot -> shop: gets in\n").contains("by API-impersonate and 1 step:");
    }

    @Test
    void explain_exec_says_when_nothing_gives_it() {
        CommandLineRun run = zta("explain", "--snapshot", folder, "exec", "User nobody", "shop");
        assertThat(run.out()).isEqualTo("""
                User nobody -> shop: does not get in
                  no binding gives it a way in
                what would change it
                  User nobody -> shop: does not get in
                    gets in, by this alone:
                      - apply RoleBinding shop/let-in
                          {roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole,
                            name: edit}, subjects: [{kind: User, apiGroup:
                            rbac.authorization.k8s.io, name: nobody}]}
                """);
    }

    @Test
    void explain_exec_of_what_is_not_there_is_wrong_usage() {
        assertThat(zta("explain", "--snapshot", folder, "exec", "developers", "nowhere"))
                .satisfies(run -> assertThat(run.code()).isEqualTo(2))
                .satisfies(run -> assertThat(run.err()).contains("nowhere"));
        assertThat(zta("explain", "--snapshot", folder, "exec", "developers", "shop/nope")
                        .code())
                .isEqualTo(2);
        assertThat(zta("explain", "--snapshot", folder, "shop/cart", "shop/orders", "http"))
                .satisfies(run -> assertThat(run.err()).contains("PORT must be a number"))
                .satisfies(run -> assertThat(run.code()).isEqualTo(2));
    }

    @Test
    void a_damaged_file_makes_no_entry_unknown() throws IOException {
        Files.writeString(folder.resolve("damaged.yaml"), "kind: [\n");
        CommandLineRun run = zta("explain", "--snapshot", folder, "exec", "User nobody", "shop");
        assertThat(run.out()).startsWith("User nobody -> shop: unknown\n");
        assertThat(run.err()).contains("damaged.yaml");
    }
}
