package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * An API server that can be restarted with another audit policy: by the command that {@code -Dzta.apiserver} or
 * {@code ZTA_APISERVER} names, given {@code --audit-policy FILE}; its policy and log lie beside the kubeconfig. Closing
 * brings back the policy it had.
 */
final class ApiServer implements AutoCloseable {
    private final Path command;
    private final Path folder;
    private final String before;

    private ApiServer(Path command, Path folder, String before) {
        this.command = command;
        this.folder = folder;
        this.before = before;
    }

    /** The one of the cluster that was given; where nothing restarts it, the test is reported as not run. */
    static ApiServer found() throws IOException {
        Optional<ApiServer> server = ifThere();
        Assumptions.assumeTrue(
                server.isPresent(),
                "not run: no command restarts the API server; name one with -Dzta.apiserver or ZTA_APISERVER");
        return server.orElseThrow();
    }

    /** The one of the cluster that was given; empty where nothing restarts it. */
    static Optional<ApiServer> ifThere() throws IOException {
        Path folder = LiveCluster.kubeconfig().toAbsolutePath().getParent();
        String given = Optional.ofNullable(System.getProperty("zta.apiserver"))
                .orElse(Optional.ofNullable(System.getenv("ZTA_APISERVER")).orElse(""));
        Path policy = folder.resolve("audit-policy.yaml");
        return given.isBlank() || !Files.exists(policy)
                ? Optional.empty()
                : Optional.of(new ApiServer(Path.of(given), folder, Files.readString(policy)));
    }

    /** The audit log, which a restart empties. */
    Path log() {
        return folder.resolve("audit").resolve("audit.log");
    }

    /** Restarts it with the policy it had, and further arguments until the next restart. */
    void restartWith(String... arguments) throws IOException, InterruptedException {
        assertThat(restart(before, arguments)).as(String.join(" ", arguments)).isEmpty();
    }

    /** Restarts it with a policy; what it said where it refused it, else empty. */
    String restart(String policy, String... arguments) throws IOException, InterruptedException {
        Path file = Files.createTempFile("audit-policy", ".yaml");
        Files.writeString(file, policy);
        Path output = Files.createTempFile("apiserver", ".log");
        List<String> words = new ArrayList<>(List.of(command.toString(), "--audit-policy", file.toString()));
        words.addAll(List.of(arguments));
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(180, TimeUnit.SECONDS))
                .as("the API server is back")
                .isTrue();
        Scene.await("the API server", () -> {
            try (KubernetesClient fresh = LiveCluster.admin()) {
                return fresh.raw("/readyz").contains("ok");
            }
        });
        Files.delete(file);
        String said = Files.readString(output);
        Files.delete(output);
        return process.exitValue() == 0 ? "" : "exit " + process.exitValue() + ": " + said;
    }

    @Override
    public void close() throws IOException {
        try {
            assertThat(restart(before)).as("the policy that was there").isEmpty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the API server got its policy back", e);
        }
    }
}
