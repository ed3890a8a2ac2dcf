package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** The API server's audit log: a file, or the log of the API server's pod. */
final class AuditLog {
    private final String name;
    private final Lines lines;
    private final Optional<String> unreadable;

    private AuditLog(String name, Lines lines, Optional<String> unreadable) {
        this.name = name;
        this.lines = lines;
        this.unreadable = unreadable;
    }

    /** Hands on every line that is there now. */
    private interface Lines {
        void each(Consumer<String> reader);
    }

    /** The log that the options name, or the API server's pod's. */
    static AuditLog of(KubernetesClient client, Options options) {
        if (options.auditLog().isPresent()) {
            Path file = options.auditLog().get();
            return new AuditLog(
                    file.toString(),
                    reader -> lines(file, reader),
                    Files.isReadable(file)
                            ? Optional.empty()
                            : Optional.of("the audit log " + file + " can't be read here: run where it is, or name a"
                                    + " copy that is kept up to date"));
        }
        try {
            Optional<Pod> server = client
                    .pods()
                    .inNamespace("kube-system")
                    .withLabel("component", "kube-apiserver")
                    .list()
                    .getItems()
                    .stream()
                    .findFirst();
            return server.map(pod -> of(client, pod.getMetadata().getName()))
                    .orElseGet(() -> unreadable("no log was named (--audit-log), and the API server runs"
                            + " in no pod of kube-system that could be read instead"));
        } catch (KubernetesClientException e) {
            return unreadable(
                    "no log was named (--audit-log), and the pods of kube-system can't be read: " + Ground.said(e));
        }
    }

    private static AuditLog of(KubernetesClient client, String pod) {
        return new AuditLog(
                "the log of pod kube-system/" + pod,
                reader -> client.pods()
                        .inNamespace("kube-system")
                        .withName(pod)
                        .sinceTime(Instant.now().minus(Duration.ofMinutes(2)).toString())
                        .getLog()
                        .lines()
                        .forEach(reader),
                Optional.empty());
    }

    private static AuditLog unreadable(String why) {
        return new AuditLog("", reader -> {}, Optional.of(why));
    }

    /** What it is called in reports. */
    String name() {
        return name;
    }

    /** Why it can't be read; empty where it can. */
    Optional<String> unreadable() {
        return unreadable;
    }

    /** Whether it holds no event at all. */
    boolean quiet() {
        boolean[] any = {false};
        lines.each(line -> any[0] |= line.contains("audit.k8s.io"));
        return !any[0];
    }

    private static void lines(Path file, Consumer<String> reader) {
        // A log that is being written may end in half a character, which must not stop the reading.
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                reader.accept(line);
            }
        } catch (IOException e) {
            // Rotated away in this moment: it is read again.
        }
    }

    /** The lines that hold a marker, once they are enough or the time is over. */
    List<String> lines(String marker, Duration limit, Predicate<List<String>> enough) {
        Instant end = Instant.now().plus(limit);
        while (true) {
            List<String> found = new ArrayList<>();
            lines.each(line -> {
                if (line.contains(marker)) {
                    found.add(line);
                }
            });
            if (enough.test(found) || Instant.now().isAfter(end)) {
                return found;
            }
            try {
                Thread.sleep(500);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return found;
            }
        }
    }
}
