package io.zta.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/** The pipeline step: its script is run, and its wrappings are parsed and call that script. */
class PipelineTest {
    private static final Path PIPELINE = Path.of("pipeline").toAbsolutePath();

    @TempDir
    private Path folder;

    private Zta.Run step(String... environmentAndArguments) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of("env", "ZTA_JAR=" + Zta.jar(folder)));
        command.addAll(List.of(environmentAndArguments));
        return Zta.run(Zta.ROOT, command);
    }

    private static Map<String, Object> yaml(String name) throws IOException {
        return new Yaml().load(Files.readString(PIPELINE.resolve(name)));
    }

    @Test
    void the_step_fails_on_an_open_cluster_and_leaves_three_reports() throws Exception {
        Path reports = folder.resolve("reports");
        Zta.Run run = step(
                "examples/pipeline/verify.sh",
                "examples/record/posture.yaml",
                "examples/record/phase-0",
                reports.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("violated", "ZTA-NET-001");
        assertThat(Files.readString(reports.resolve("report.sarif"))).contains("\"2.1.0\"");
        assertThat(Files.readString(reports.resolve("report.xml"))).startsWith("<?xml");
        assertThat(Files.readString(reports.resolve("report.md")))
                .startsWith("## zta: default/default is **violated**");
    }

    @Test
    void a_posture_that_is_not_there_is_wrong_use() throws Exception {
        Zta.Run run = step("examples/pipeline/verify.sh", "nowhere.yaml", "examples/record/phase-0", folder.toString());
        assertThat(run.code()).isEqualTo(2);
        assertThat(step("examples/pipeline/verify.sh").code()).isEqualTo(2);
    }

    @Test
    void what_is_unknown_passes_only_where_that_is_asked_for() throws Exception {
        Path posture = Files.writeString(folder.resolve("posture.yaml"), """
                apiVersion: zta.io/v1alpha1
                kind: ZeroTrustPosture
                metadata: {name: default, namespace: nowhere}
                spec: {denyDirectAccess: {}}
                """);
        String[] call = {
            "examples/pipeline/verify.sh", posture.toString(), "examples/record/posture/tools.yaml", folder.toString()
        };
        assertThat(step(call).code()).isEqualTo(3);
        assertThat(step("ZTA_ALLOW_UNKNOWN=1", call[0], call[1], call[2], call[3])
                        .code())
                .isZero();
    }

    @Test
    void the_launcher_passes_arguments_output_and_exit_code_on_with_its_archive_and_without() throws Exception {
        String cache = "XDG_CACHE_HOME=" + folder.resolve("cache");
        String[] call = {
            cache,
            "bin/zta",
            "explain",
            "--snapshot",
            "examples/record/phase-0",
            "tools/debug",
            "default/orders",
            "8080"
        };
        Zta.Run first = step(call);
        assertThat(first.out()).contains("tools/debug", "default/orders", "8080: reaches\n");
        assertThat(first.code()).isZero();
        assertThat(step(call)).isEqualTo(first);
        assertThat(step("XDG_CACHE_HOME=/proc/nowhere", "bin/zta", "verfiy").code())
                .isEqualTo(2);
        assertThat(step("ZTA_JAR=nowhere.jar", "bin/zta", "--version").out()).contains("There is no nowhere.jar");
    }

    @Test
    @SuppressWarnings("unchecked")
    void the_wrappings_call_the_script() throws Exception {
        Map<String, Object> runs =
                (Map<String, Object>) yaml("github-action.yml").get("runs");
        assertThat(runs.get("using")).isEqualTo("composite");
        assertThat(((List<Map<String, Object>>) runs.get("steps"))
                        .get(0)
                        .get("run")
                        .toString())
                .contains("/verify.sh \"$POSTURE\" \"$MANIFESTS\" zta-reports");
        Map<String, Object> job = (Map<String, Object>) yaml("gitlab-ci.yml").get("zta");
        assertThat(job.get("script").toString()).contains("examples/pipeline/verify.sh");
        assertThat(((Map<String, Object>) ((Map<String, Object>) job.get("artifacts")).get("reports")).get("junit"))
                .isEqualTo("zta-reports/report.xml");
        Map<String, Object> task = yaml("tekton-task.yaml");
        assertThat(task.get("kind")).isEqualTo("Task");
        assertThat(((Map<String, Object>) task.get("spec")).get("steps").toString())
                .contains("/opt/zta/verify.sh");
        assertThat(Files.isExecutable(PIPELINE.resolve("verify.sh"))).isTrue();
    }
}
