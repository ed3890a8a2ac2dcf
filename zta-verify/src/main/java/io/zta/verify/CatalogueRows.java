package io.zta.verify;

import io.zta.verify.Catalogue.Bypass;
import io.zta.verify.Catalogue.Closing;
import java.util.List;

/** The rows of the catalogue, in the order of its layers. References are written short and spelled out on the way. */
final class CatalogueRows {
    private CatalogueRows() {}

    private static Bypass row(
            String id, String wayIn, String foundBy, String preventedBy, Closing closing, String... references) {
        return new Bypass(
                id,
                wayIn,
                foundBy,
                preventedBy,
                closing,
                List.of(references).stream().map(CatalogueRows::spelled).toList());
    }

    private static String spelled(String reference) {
        if (reference.startsWith("T")) {
            return "MITRE ATT&CK " + reference;
        }
        int dash = reference.indexOf('-');
        String rest = reference.substring(dash + 1);
        return switch (reference.substring(0, dash)) {
            case "CIS" -> "CIS " + rest;
            case "NIST" -> "NIST SP 800-207 tenet " + rest;
            case "NSA" -> "NSA-CISA " + switch (rest) {
                case "POD" -> "Pod security";
                case "NET" -> "Network separation";
                case "AUTH" -> "Authentication and authorization";
                case "AUDIT" -> "Audit logging";
                default -> throw new IllegalArgumentException(reference);
            };
            default -> throw new IllegalArgumentException(reference);
        };
    }

    static List<Bypass> all() {
        return List.of(
            row(
                    "NET-direct",
                    "a pod connects straight to a protected pod's address and port",
                    "every flow between kinds of pods, by all NetworkPolicies",
                    "NetworkPolicy: default deny of ingress and an allow for the gateway alone",
                    Closing.CLOSED,
                    "T1021", "T1046", "CIS-5.3.2", "NSA-NET", "NIST-2", "NIST-6"),
            row(
                    "NET-spoof",
                    "a pod wears the gateway's labels, in its namespace or in the target's",
                    "a peer without namespaceSelector, or who may create pods where the selector matches",
                    "NetworkPolicy: namespaceSelector kubernetes.io/metadata.name and podSelector in one peer; AuthorizationPolicy for the identity",
                    Closing.PARTLY,
                    "T1036", "CIS-5.3.2", "NSA-NET", "NIST-3", "NIST-6"),
            row(
                    "NET-label",
                    "a pod leaves the selected set when somebody edits its labels",
                    "a policy that selects by a label, and who may edit pods or templates",
                    "NetworkPolicy with an empty podSelector; the guard on namespace labels",
                    Closing.CLOSED,
                    "T1562.007", "CIS-5.3.2", "NSA-NET", "NIST-4"),
            row(
                    "NET-node",
                    "a pod with hostNetwork, or the node itself, connects with the node's address",
                    "hostNetwork in pods and templates; who may create such pods; the node is an exception of every claim",
                    "Pod Security baseline or the admission policy on pods; STRICT mTLS behind it",
                    Closing.PARTLY,
                    "T1611", "T1021", "CIS-5.2.5", "NSA-POD", "NSA-NET", "NIST-2"),
            row(
                    "NET-ports",
                    "a port of the pod that no rule thought of, UDP included",
                    "all ports and protocols are evaluated, not the declared ones",
                    "NetworkPolicy: default deny, and allows that name ports",
                    Closing.CLOSED,
                    "T1046", "CIS-5.3.2", "NSA-NET", "NIST-1"),
            row(
                    "NET-tier",
                    "a policy tier above or below NetworkPolicy lets the flow through",
                    "AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy, Cilium's and Calico's kinds that select the pod",
                    "the guard; where the tier's enforcement can't be seen the claim is Unknown",
                    Closing.TRUST,
                    "T1562.007", "NSA-NET", "NIST-4"),
            row(
                    "NET-probe",
                    "a probe or lifecycle hook with a host has the kubelet call the target past every policy",
                    "httpGet.host and tcpSocket.host in pods and templates of all namespaces",
                    "Pod Security baseline from 1.34, or the admission policy on pods",
                    Closing.PARTLY,
                    "T1090", "CIS-5.2.1", "NSA-POD", "NIST-2"),
            row(
                    "MESH-plaintext",
                    "a sidecar accepts plaintext: mode PERMISSIVE or DISABLE at some level",
                    "the mode that applies to each port, by mesh, namespace, workload and port",
                    "PeerAuthentication STRICT, and the guard on weaker ones",
                    Closing.CLOSED,
                    "T1040", "T1557", "NSA-NET", "NIST-2"),
            row(
                    "MESH-port",
                    "a port is turned to plaintext by portLevelMtls",
                    "the winning workload policy's portLevelMtls, keyed by the workload's port",
                    "no such entry, and the guard",
                    Closing.CLOSED,
                    "T1040", "T1562.007", "NSA-NET", "NIST-2"),
            row(
                    "MESH-nosidecar",
                    "a pod runs without a sidecar: injection off, too early, refused by a namespace or label",
                    "containers of running pods; labels, annotations and namespaces for templates",
                    "admission policy on pods: exactly one proxy; the guard on namespace labels",
                    Closing.CLOSED,
                    "T1562.001", "T1610", "NSA-POD", "NIST-2", "NIST-5"),
            row(
                    "MESH-capture",
                    "traffic misses the sidecar: excluded ports or interfaces, interception NONE, another injection template, a false istio-proxy container",
                    "the annotations and containers of pods and templates",
                    "admission policy on pods: none of the capture annotations",
                    Closing.CLOSED,
                    "T1562.001", "T1036", "NSA-POD", "NIST-2"),
            row(
                    "MESH-identity",
                    "an identity too many is let in: wide principals, a second ALLOW, dry-run, a RequestAuthentication without its AuthorizationPolicy, HTTP rules on a TCP port",
                    "all AuthorizationPolicies that act on the pod, in their order",
                    "allow-nothing, one ALLOW with one source, and DENY guards",
                    Closing.CLOSED,
                    "T1078", "T1550.001", "NSA-AUTH", "NIST-3", "NIST-4", "NIST-6"),
            row(
                    "MESH-admin",
                    "the sidecar's own ports: application health on 15020, administration on 15000",
                    "who reaches 15020, 15021 and 15090 by NetworkPolicy; who may enter the container for 15000",
                    "NetworkPolicy without these ports; no entry into containers",
                    Closing.PARTLY,
                    "T1046", "T1609", "NSA-NET", "NIST-1"),
            row(
                    "MESH-netadmin",
                    "a container rewrites the capture rules or goes out past them: NET_ADMIN, privileged, UID 1337",
                    "capabilities, privileged and runAsUser of all containers but the injector's own",
                    "Pod Security baseline, or the admission policy on pods where istio-init needs NET_ADMIN",
                    Closing.CLOSED,
                    "T1562.004", "T1611", "CIS-5.2.2", "CIS-5.2.9", "NSA-POD", "NIST-5"),
            row(
                    "MESH-worn",
                    "another pod wears the gateway's identity: its service account, its token, the CA's key",
                    "who may create pods, mint tokens or read secrets in the gateway's and the root namespace",
                    "the guard on the gateway's service account; the grants have to go",
                    Closing.TRUST,
                    "T1552.007", "T1528", "T1649", "CIS-5.1.2", "CIS-5.1.13", "NSA-AUTH", "NIST-6"),
            row(
                    "MESH-issuer",
                    "a further RequestAuthentication brings an issuer whose tokens count",
                    "request principals that are wider than ISSUER/*, and every RequestAuthentication that acts on the pod",
                    "AuthorizationPolicy with requestPrincipals ISSUER/*; the guard",
                    Closing.CLOSED,
                    "T1550.001", "T1606", "NSA-AUTH", "NIST-6"),
            row(
                    "MESH-route",
                    "somebody else's Gateway, VirtualService or HTTPRoute sends outside traffic to the target",
                    "routes of all namespaces whose destination is protected; who may write some",
                    "the token is checked at the workload; the guard",
                    Closing.PARTLY,
                    "T1090", "NSA-NET", "NIST-4"),
            row(
                    "MESH-protocol",
                    "a Service renames a port, and the TCP chain serves it without the token filter",
                    "the protocol that the oldest Service declares for the port; who may write Services",
                    "DENY guards that hold on both chains; the guard on port protocols",
                    Closing.CLOSED,
                    "T1562.001", "NSA-NET", "NIST-6"),
            row(
                    "MESH-image",
                    "the sidecar's image is another one: proxyImage, a patched pod, a container of that name",
                    "images of istio-proxy and istio-init against the injector's",
                    "admission policy on pods: the injector's image",
                    Closing.CLOSED,
                    "T1525", "T1036", "NSA-POD", "NIST-5"),
            row(
                    "MESH-config",
                    "EnvoyFilter, Sidecar, the mesh's or the injector's ConfigMap change what the proxy does",
                    "objects of these kinds that act on the pod; the ConfigMaps istio and istio-sidecar-injector",
                    "the guard; an EnvoyFilter that acts on the pod makes the claim Unknown",
                    Closing.PARTLY,
                    "T1562.001", "NSA-NET", "NIST-5"),
            row(
                    "API-exec",
                    "pods/exec: a shell in the container",
                    "get or create on pods/exec, wildcards, aggregated roles, edit and admin; escalations that lead to it",
                    "admission policy on CONNECT that lets in holders of the right to enter; a Role without exec",
                    Closing.CLOSED,
                    "T1609", "CIS-5.1.3", "NSA-AUTH", "NIST-3", "NIST-6"),
            row(
                    "API-attach",
                    "pods/attach: the terminal of a running process",
                    "get or create on pods/attach",
                    "the same admission policy",
                    Closing.CLOSED,
                    "T1609", "CIS-5.1.3", "NSA-AUTH", "NIST-3"),
            row(
                    "API-portforward",
                    "pods/portforward: the application's port, over loopback past the sidecar",
                    "get or create on pods/portforward",
                    "the same admission policy",
                    Closing.CLOSED,
                    "T1572", "T1609", "NSA-AUTH", "NIST-2"),
            row(
                    "API-ephemeral",
                    "pods/ephemeralcontainers: code of one's own inside the pod",
                    "update or patch on pods/ephemeralcontainers",
                    "admission policy on UPDATE of pods/ephemeralcontainers",
                    Closing.CLOSED,
                    "T1609", "T1610", "NSA-AUTH", "NIST-3"),
            row(
                    "API-proxy",
                    "pods/proxy and services/proxy: the application's port through the API server",
                    "any verb on pods/proxy or services/proxy",
                    "the same admission policy; STRICT mTLS refuses its plaintext",
                    Closing.CLOSED,
                    "T1090", "NSA-AUTH", "NIST-2"),
            row(
                    "API-node",
                    "nodes/proxy, or the kubelet's own port: exec without admission and without audit",
                    "get or create on nodes/proxy, write on nodes; the kubelet's authentication flags",
                    "admission refuses nodes/proxy through the API server; the kubelet itself asks RBAC alone, so the grant has to go",
                    Closing.TRUST,
                    "T1609", "T1611", "CIS-5.1.10", "CIS-4.2.1", "CIS-4.2.2", "NSA-AUTH", "NIST-6"),
            row(
                    "API-hostpod",
                    "a privileged, hostPID or hostPath pod on the same node enters the container from outside",
                    "who may create pods or workloads in a namespace that no Pod Security level covers",
                    "Pod Security baseline in every namespace; the grants have to go",
                    Closing.TRUST,
                    "T1611", "T1610", "CIS-5.2.2", "CIS-5.2.3", "CIS-5.2.12", "NSA-POD", "NIST-5"),
            row(
                    "API-create",
                    "create or change pods and workloads: run code, wear labels, change the image",
                    "write on pods and on every workload kind in the protected namespace",
                    "admission policy on pods; the grant is named in the plan",
                    Closing.PARTLY,
                    "T1610", "CIS-5.1.4", "NSA-AUTH", "NIST-6"),
            row(
                    "API-token",
                    "mint or read a service account's token and act as it",
                    "create on serviceaccounts/token; read or create on secrets",
                    "the entry allow-list does not count the token's holder in; the grant is named",
                    Closing.PARTLY,
                    "T1528", "T1552.007", "CIS-5.1.2", "CIS-5.1.13", "NSA-AUTH", "NIST-6"),
            row(
                    "API-impersonate",
                    "act as another user, group or service account",
                    "the verb impersonate, wildcards, edit and admin for service accounts",
                    "the entry allow-list, which asks what the worn identity may do",
                    Closing.PARTLY,
                    "T1078", "CIS-5.1.8", "NSA-AUTH", "NIST-6"),
            row(
                    "API-rbac",
                    "give oneself the right: bind, escalate, write bindings",
                    "bind and escalate; write on bindings and roles by one who holds the right",
                    "the API server's escalation check; the guard on bindings to the right to enter",
                    Closing.PARTLY,
                    "T1098.006", "CIS-5.1.8", "NSA-AUTH", "NIST-4"),
            row(
                    "API-csr",
                    "have a certificate signed for another name or group",
                    "create on certificatesigningrequests with approval and the signer's verb",
                    "no object: the grants have to go",
                    Closing.TRUST,
                    "T1649", "CIS-5.1.11", "NSA-AUTH", "NIST-6"),
            row(
                    "API-webhook",
                    "mutate pods on their way in, or remove the deny",
                    "write on webhook configurations and admission policies",
                    "the guard, as far as a policy can guard others; the grants have to go",
                    Closing.TRUST,
                    "T1562.001", "CIS-5.1.12", "NSA-AUTH", "NIST-5"),
            row(
                    "API-policy",
                    "write NetworkPolicies, mesh policies or namespace labels",
                    "write on these kinds in the protected namespace and the root namespace",
                    "the guard: only who may apply the posture writes them",
                    Closing.CLOSED,
                    "T1562.007", "T1562.001", "NSA-NET", "NSA-AUTH", "NIST-4"),
            row(
                    "API-gc",
                    "an ownerReference to a missing owner has the collector delete a policy",
                    "update on the posture's objects",
                    "the guard on updates as well as deletions",
                    Closing.CLOSED,
                    "T1562.007", "NSA-AUTH", "NIST-4"),
            row(
                    "AUD-blind",
                    "the audit policy drops attempts to enter a container",
                    "the first rule that matches each way in, users and namespaces included",
                    "the rendered audit policy file and the API server's flags",
                    Closing.CLOSED,
                    "T1562.008", "CIS-3.2.1", "CIS-3.2.2", "NSA-AUDIT", "NIST-7"),
            row(
                    "AUD-verb",
                    "the audit policy filters by verb and misses exec by WebSocket",
                    "verbs on the rules that match the container subresources",
                    "the rendered audit policy, which names no verb",
                    Closing.CLOSED,
                    "T1562.008", "CIS-3.2.2", "NSA-AUDIT", "NIST-7"),
            row(
                    "OPS-expired",
                    "a break-glass grant is there past its time",
                    "the expiry on bindings of break-glass against the time the caller gives",
                    "breakglass reap, run by a schedule or the operator",
                    Closing.PARTLY,
                    "T1078", "T1098.006", "NSA-AUTH", "NIST-3"));
    }
}
