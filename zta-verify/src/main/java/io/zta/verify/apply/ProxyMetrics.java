package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plaintext requests that the proxies of some workloads counted in a window: the growth of
 * {@code istio_requests_total} and {@code istio_tcp_connections_opened_total} with {@code reporter="destination"} and
 * {@code connection_security_policy="none"} between two scrapes in Prometheus' text format.
 */
public final class ProxyMetrics {
    private static final Pattern LINE = Pattern.compile(
            "(istio_requests_total|istio_tcp_connections_opened_total)" + "\\{(.*)}\\s+([0-9.eE+]+)(\\s+[0-9]+)?");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    private final String window;
    private final Map<String, Long> plaintext;
    private final int series;

    private ProxyMetrics(String window, Map<String, Long> plaintext, int series) {
        this.window = window;
        this.plaintext = Collections.unmodifiableMap(plaintext);
        this.series = series;
    }

    /**
     * The growth between two scrapes.
     *
     * @param window how the caller calls the window, such as {@code "2026-11-01 to 2026-11-08"}; printed as evidence
     * @param first the scrape at its beginning; empty to count from zero
     * @param last the scrape at its end
     */
    public static ProxyMetrics between(String window, String first, String last) {
        Map<String, Double> before = new TreeMap<>();
        Map<String, Double> after = new TreeMap<>();
        read(first, before);
        int series = read(last, after);
        Map<String, Long> growth = new TreeMap<>();
        after.forEach((key, value) -> {
            double earlier = before.getOrDefault(key, 0.0);
            // A counter that fell was restarted: all it holds came after.
            long more = Math.round(value < earlier ? value : value - earlier);
            if (more > 0) {
                growth.put(key, more);
            }
        });
        return new ProxyMetrics(window, growth, series);
    }

    private static int read(String text, Map<String, Double> into) {
        int series = 0;
        for (String line : text.split("\n")) {
            Matcher matcher = LINE.matcher(line.strip());
            if (!matcher.matches()) {
                continue;
            }
            Map<String, String> labels = new TreeMap<>();
            Matcher label = LABEL.matcher(matcher.group(2));
            while (label.find()) {
                labels.put(label.group(1), label.group(2));
            }
            if (!"destination".equals(labels.get("reporter"))) {
                continue;
            }
            series++;
            if ("none".equals(labels.get("connection_security_policy"))) {
                String key = labels.getOrDefault("source_workload_namespace", "unknown") + "/"
                        + labels.getOrDefault("source_workload", "unknown") + " -> "
                        + labels.getOrDefault("destination_workload_namespace", "unknown") + "/"
                        + labels.getOrDefault("destination_workload", "unknown");
                into.merge(key, Double.parseDouble(matcher.group(3)), Double::sum);
            }
        }
        return series;
    }

    /** As {@link #of} reads it. */
    ObjectNode json() {
        ObjectNode json = Json.MAPPER.createObjectNode().put("window", window).put("series", series);
        plaintext.forEach(json.putObject("plaintext")::put);
        return json;
    }

    static ProxyMetrics of(JsonNode json) {
        Map<String, Long> plaintext = new TreeMap<>();
        json.path("plaintext")
                .properties()
                .forEach(entry -> plaintext.put(entry.getKey(), entry.getValue().asLong()));
        return new ProxyMetrics(
                json.path("window").asText(), plaintext, json.path("series").asInt());
    }

    /** How the caller calls the window. */
    public String window() {
        return window;
    }

    /** How many series of destinations were read; none means that the proxies told nothing. */
    public int series() {
        return series;
    }

    /** Plaintext requests by {@code source -> destination}, one line each. */
    public List<String> plaintextRequests() {
        List<String> lines = new ArrayList<>();
        plaintext.forEach((key, count) -> lines.add(key + ": " + count + " plaintext requests in " + window));
        return lines;
    }
}
