package io.zta.verify.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts are the command with their tests chosen, and hand its exit code on. */
class ScriptsTest {
    private static final Path SCRIPTS = Path.of("..", "scripts");

    @TempDir
    Path folder;

    private record Ran(int exit, String out) {}

    private Ran run(String script, String zta, String... arguments) throws IOException, InterruptedException {
        List<String> line =
                new ArrayList<>(List.of("bash", SCRIPTS.resolve(script).toString()));
        line.addAll(List.of(arguments));
        Path out = folder.resolve("out");
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(out.toFile());
        builder.environment().putAll(Map.of("ZTA", zta));
        return new Ran(builder.start().waitFor(), Files.readString(out, StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"test-network-policies.sh", "test-rbac-restrictions.sh", "verify-mtls.sh"})
    void help_says_what_it_does_and_with_which_exit_codes(String script) throws Exception {
        Ran ran = run(script, "false", "--help");
        assertThat(ran.exit()).isZero();
        assertThat(ran.out()).startsWith("Usage: " + script).contains("Exit codes: 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"test-network-policies.sh", "test-rbac-restrictions.sh", "verify-mtls.sh"})
    void without_a_posture_it_asks_for_one(String script) throws Exception {
        Ran ran = run(script, "false", "--tap");
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.out()).contains("--posture FILE");
    }

    @ParameterizedTest
    @CsvSource({"test-network-policies.sh, '1,4'", "test-rbac-restrictions.sh, '2,5'", "verify-mtls.sh, '3'"})
    void its_tests_and_the_options_reach_the_command(String script, String tests) throws Exception {
        Ran ran = run(script, "echo", "--posture", "a b.yaml", "--junit", "--kubeconfig=x");
        assertThat(ran.exit()).isZero();
        assertThat(ran.out().strip())
                .isEqualTo("probe --test " + tests + " --posture a b.yaml -o junit --kubeconfig=x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--test", "--test=1", "--attacks"})
    void tests_of_ones_own_choice_are_the_commands(String option) throws Exception {
        Ran ran = run("verify-mtls.sh", "echo", "--posture", "p.yaml", option, "1");
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.out()).contains("run zta probe");
    }

    @Test
    void the_exit_code_of_the_command_is_handed_on() throws Exception {
        Path command = Files.writeString(folder.resolve("three.sh"), "exit 3\n");
        assertThat(run("verify-mtls.sh", "bash " + command, "--posture", "p.yaml")
                        .exit())
                .isEqualTo(3);
    }
}
