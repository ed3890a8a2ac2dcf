package io.zta.verify.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Subject;
import io.zta.verify.probe.Impersonation.Reply;
import io.zta.verify.probe.Impersonation.Who;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
        AuditLog log = AuditLog.of(client, options);
        if (log.unreadable().isPresent()) {
            return List.of(unknown(log.unreadable().get()));
        }
        Map<String, String> found = named(log.lines(
                "zta-probe-audit-" + marker, WAIT, lines -> named(lines).size() >= sent.size()));
        List<Check> checks = new ArrayList<>();
        sent.forEach((name, entry) -> {
            Optional<String> event = Optional.ofNullable(found.get(name));
            checks.add(new Check(
                    5,
                    "audit/" + entry.verb() + "-" + entry.resource() + "/" + entry.subresource(),
                    "an attempt at " + entry.display() + " is in the audit log",
                    Answer.ALLOWED,
                    event.isPresent() ? Answer.ALLOWED : Answer.DENIED,
                    event.orElse("no event names " + name + " within " + WAIT.toSeconds() + " s in " + log.name())));
        });
        boolean none = found.isEmpty();
        if (none && log.quiet()) {
            return List.of(unknown(log.name() + " holds no audit event at all: it is not the log of this API server, or"
                    + " nothing is recorded"));
        }
        return checks;
    }

    private static Check unknown(String why) {
        return new Check(
                5, "audit/log", "attempts to enter a container are recorded", Answer.ALLOWED, Answer.INCONCLUSIVE, why);
    }

    /** What was recorded, by name: a request has a line for each of its stages. */
    private static Map<String, String> named(List<String> lines) {
        Map<String, String> found = new LinkedHashMap<>();
        lines.forEach(line -> note(line, found));
        return found;
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
