package io.zta.rbac.audit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Reads the attempts to get into containers out of an audit log: JSON lines of {@code audit.k8s.io/v1} events, as
 * {@code --audit-log-path} writes them. Streams: memory does not grow with the log. Rules AUD-40 to AUD-46.
 */
public final class AuditLog {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int REMEMBERED = 16_384;
    private static final int NAMED = 5;

    /** A line holds one of these, or is no attempt and is not parsed. */
    private static final List<byte[]> MARKS = marks();

    private final Consumer<Attempt> attempts;
    private final Map<String, Boolean> seen = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };
    private final List<Long> damagedLines = new ArrayList<>();
    private long lines;
    private long damaged;

    private AuditLog(Consumer<Attempt> attempts) {
        this.attempts = attempts;
    }

    /**
     * An attempt to get into a container.
     *
     * @param bypass the row of the catalogue, such as {@code API-exec}
     * @param time when it was received, as the event has it
     * @param user who authenticated
     * @param groups the groups of who authenticated
     * @param impersonated whom they acted as; empty where nobody
     * @param verb the verb
     * @param resource the resource with its subresource
     * @param namespace the namespace, or empty
     * @param name the name of the pod, Service, node or account
     * @param code the status code
     */
    public record Attempt(
            String bypass,
            String time,
            String user,
            Set<String> groups,
            String impersonated,
            String verb,
            String resource,
            String namespace,
            String name,
            int code) {
        public Attempt {
            groups = java.util.Collections.unmodifiableSet(new TreeSet<>(groups));
        }

        /** What came of it, by the status code: an admission denial has the authorizer's "allow". */
        public Outcome outcome() {
            if (code == 101 || code >= 200 && code < 300) {
                return Outcome.GOT_IN;
            }
            return code == 401 || code == 403 || code == 422 ? Outcome.REFUSED : Outcome.FAILED;
        }
    }

    /** What came of an attempt. */
    public enum Outcome {
        /** The stream was opened, or the request was answered. */
        GOT_IN,
        /** Authorization or admission refused it. */
        REFUSED,
        /** It failed for another reason, such as a pod that is not there. */
        FAILED
    }

    /**
     * What was read.
     *
     * @param lines how many lines
     * @param damaged how many of them are no whole event
     * @param damagedLines the numbers of the first of these, from 1
     */
    public record Summary(long lines, long damaged, List<Long> damagedLines) {
        public Summary {
            damagedLines = List.copyOf(damagedLines);
        }
    }

    private static List<byte[]> marks() {
        List<byte[]> marks = new ArrayList<>();
        for (String sub : List.of("exec", "attach", "portforward", "ephemeralcontainers", "proxy", "token")) {
            marks.add(("\"subresource\":\"" + sub + "\"").getBytes(StandardCharsets.UTF_8));
        }
        return marks;
    }

    /**
     * Hands on each attempt once, in the order of the log.
     *
     * @throws IOException if the stream fails
     */
    public static Summary read(InputStream in, Consumer<Attempt> attempts) throws IOException {
        return new AuditLog(attempts).read(in);
    }

    private Summary read(InputStream in) throws IOException {
        byte[] buffer = new byte[1 << 18];
        int filled = 0;
        int count = in.read(buffer, 0, buffer.length);
        while (count >= 0) {
            filled += count;
            int start = 0;
            for (int i = filled - count; i < filled; i++) {
                if (buffer[i] == '\n') {
                    line(buffer, start, i);
                    start = i + 1;
                }
            }
            System.arraycopy(buffer, start, buffer, 0, filled - start);
            filled -= start;
            if (filled == buffer.length) {
                buffer = Arrays.copyOf(buffer, buffer.length * 2);
            }
            count = in.read(buffer, filled, buffer.length - filled);
        }
        if (filled > 0) {
            line(buffer, 0, filled);
        }
        return new Summary(lines, damaged, damagedLines);
    }

    private void line(byte[] buffer, int from, int to) {
        int end = to;
        while (end > from && (buffer[end - 1] == '\r' || buffer[end - 1] == ' ')) {
            end--;
        }
        lines++;
        if (end == from) {
            return;
        }
        if (buffer[from] != '{' || buffer[end - 1] != '}') {
            damage();
            return;
        }
        int start = from;
        int stop = end;
        if (MARKS.stream().anyMatch(mark -> contains(buffer, start, stop, mark))) {
            try (JsonParser parser = JSON.createParser(buffer, from, end - from)) {
                event(parser);
            } catch (IOException e) {
                damage();
            }
        }
    }

    private void damage() {
        damaged++;
        if (damagedLines.size() < NAMED) {
            damagedLines.add(lines);
        }
    }

    private static boolean contains(byte[] buffer, int from, int to, byte[] mark) {
        int last = to - mark.length;
        // The byte that is rare in events comes first: the letter after the value's quote.
        int probe = mark.length - 3;
        outer:
        for (int i = from; i <= last; i++) {
            if (buffer[i + probe] != mark[probe] || buffer[i] != '"') {
                continue;
            }
            for (int j = 1; j < mark.length; j++) {
                if (buffer[i + j] != mark[j]) {
                    continue outer;
                }
            }
            return true;
        }
        return false;
    }

    /** The fields of an event that are looked at. */
    private static final class Event {
        private final Map<String, String> texts = new LinkedHashMap<>();
        private final Set<String> groups = new TreeSet<>();

        String get(String path) {
            return texts.getOrDefault(path, "");
        }
    }

    private void event(JsonParser parser) throws IOException {
        Event event = new Event();
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            damage();
            return;
        }
        fields(parser, "", event);
        if (!event.get("kind").equals("Event")) {
            damage();
            return;
        }
        attempt(event);
    }

    private static void fields(JsonParser parser, String path, Event event) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (name == null) {
                throw new IOException("no object");
            }
            String here = path.isEmpty() ? name : path + "." + name;
            JsonToken value = parser.nextToken();
            if (value == JsonToken.START_OBJECT) {
                if (Set.of("user", "impersonatedUser", "objectRef", "responseStatus")
                        .contains(here)) {
                    fields(parser, here, event);
                } else {
                    parser.skipChildren();
                }
            } else if (value == JsonToken.START_ARRAY) {
                if (here.equals("user.groups")) {
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        event.groups.add(parser.getText());
                    }
                } else {
                    parser.skipChildren();
                }
            } else {
                event.texts.put(here, parser.getText());
            }
        }
    }

    private void attempt(Event event) {
        String stage = event.get("stage");
        if (!stage.equals("ResponseStarted") && !stage.equals("ResponseComplete")) {
            return;
        }
        String bypass = bypass(event);
        if (bypass.isEmpty() || seen.put(event.get("auditID"), true) != null) {
            return; // of a stream there is an event when it opens and one when it ends
        }
        String code = event.get("responseStatus.code");
        attempts.accept(new Attempt(
                bypass,
                event.get("requestReceivedTimestamp"),
                event.get("user.username"),
                event.groups,
                event.get("impersonatedUser.username"),
                event.get("verb"),
                event.get("objectRef.resource") + "/" + event.get("objectRef.subresource"),
                event.get("objectRef.namespace"),
                event.get("objectRef.name"),
                code.matches("[0-9]{3}") ? Integer.parseInt(code) : 0));
    }

    private static String bypass(Event event) {
        if (!event.get("objectRef.apiGroup").isEmpty()) {
            return "";
        }
        String user = event.get("user.username");
        return switch (event.get("objectRef.resource") + "/" + event.get("objectRef.subresource")) {
            case "pods/exec" -> "API-exec";
            case "pods/attach" -> "API-attach";
            case "pods/portforward" -> "API-portforward";
            case "pods/ephemeralcontainers" -> event.get("verb").equals("get") ? "" : "API-ephemeral";
            case "pods/proxy", "services/proxy" -> "API-proxy";
            case "nodes/proxy" -> "API-node";
            // Kubelets fetch the tokens of the pods they run.
            case "serviceaccounts/token" -> user.startsWith("system:node:") ? "" : "API-token";
            default -> "";
        };
    }
}
