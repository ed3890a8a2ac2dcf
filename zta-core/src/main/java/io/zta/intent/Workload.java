package io.zta.intent;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Names workloads as a posture means them: pods by namespace and labels, and, where the mesh is to know them, by the
 * service account they run as. Immutable.
 *
 * @param namespace the namespace; empty for the posture's own
 * @param labels labels the pods carry; empty for every pod. Whoever may edit pods may edit these
 * @param serviceAccount the service account whose mTLS identity is meant; empty for any identity of the namespace
 */
public record Workload(Optional<String> namespace, Map<String, String> labels, Optional<String> serviceAccount) {
    public Workload {
        labels = java.util.Collections.unmodifiableMap(new TreeMap<>(labels));
    }

    /** Every pod of the posture's namespace. */
    public static Workload all() {
        return new Workload(Optional.empty(), Map.of(), Optional.empty());
    }

    /** Pods with this label. */
    public static Workload labelled(String key, String value) {
        return new Workload(Optional.empty(), Map.of(key, value), Optional.empty());
    }

    /** Every pod of a namespace. */
    public static Workload inNamespace(String namespace) {
        return new Workload(Optional.of(namespace), Map.of(), Optional.empty());
    }

    /** The same, with a further label. */
    public Workload andLabelled(String key, String value) {
        Map<String, String> more = new TreeMap<>(labels);
        more.put(key, value);
        return new Workload(namespace, more, serviceAccount);
    }

    /** The same, in that namespace. */
    public Workload in(String otherNamespace) {
        return new Workload(Optional.of(otherNamespace), labels, serviceAccount);
    }

    /** The same, running as that service account. */
    public Workload as(String account) {
        return new Workload(namespace, labels, Optional.of(account));
    }

    /** The namespace, or the given one. */
    public String namespaceOr(String own) {
        return namespace.orElse(own);
    }

    /** {@code app=web in shop as web-sa}, leaving out what is open. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        labels.forEach((key, value) ->
                out.append(out.isEmpty() ? "" : ",").append(key).append('=').append(value));
        if (out.isEmpty()) {
            out.append("all pods");
        }
        namespace.ifPresent(name -> out.append(" in ").append(name));
        serviceAccount.ifPresent(name -> out.append(" as ").append(name));
        return out.toString();
    }
}
