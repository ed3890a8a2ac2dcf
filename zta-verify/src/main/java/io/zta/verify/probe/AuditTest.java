package io.zta.verify.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import io.zta.intent.Subject;
import io.zta.verify.probe.Impersonation.Reply;
import io.zta.verify.probe.Impersonation.Who;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Test 5: attempts to enter a container are in the audit log. Each way in is asked for under a name that nothing else has,
 * and the log is searched for that name.
 */
final class AuditTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration WAIT = Duration.ofSeconds(20);

    private AuditTest() {}

    static List<Check> run(Posture posture, KubernetesClient client, Options options, String marker) {
        Optional<Subject> subject = posture.noExec().stream().findFirst();
        Who who = subject.map(Who::of).orElse(new Who(Who.MEMBER, List.of()));
        String namespace = posture.namespaces().get(0);
        Impersonation requests = new Impersonation(client);
        Map<String, ApiEntry> sent = new LinkedHashMap<>();
        for (int i = 0; i < ApiEntry.ALL.size(); i++) {
            ApiEntry entry = ApiEntry.ALL.get(i);
            String name = "zta-probe-audit-" + marker + "-" + i;
            Reply reply = requests.send(who, entry.method(), entry.path(namespace, name), "application/json", "{}");
            if (reply.notImpersonated() || reply.code() == 0) {
                return List.of(unknown("the attempt could not be made in the name of " + who.user() + ": "
                        + (reply.code() == 0 ? reply.body() : "impersonation is refused")));
            }
            sent.put(name, entry);
        }
        Source log = log(client, options);
        if (log.unreadable.isPresent()) {
            return List.of(unknown(log.unreadable.get()));
        }
        Map<String, String> found = search(log, "zta-probe-audit-" + marker, sent.size());
        List<Check> checks = new ArrayList<>();
        sent.forEach((name, entry) -> {
            Optional<String> event = Optional.ofNullable(found.get(name));
            checks.add(new Check(
                    5,
                    "audit/" + entry.verb() + "-" + entry.resource() + "/" + entry.subresource(),
                    "an attempt at " + entry.display() + " is in the audit log",
                    Answer.ALLOWED,
                    event.isPresent() ? Answer.ALLOWED : Answer.DENIED,
                    event.orElse("no event names " + name + " within " + WAIT.toSeconds() + " s in " + log.name)));
        });
        boolean none = found.isEmpty();
        if (none && log.quiet()) {
            return List.of(unknown(log.name + " holds no audit event at all: it is not the log of this API server, or"
                    + " nothing is recorded"));
        }
        return checks;
    }

    private static Check unknown(String why) {
        return new Check(
                5, "audit/log", "attempts to enter a container are recorded", Answer.ALLOWED, Answer.INCONCLUSIVE, why);
    }

    /** Where events are read. */
    private static final class Source {
        private final String name;
        private final Lines lines;
        private final Optional<String> unreadable;

        Source(String name, Lines lines, Optional<String> unreadable) {
            this.name = name;
            this.lines = lines;
            this.unreadable = unreadable;
        }

        boolean quiet() {
            boolean[] any = {false};
            lines.each(line -> any[0] |= line.contains("audit.k8s.io"));
            return !any[0];
        }
    }

    /** Hands on every line that is there now. */
    private interface Lines {
        void each(Consumer<String> reader);
    }

    private static Source log(KubernetesClient client, Options options) {
        if (options.auditLog().isPresent()) {
            Path file = options.auditLog().get();
            return new Source(
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
            if (server.isEmpty()) {
                return new Source(
                        "",
                        reader -> {},
                        Optional.of("no log was named (--audit-log), and the API server runs"
                                + " in no pod of kube-system that could be read instead"));
            }
            String name = server.get().getMetadata().getName();
            return new Source(
                    "the log of pod kube-system/" + name,
                    reader -> client.pods()
                            .inNamespace("kube-system")
                            .withName(name)
                            .sinceTime(
                                    Instant.now().minus(Duration.ofMinutes(2)).toString())
                            .getLog()
                            .lines()
                            .forEach(reader),
                    Optional.empty());
        } catch (KubernetesClientException e) {
            return new Source(
                    "",
                    reader -> {},
                    Optional.of("no log was named (--audit-log), and the pods of kube-system" + " can't be read: "
                            + Ground.said(e)));
        }
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

    private static Map<String, String> search(Source log, String marker, int wanted) {
        Instant end = Instant.now().plus(WAIT);
        Map<String, String> found = new LinkedHashMap<>();
        while (true) {
            log.lines.each(line -> {
                if (line.contains(marker)) {
                    note(line, found);
                }
            });
            if (found.size() >= wanted || Instant.now().isAfter(end)) {
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

    private static void note(String line, Map<String, String> found) {
        int start = line.indexOf('{');
        if (start < 0) {
            return;
        }
        try {
            JsonNode event = JSON.readTree(line.substring(start));
            JsonNode object = event.path("objectRef");
            String who = event.path("impersonatedUser")
                    .path("username")
                    .asText(event.path("user").path("username").asText());
            found.put(
                    object.path("name").asText(),
                    event.path("stage").asText() + ": " + who + " "
                            + event.path("verb").asText() + " "
                            + object.path("resource").asText() + "/"
                            + object.path("subresource").asText() + " "
                            + event.path("responseStatus").path("code").asText());
        } catch (JsonProcessingException e) {
            // A line that is being written; it is read again.
        }
    }
}
