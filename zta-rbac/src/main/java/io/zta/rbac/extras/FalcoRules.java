package io.zta.rbac.extras;

import io.zta.Posture;
import io.zta.compile.Extra;

/**
 * Renders alerts on the API server's audit events for Falco, by its documented rule format with the {@code k8saudit} source:
 * entry into protected containers, tokens and rights that lead there, and changes to what protects them.
 */
public final class FalcoRules {
    /** The file's name among the extras. */
    public static final String NAME = "falco-rules.yaml";

    private FalcoRules() {}

    /** The rules for the namespaces of a posture. */
    public static Extra of(Posture posture) {
        String namespaces = String.join(", ", posture.namespaces());
        StringBuilder text = new StringBuilder("""
                # Falco rules for %s. They read audit events: run Falco with the k8saudit plugin, and the API server with the
                # audit policy that zta render --audit-policy prints.
                - required_plugin_versions:
                  - name: k8saudit
                    version: 0.7.0

                - list: zta_namespaces
                  items: [%s]

                - list: zta_entry
                  items: [exec, attach, portforward, ephemeralcontainers, proxy]

                - macro: zta_answered
                  condition: ka.stage in (ResponseStarted, ResponseComplete)
                """.formatted(posture, namespaces));
        rule(
                text,
                "Entry into a protected container",
                "A stream into a container of a protected namespace was opened (API-exec and its kin).",
                "zta_answered and ka.target.namespace in (zta_namespaces) and ka.target.subresource in (zta_entry)"
                        + " and ka.response.code in (101, 200, 201)",
                "CRITICAL",
                "T1609");
        rule(
                text,
                "Refused entry into a protected container",
                "Somebody tried to get into a container of a protected namespace and was refused.",
                "zta_answered and ka.target.namespace in (zta_namespaces) and ka.target.subresource in (zta_entry)"
                        + " and ka.response.code in (403, 422)",
                "WARNING",
                "T1609");
        rule(
                text,
                "Kubelet asked through the API server",
                "nodes/proxy reaches every container of a node (API-node).",
                "zta_answered and ka.target.resource = nodes and ka.target.subresource = proxy",
                "CRITICAL",
                "T1609");
        rule(
                text,
                "Token of a protected service account",
                "A token was minted by another than the node that runs the pod (API-token).",
                "zta_answered and ka.target.namespace in (zta_namespaces) and ka.target.resource = serviceaccounts"
                        + " and ka.target.subresource = token and not ka.user.name startswith \"system:node:\"",
                "WARNING",
                "T1528");
        rule(
                text,
                "Protection of a namespace changed",
                "A network policy or a policy of the mesh was written or deleted (API-policy, API-gc).",
                "zta_answered and ka.target.namespace in (zta_namespaces) and ka.verb in (create, update, patch, delete,"
                        + " deletecollection) and ka.target.resource in (networkpolicies, peerauthentications,"
                        + " requestauthentications, authorizationpolicies, envoyfilters, sidecars)",
                "WARNING",
                "T1562");
        rule(
                text,
                "Admission changed",
                "No admission policy can guard admission itself (API-webhook).",
                "zta_answered and ka.verb in (create, update, patch, delete, deletecollection) and ka.target.resource in"
                        + " (validatingadmissionpolicies, validatingadmissionpolicybindings, mutatingadmissionpolicies,"
                        + " mutatingadmissionpolicybindings, validatingwebhookconfigurations,"
                        + " mutatingwebhookconfigurations)",
                "CRITICAL",
                "T1562");
        return new Extra(NAME, text.toString());
    }

    private static void rule(
            StringBuilder text, String name, String description, String condition, String priority, String technique) {
        text.append("""

                - rule: %s
                  desc: %s
                  condition: >
                    %s
                  output: >
                    %s (user=%%ka.user.name as=%%ka.impuser.name verb=%%ka.verb namespace=%%ka.target.namespace
                    target=%%ka.target.resource/%%ka.target.name/%%ka.target.subresource code=%%ka.response.code)
                  priority: %s
                  source: k8s_audit
                  tags: [zta, k8s, mitre_%s]
                """.formatted(name, description, condition, name, priority, technique));
    }
}
