package io.zta.verify.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.verify.apply.ApplySeam;
import io.zta.verify.apply.KillTarget;
import io.zta.verify.apply.Plan;
import io.zta.verify.apply.Status;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** An apply that is killed at any moment leaves what the next apply completes, or a rollback takes back. */
class KilledIT {
    private static final int ROUNDS = 6;
    private static final int OBJECTS = 24;

    @Test
    void after_being_killed_anywhere_status_says_so_and_apply_or_rollback_completes() throws Exception {
        long seed = Long.getLong("zta.seed", 20261124L);
        System.out.println("KilledIT seed " + seed);
        Random random = new Random(seed);
        int interrupted = 0;
        try (KubernetesClient client = LiveCluster.admin()) {
            for (int round = 0; round < ROUNDS; round++) {
                String namespace = LiveCluster.scratchNamespace(client, "zta-killed", Map.of());
                try {
                    interrupted += round(client, namespace, random.nextInt(OBJECTS - 5), round % 2 == 0) ? 1 : 0;
                } finally {
                    Leftovers.remove(client, namespace);
                }
            }
        }
        assertThat(interrupted)
                .as("rounds in which a step was really interrupted, of seed " + seed)
                .isPositive();
    }

    private boolean round(KubernetesClient client, String namespace, int written, boolean completes) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KillTarget.class.getName(),
                        LiveCluster.kubeconfig().toString(),
                        namespace,
                        "new")
                .redirectErrorStream(true)
                .start();
        StringBuilder output = new StringBuilder();
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = reader.readLine()) != null && !line.equals("WRITING")) {
                output.append(line).append('\n');
            }
            assertThat(line).as("the process begins to write: " + output).isEqualTo("WRITING");
            // The moment of the kill, drawn from the seed. A moment in milliseconds would miss the writes of a fast
            // server.
            Instant deadline = Instant.now().plusSeconds(60);
            while (state(client, namespace).size() < written && Instant.now().isBefore(deadline)) {
                Thread.onSpinWait();
            }
            process.destroyForcibly();
            process.waitFor();
        }

        boolean interrupted = Status.read(client).postures().stream()
                .filter(entry -> entry.id().equals(namespace))
                .anyMatch(entry -> entry.unfinished().isPresent());
        var posture = KillTarget.posture(namespace);
        if (completes) {
            Plan plan = plan(client, namespace);
            KillTarget.applier(client, "second").apply(plan);
            assertThat(state(client, namespace))
                    .hasSize(OBJECTS)
                    .allSatisfy((name, value) -> assertThat(value).isEqualTo("new"));
            assertThat(plan(client, namespace).isEmpty()).isTrue();
        }
        try {
            KillTarget.applier(client, "third").rollback(posture, 1);
        } catch (io.zta.verify.apply.ApplyException nothing) {
            assertThat(nothing.reason()).isEqualTo(io.zta.verify.apply.ApplyException.Reason.USAGE);
        }
        assertThat(state(client, namespace))
                .as("killed after " + written + " objects")
                .isEmpty();
        assertThat(Status.read(client).postures().stream()
                        .filter(entry -> entry.id().equals(namespace))
                        .filter(entry -> entry.unfinished().isPresent() || entry.objects() > 0))
                .isEmpty();
        return interrupted;
    }

    private static Plan plan(KubernetesClient client, String namespace) {
        return ApplySeam.plan(
                KillTarget.posture(namespace), KillTarget.objects(namespace, "new"), client, ApplySeam.mechanicsOnly());
    }

    private static Map<String, String> state(KubernetesClient client, String namespace) {
        Map<String, String> state = new TreeMap<>();
        client.configMaps().inNamespace(namespace).list().getItems().stream()
                .filter(map -> map.getMetadata().getName().startsWith("zta-object-"))
                .forEach(map ->
                        state.put(map.getMetadata().getName(), map.getData().get("value")));
        return state;
    }
}
