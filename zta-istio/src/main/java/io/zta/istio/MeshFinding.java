package io.zta.istio;

import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import java.util.List;
import java.util.Optional;

/** The kinds of findings of the mesh layer. */
enum MeshFinding {
    PLAINTEXT("001", "MESH-plaintext", "MESH-01", "set mode STRICT, and remove what overrides it"),
    PORT("002", "MESH-port", "MESH-11", "remove the port from portLevelMtls"),
    NO_SIDECAR(
            "003",
            "MESH-nosidecar",
            "MESH-26",
            "label the namespace for injection, remove the opt-out, and recreate the pod"),
    CAPTURE("004", "MESH-capture", "MESH-32", "remove the setting, and recreate the pod"),
    IMAGE("005", "MESH-image", "MESH-38", "remove the image, and recreate the pod"),
    NET_ADMIN("006", "MESH-netadmin", "MESH-42", "drop the privilege: the container can rewrite the redirection"),
    OWN_USER("008", "MESH-netadmin", "MESH-43", "run the container as another user and group than the proxy's"),
    UDP(
            "009",
            "MESH-udp",
            "MESH-46",
            "close the port by a NetworkPolicy: the sidecar takes neither UDP nor SCTP, so nothing asks who sends it"),
    ADMIN("007", "MESH-admin", "MESH-39", "isolate the pod with a NetworkPolicy"),
    LABEL("018", "NET-label", "MESH-04", "leave the selector out, so that every pod of the namespace is covered"),
    IDENTITY(
            "010",
            "MESH-identity",
            "MESH-51",
            "allow the gateway's and the named principals alone, in one source with the token"),
    PROTOCOL("011", "MESH-protocol", "MESH-69", "declare the port as HTTP by appProtocol or by its name"),
    ISSUER("012", "MESH-issuer", "MESH-65", "remove the further RequestAuthentication"),
    WORN("013", "MESH-worn", "MESH-96", "give the pod a service account of its own"),
    CONFIG("014", "MESH-config", "MESH-90", "remove the filter"),
    NO_DEFAULT("015", "MESH-identity", "MESH-52", "add an AuthorizationPolicy with spec {}"),
    NO_GUARD(
            "016",
            "MESH-identity",
            "MESH-95",
            "add a DENY on notPrincipals, and one on notRequestPrincipals where a token is required"),
    NO_AUTHORIZER("017", "MESH-identity", "MESH-76", "add a CUSTOM policy that asks the provider"),
    NO_RULE("020", "MESH-nosidecar", "MESH-97", "apply the posture's admission policy on pods"),
    WEAK_RULE("021", "MESH-nosidecar", "MESH-97", "apply the posture's own policy and binding again"),
    ROUTE("030", "MESH-route", "MESH-98", "check the token at the workload, and who may write routes"),
    BLOCKED("040", "", "MESH-99", "let the connection through, or take it out of the posture");

    private final String number;
    private final String bypass;
    private final String rule;
    private final String fix;

    MeshFinding(String number, String bypass, String rule, String fix) {
        this.number = number;
        this.bypass = bypass;
        this.rule = rule;
        this.fix = fix;
    }

    /** The kind that a row of the catalogue of bypasses has for a pod that its sidecar does not cover. */
    static MeshFinding ofCapture(String bypass) {
        return switch (bypass) {
            case "MESH-nosidecar" -> NO_SIDECAR;
            case "MESH-image" -> IMAGE;
            case "MESH-admin" -> ADMIN;
            default -> CAPTURE;
        };
    }

    Finding of(Severity severity, String object, String title, List<Evidence> evidence, List<Hop> witness) {
        return new Finding("ZTA-MESH-" + number, severity, bypass, object, title, evidence, witness, fix, rule);
    }

    static List<Hop> witness(String first, String last, List<Evidence> because) {
        Optional<Evidence> decisive =
                because.isEmpty() ? Optional.empty() : Optional.of(because.get(because.size() - 1));
        return List.of(Hop.of(first), new Hop(last, decisive));
    }
}
