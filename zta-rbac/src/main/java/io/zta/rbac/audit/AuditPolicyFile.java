package io.zta.rbac.audit;

import io.zta.Posture;
import io.zta.compile.Extra;

/** Renders the audit policy of a posture: a file of the API server's, which is no object and can't be applied. */
public final class AuditPolicyFile {
    /** The file's name among the extras. */
    public static final String NAME = "audit-policy.yaml";

    private AuditPolicyFile() {}

    /** The policy with the API server's flags as comments. It is the same for every posture, as a cluster has only one. */
    public static Extra of(Posture posture) {
        return new Extra(NAME, """
                # Audit policy for %s. Give it to every API server of the cluster:
                #   --audit-policy-file=/etc/kubernetes/audit-policy.yaml
                #   --audit-log-path=/var/log/kubernetes/audit.log
                #   --audit-log-maxage=30 --audit-log-maxbackup=10 --audit-log-maxsize=100
                # Where the API server runs as a static pod, mount the file and the log's directory into it.
                apiVersion: audit.k8s.io/v1
                kind: Policy
                rules:
                # Every way into a container, whatever the verb: kubectl opens exec with GET or POST. An event when the
                # stream opens (ResponseStarted), and one when it ends.
                - level: Metadata
                  omitStages: [RequestReceived]
                  resources:
                  - group: ""
                    resources:
                    - pods/exec
                    - pods/attach
                    - pods/portforward
                    - pods/ephemeralcontainers
                    - pods/proxy
                    - services/proxy
                    - nodes/proxy
                    - serviceaccounts/token
                # What keeps the ways shut: rights, policies and the namespaces' labels, with what was written.
                - level: Request
                  omitStages: [RequestReceived]
                  verbs: [create, update, patch, delete, deletecollection]
                  resources:
                  - group: ""
                    resources: [namespaces, "namespaces/*"]
                  - group: rbac.authorization.k8s.io
                  - group: admissionregistration.k8s.io
                  - group: certificates.k8s.io
                  - group: networking.k8s.io
                  - group: policy.networking.k8s.io
                  - group: security.istio.io
                  - group: networking.istio.io
                  - group: zta.io
                # The server asked about itself.
                - level: None
                  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"]
                # All the rest without its content, which may be secret.
                - level: Metadata
                  omitStages: [RequestReceived]
                """.formatted(posture));
    }
}
