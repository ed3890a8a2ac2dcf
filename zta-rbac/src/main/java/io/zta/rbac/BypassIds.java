package io.zta.rbac;

import java.util.List;

/** Ids of findings, hints and rules for the API rows of the catalogue of bypasses. */
final class BypassIds {
    private static final List<String> ROWS = List.of(
            "exec",
            "attach",
            "portforward",
            "ephemeral",
            "proxy",
            "node",
            "hostpod",
            "create",
            "token",
            "impersonate",
            "rbac",
            "csr",
            "webhook",
            "policy",
            "gc");

    private BypassIds() {}

    /** {@code ZTA-API-001} for exec, and so on in the order of the catalogue. */
    static String finding(String bypass) {
        int index = ROWS.indexOf(bypass.replaceFirst("^API-", ""));
        return String.format(java.util.Locale.ROOT, "ZTA-API-%03d", index + 1);
    }

    /** What closes the row without taking the grant away, to follow on a fix; empty where nothing does. */
    static String hint(String bypass) {
        return switch (bypass) {
            case "API-exec", "API-attach", "API-portforward", "API-ephemeral", "API-proxy" ->
                "; or have admission refuse it to all who lack the verb enter on containers.zta.io";
            case "API-node" -> "; admission never sees the kubelet asked directly, so no policy closes this";
            case "API-hostpod" -> "; or enforce Pod Security baseline on the namespace that the pod is created in";
            case "API-create" -> "; or have no service account of that namespace hold more than its pods need";
            case "API-webhook" -> "; no admission policy can guard policies and webhooks";
            default -> "";
        };
    }

    /** The rule of docs/semantics that a finding of the row rests on. */
    static String rule(String bypass) {
        return switch (bypass) {
            case "API-exec", "API-attach", "API-portforward" -> "RBAC-17";
            case "API-ephemeral", "API-proxy" -> "RBAC-18";
            case "API-node" -> "RBAC-19";
            case "API-hostpod" -> "RBAC-21";
            case "API-create" -> "RBAC-20";
            case "API-token" -> "RBAC-22";
            case "API-impersonate" -> "RBAC-23";
            case "API-rbac" -> "RBAC-15";
            case "API-csr" -> "RBAC-24";
            default -> "RBAC-25";
        };
    }
}
