package io.zta.verify.cli;

import static io.zta.verify.cli.CommandLineRun.zta;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What the command says and returns when it is called wrongly, and its help. */
final class UsageTest {
    @TempDir
    private Path folder;

    @Test
    void without_a_command_usage_is_the_answer() {
        CommandLineRun run = zta();
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("Which command?", "zta --help");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void a_misspelt_command_is_answered_with_the_right_one() {
        CommandLineRun run = zta("verfiy");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("verfiy").contains("zta verify");
    }

    @Test
    void a_path_that_is_not_there_is_named() {
        CommandLineRun run = zta("verify", "--snapshot", folder.resolve("nowhere"));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("no file or directory", "nowhere").doesNotContain("\tat ");
    }

    @Test
    void a_posture_that_cannot_be_read_is_named_with_its_line() throws IOException {
        Path posture = Files.writeString(folder.resolve("p.yaml"), """
                apiVersion: zta.io/v1alpha1
                kind: ZeroTrustPosture
                metadata: {name: default, namespace: shop}
                spec:
                  denyDirectAcces: {}
                """);
        CommandLineRun run = zta("render", posture);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("p.yaml:5").contains("denyDirectAcces").doesNotContain("\tat ");
    }

    @Test
    void an_empty_directory_is_no_snapshot() {
        CommandLineRun run = zta("verify", "--snapshot", folder);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("no Kubernetes object");
    }

    @Test
    void what_could_not_be_read_makes_the_answer_unknown() throws IOException {
        Path damaged = Files.writeString(folder.resolve("damaged.yaml"), "apiVersion: v1\nkind: [\n");
        CommandLineRun reach = zta("reach", "--snapshot", damaged, "-o", "json");
        assertThat(reach.code()).isEqualTo(3);
        assertThat(reach.err()).contains("damaged.yaml:");
        Path posture = Files.writeString(folder.resolve("posture.yaml"), """
                apiVersion: zta.io/v1alpha1
                kind: ZeroTrustPosture
                metadata: {name: shop, namespace: shop}
                spec: {denyDirectAccess: {}, strictMtls: {}, noExecFor: [{group: developers}]}
                """);
        CommandLineRun verify = zta("verify", "--posture", posture, "--snapshot", damaged);
        assertThat(verify.code()).as(verify.out()).isEqualTo(3);
    }

    @Test
    void a_policy_that_an_api_server_refuses_makes_reach_unknown() throws IOException {
        String policy = """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: p%s, namespace: shop}
                spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: %s}}]}]}
                ---
                """;
        Path file = folder.resolve("policies.yaml");
        Files.writeString(file, policy.formatted("", "10.0.0.0/8"));
        assertThat(zta("reach", "--snapshot", file).code()).isZero();
        StringBuilder refused = new StringBuilder();
        for (int i = 1; i < 23; i++) {
            refused.append(policy.formatted(i, "10.0.0.0"));
        }
        Files.writeString(file, refused);
        CommandLineRun reach = zta("reach", "--snapshot", file);
        assertThat(reach.code()).isEqualTo(3);
        assertThat(reach.err())
                .contains(
                        "policies.yaml:4:53: NetworkPolicy shop/p1: spec.ingress[0].from[0].ipBlock has no readable cidr")
                .contains("policies.yaml:99:53: NetworkPolicy shop/p20: ")
                .contains("note: and 2 more like these\n")
                .contains("note: the snapshot holds no pod and no workload (");
    }

    @Test
    void a_file_that_is_no_kubeconfig_is_named() throws IOException {
        Path file = Files.write(folder.resolve("config"), new byte[] {(byte) 0xc3, 0x28, 0, 1});
        CommandLineRun run = zta("reach", "--kubeconfig", file);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("config", "as a kubeconfig").doesNotContain("Exception");
    }

    @Test
    void a_snapshot_that_claims_nothing_asks_for_a_posture() throws IOException {
        Files.writeString(folder.resolve("ns.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
        CommandLineRun run = zta("verify", "--snapshot", folder);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--posture", "kind: ZeroTrustPosture", "shop");
    }

    @Test
    void a_plan_that_was_reviewed_is_given_alone_and_must_be_there() {
        assertThat(zta("apply").err()).contains("--posture FILE");
        CommandLineRun both = zta("apply", "--plan", folder.resolve("plan.json"), "--override", "APPLY-03");
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err()).contains("--plan decides all that a plan decides");
        CommandLineRun none = zta("apply", "--plan", folder.resolve("plan.json"));
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("plan.json can't be read");
    }

    @Test
    void a_silence_shorter_than_what_can_be_kept_is_refused() throws IOException {
        Path posture = Files.writeString(folder.resolve("p.yaml"), """
                apiVersion: zta.io/v1alpha1
                kind: ZeroTrustPosture
                metadata: {name: default, namespace: shop}
                spec:
                  denyDirectAccess: {}
                """);
        CommandLineRun run = zta("watch", "--posture", posture, "--silence", "3s");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--silence PT3S is too short: at least the heartbeat, PT5S, and 6 s.");
    }

    @Test
    void every_command_has_help_with_an_example() {
        for (CommandLine command : Commands.all().getSubcommands().values()) {
            CommandLineRun run = zta(command.getCommandName(), "--help");
            assertThat(run.code()).as(command.getCommandName()).isZero();
            assertThat(run.out()).as(command.getCommandName()).contains("Usage: zta " + command.getCommandName());
            assertThat(run.out()).as(command.getCommandName()).contains("Example");
            assertThat(run.out().lines()).as(command.getCommandName()).allMatch(line -> line.length() <= 80);
        }
    }

    @Test
    void the_version_is_one_line() {
        CommandLineRun run = zta("--version");
        assertThat(run.code()).isZero();
        assertThat(run.out()).startsWith("zta ").hasLineCount(1);
    }

    @Test
    void completion_knows_the_commands() {
        CommandLineRun run = zta("completion");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("complete", "verify", "--snapshot", "sarif");
    }
}
