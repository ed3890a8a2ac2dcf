package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.zta.rbac.Identity;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What an audit log (JSON lines of audit.k8s.io/v1) says of some namespaces: who entered containers, who was warned by
 * admission policies that do not deny yet, and which sessions have not ended.
 *
 * @param entries how often somebody asked to enter and was let
 * @param warnings how often a policy would have refused somebody, by user name
 * @param sessions streams that started and whose end is not in the log
 */
public record AuditTrail(Map<Identity, Integer> entries, Map<String, Integer> warnings, List<String> sessions) {
    private static final Set<String> WAYS = Set.of("exec", "attach", "portforward");

    /**
     * Reads a log, line by line.
     *
     * @throws ApplyException if the file can't be read; a line that is no event is left out
     */
    public static AuditTrail read(Path file, List<String> namespaces) {
        Map<Identity, Integer> entries = new TreeMap<>(Comparator.comparing(Identity::user)
                .thenComparing(identity -> identity.groups().toString()));
        Map<String, Integer> warnings = new TreeMap<>();
        Map<String, String> open = new LinkedHashMap<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            String line;
            while ((line = reader.readLine()) != null) {
                if (line.contains("\"objectRef\"")) {
                    event(line, namespaces, entries, warnings, open);
                }
            }
        } catch (IOException e) {
            throw new ApplyException(
                    ApplyException.Reason.USAGE,
                    "The audit log " + file + " can't be read: " + e.getMessage()
                            + ". Name the file of --audit-log-path, or leave the option out.");
        }
        return new AuditTrail(entries, warnings, new ArrayList<>(open.values()));
    }

    private static void event(
            String line,
            List<String> namespaces,
            Map<Identity, Integer> entries,
            Map<String, Integer> warnings,
            Map<String, String> open) {
        JsonNode event;
        try {
            event = Json.parse(line);
        } catch (IllegalArgumentException e) {
            return;
        }
        JsonNode object = event.path("objectRef");
        if (!namespaces.contains(object.path("namespace").asText())) {
            return;
        }
        String stage = event.path("stage").asText();
        JsonNode user = event.has("impersonatedUser") ? event.path("impersonatedUser") : event.path("user");
        String name = user.path("username").asText();
        boolean warned = false;
        for (java.util.Iterator<String> keys = event.path("annotations").fieldNames(); keys.hasNext(); ) {
            warned |= keys.next().equals("validation.policy.admission.k8s.io/validation_failure");
        }
        int code = event.path("responseStatus").path("code").asInt();
        if (warned && code != 403 && code != 422 && stage.equals("ResponseComplete")) {
            warnings.merge(name, 1, Integer::sum);
        }
        if (!WAYS.contains(object.path("subresource").asText()) || code >= 400) {
            return;
        }
        String id = event.path("auditID").asText();
        if (stage.equals("ResponseStarted")) {
            open.put(
                    id,
                    name + " " + object.path("subresource").asText() + " "
                            + object.path("namespace").asText() + "/"
                            + object.path("name").asText() + " since "
                            + event.path("stageTimestamp").asText());
        } else if (stage.equals("ResponseComplete") || stage.equals("Panic")) {
            open.remove(id);
            Set<String> groups = new TreeSet<>();
            user.path("groups").forEach(group -> groups.add(group.asText()));
            entries.merge(new Identity(name, groups), 1, Integer::sum);
        }
    }
}
