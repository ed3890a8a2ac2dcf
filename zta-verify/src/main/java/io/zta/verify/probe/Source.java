package io.zta.verify.probe;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * A pod of the prober's: where it runs and what it wears.
 *
 * @param name short, unique within a run
 * @param namespace an existing namespace
 * @param labels labels beside the prober's own
 * @param annotations annotations
 */
record Source(String name, String namespace, Map<String, String> labels, Map<String, String> annotations) {
    static final String INJECT = "sidecar.istio.io/inject";

    Source {
        labels = Collections.unmodifiableMap(new TreeMap<>(labels));
        annotations = Collections.unmodifiableMap(new TreeMap<>(annotations));
    }

    /** Without a sidecar. */
    static Source plain(String name, String namespace, Map<String, String> labels) {
        return new Source(name, namespace, with(labels, INJECT, "false"), Map.of());
    }

    /** With a sidecar. */
    static Source meshed(String name, String namespace, Map<String, String> labels) {
        return new Source(name, namespace, with(labels, INJECT, "true"), Map.of());
    }

    /** As the namespace makes it, with connections that leave past the sidecar where there is one. */
    static Source uncaptured(String name, String namespace) {
        return new Source(
                name, namespace, Map.of(), Map.of("traffic.sidecar.istio.io/excludeOutboundIPRanges", "0.0.0.0/0"));
    }

    private static Map<String, String> with(Map<String, String> labels, String key, String value) {
        Map<String, String> more = new TreeMap<>(labels);
        more.put(key, value);
        return more;
    }
}
