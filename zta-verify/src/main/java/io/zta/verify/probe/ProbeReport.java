package io.zta.verify.probe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import java.util.List;
import java.util.Locale;

/**
 * What probing a cluster showed. Immutable.
 *
 * @param posture what was probed
 * @param marker what names the run in the cluster and in its audit log
 * @param checks every attempt, by test
 * @param notes what should be known beside them
 * @param alarms live results that contradict the static verdict
 */
public record ProbeReport(Posture posture, String marker, List<Check> checks, List<String> notes, List<String> alarms) {
    /** The words for the tests. */
    static final List<String> TITLES = List.of(
            "the ground: does this cluster enforce at all",
            "network: direct connections to protected ports",
            "API: ways into a container",
            "mTLS: plaintext and identity",
            "legitimate traffic through the gateway",
            "audit: attempts are recorded");

    public ProbeReport {
        checks = List.copyOf(checks);
        notes = List.copyOf(notes);
        alarms = List.copyOf(alarms);
    }

    /** The same with alarms. */
    public ProbeReport withAlarms(List<String> more) {
        return new ProbeReport(posture, marker, checks, notes, more);
    }

    /** The worst of a test's checks: FAIL, else INCONCLUSIVE, else PASS; INCONCLUSIVE where it has none. */
    public Check.Status status(int test) {
        return worst(checks.stream().filter(check -> check.test() == test).toList());
    }

    /** The worst of all checks. */
    public Check.Status status() {
        return worst(checks);
    }

    private static Check.Status worst(List<Check> checks) {
        if (checks.stream().anyMatch(check -> check.status() == Check.Status.FAIL)) {
            return Check.Status.FAIL;
        }
        boolean open = checks.stream().anyMatch(check -> check.status() == Check.Status.INCONCLUSIVE);
        return open || checks.isEmpty() ? Check.Status.INCONCLUSIVE : Check.Status.PASS;
    }

    /** 0 where everything passed, 1 where a check failed or the static verdict is contradicted, 3 where one is open. */
    public int exitCode() {
        if (!alarms.isEmpty()) {
            return 1;
        }
        return switch (status()) {
            case PASS -> 0;
            case FAIL -> 1;
            case INCONCLUSIVE -> 3;
        };
    }

    /** As text, one line for each check. */
    public String text() {
        StringBuilder out = new StringBuilder("probe of " + posture + ", run " + marker + "\n");
        for (int test = 0; test <= 5; test++) {
            int number = test;
            List<Check> own =
                    checks.stream().filter(check -> check.test() == number).toList();
            if (own.isEmpty()) {
                continue;
            }
            out.append('\n')
                    .append(test == 0 ? "" : "Test " + test + " ")
                    .append(TITLES.get(test))
                    .append(": ")
                    .append(status(test).name().toLowerCase(Locale.ROOT))
                    .append('\n');
            for (Check check : own) {
                out.append("  ")
                        .append(String.format(
                                Locale.ROOT, "%-13s", check.status().name().toLowerCase(Locale.ROOT)))
                        .append(check.what())
                        .append(": ")
                        .append(check.seen().text())
                        .append(
                                check.status() == Check.Status.FAIL
                                        ? ", expected " + check.expected().text()
                                        : "")
                        .append(" (")
                        .append(check.detail())
                        .append(")\n");
            }
        }
        alarms.forEach(alarm -> out.append("\nALARM  ").append(alarm).append('\n'));
        if (!notes.isEmpty()) {
            out.append('\n');
            notes.forEach(note -> out.append("note  ").append(note).append('\n'));
        }
        return out.toString();
    }

    /** As indented JSON. */
    public String json() {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode();
        root.put("posture", posture.id());
        root.put("run", marker);
        root.put("status", status().name().toLowerCase(Locale.ROOT));
        ArrayNode list = root.putArray("checks");
        for (Check check : checks) {
            ObjectNode node = list.addObject();
            node.put("test", check.test());
            node.put("id", check.id());
            node.put("what", check.what());
            node.put("expected", check.expected().text());
            node.put("seen", check.seen().text());
            node.put("status", check.status().name().toLowerCase(Locale.ROOT));
            node.put("detail", check.detail());
        }
        ArrayNode alarmList = root.putArray("alarms");
        alarms.forEach(alarmList::add);
        ArrayNode noteList = root.putArray("notes");
        notes.forEach(noteList::add);
        try {
            return mapper.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write a report as JSON", e);
        }
    }

    /** As TAP version 14: an inconclusive check is not ok, since a pipeline must not take it for proof. */
    public String tap() {
        StringBuilder out = new StringBuilder("TAP version 14\n1.." + checks.size() + "\n");
        int number = 0;
        for (Check check : checks) {
            number++;
            out.append(check.status() == Check.Status.PASS ? "ok " : "not ok ")
                    .append(number)
                    .append(" - ")
                    .append((check.id() + " " + check.what()).replace("#", "\\#"))
                    .append('\n');
            if (check.status() != Check.Status.PASS) {
                out.append("  ---\n  status: ")
                        .append(check.status().name().toLowerCase(Locale.ROOT))
                        .append("\n  expected: ")
                        .append(check.expected().text())
                        .append("\n  seen: ")
                        .append(check.seen().text())
                        .append("\n  detail: \"")
                        .append(check.detail()
                                .replace("\\", "\\\\")
                                .replace("\"", "\\\"")
                                .replace("\n", " "))
                        .append("\"\n  ...\n");
            }
        }
        return out.toString();
    }

    /** As JUnit XML: a failure where a check failed, an error where it is inconclusive. */
    public String junit() {
        StringBuilder out = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        for (int test = 0; test <= 5; test++) {
            int number = test;
            List<Check> own =
                    checks.stream().filter(check -> check.test() == number).toList();
            if (own.isEmpty()) {
                continue;
            }
            out.append("  <testsuite name=\"")
                    .append(escape(TITLES.get(test)))
                    .append("\" tests=\"")
                    .append(own.size());
            out.append("\" failures=\"").append(count(own, Check.Status.FAIL));
            out.append("\" errors=\"")
                    .append(count(own, Check.Status.INCONCLUSIVE))
                    .append("\">\n");
            for (Check check : own) {
                out.append("    <testcase classname=\"zta.probe\" name=\"")
                        .append(escape(check.id()))
                        .append("\">");
                String element = switch (check.status()) {
                    case PASS -> "";
                    case FAIL -> "failure";
                    case INCONCLUSIVE -> "error";
                };
                if (!element.isEmpty()) {
                    out.append('<').append(element).append(" message=\"").append(escape(check.what()));
                    out.append(": ")
                            .append(check.seen().text())
                            .append(", expected ")
                            .append(check.expected().text());
                    out.append("\">")
                            .append(escape(check.detail()))
                            .append("</")
                            .append(element)
                            .append('>');
                }
                out.append("</testcase>\n");
            }
            out.append("  </testsuite>\n");
        }
        return out.append("</testsuites>\n").toString();
    }

    private static long count(List<Check> checks, Check.Status status) {
        return checks.stream().filter(check -> check.status() == status).count();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replaceAll("[\\p{Cntrl}&&[^\\n\\t]]", "?");
    }
}
