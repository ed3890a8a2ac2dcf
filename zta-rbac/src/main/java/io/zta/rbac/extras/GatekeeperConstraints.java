package io.zta.rbac.extras;

import io.zta.Posture;
import io.zta.compile.Extra;
import io.zta.intent.Intent;

/**
 * Renders Gatekeeper's constraint templates and constraints for clusters that keep their rules there: opt-outs of the
 * sidecar, mTLS weaker than STRICT, and network policies that open a protected namespace to everybody. They add to the
 * posture's own admission policies, which know who asks, and replace none.
 */
public final class GatekeeperConstraints {
    /** The file's name among the extras. */
    public static final String NAME = "gatekeeper.yaml";

    private GatekeeperConstraints() {}

    /** Whether a posture has anything that they hold. */
    public static boolean isFor(Posture posture) {
        return posture.asks(Intent.StrictMtls.class) || posture.asks(Intent.DenyDirectAccess.class);
    }

    /** Templates and constraints for the namespaces of a posture. */
    public static Extra of(Posture posture) {
        StringBuilder text = new StringBuilder("# Gatekeeper for " + posture + ".\n");
        if (posture.asks(Intent.StrictMtls.class)) {
            template(text, posture, "ZtaSidecarOptOut", "\"\"", "Pod", """
                    violation[{"msg": msg}] {
                      input.review.object.metadata.labels["sidecar.istio.io/inject"] == "false"
                      msg := "a pod of a protected namespace keeps its sidecar: take the label sidecar.istio.io/inject out"
                    }

                    violation[{"msg": msg}] {
                      some key
                      input.review.object.metadata.annotations[key]
                      opens[key]
                      msg := sprintf("the annotation %v takes traffic past the sidecar or replaces it: take it out", [key])
                    }

                    opens := {
                      "sidecar.istio.io/inject",
                      "sidecar.istio.io/proxyImage",
                      "sidecar.istio.io/interceptionMode",
                      "status.sidecar.istio.io/port",
                      "inject.istio.io/templates",
                      "traffic.sidecar.istio.io/excludeInboundPorts",
                      "traffic.sidecar.istio.io/includeInboundPorts",
                      "traffic.sidecar.istio.io/excludeInterfaces"
                    }
                    """);
            template(text, posture, "ZtaStrictMtls", "security.istio.io", "PeerAuthentication", """
                    violation[{"msg": msg}] {
                      mode := input.review.object.spec.mtls.mode
                      weak[mode]
                      msg := sprintf("mTLS stays STRICT in this namespace, and this policy says %v", [mode])
                    }

                    violation[{"msg": msg}] {
                      mode := input.review.object.spec.portLevelMtls[port].mode
                      weak[mode]
                      msg := sprintf("mTLS stays STRICT in this namespace, and this policy says %v for port %v", [mode, port])
                    }

                    weak := {"PERMISSIVE", "DISABLE"}
                    """);
        }
        if (posture.asks(Intent.DenyDirectAccess.class)) {
            template(text, posture, "ZtaClosedIngress", "networking.k8s.io", "NetworkPolicy", """
                    violation[{"msg": msg}] {
                      rule := input.review.object.spec.ingress[_]
                      not has_peers(rule)
                      msg := "a rule of ingress without peers lets everybody in: name them"
                    }

                    has_peers(rule) {
                      count(rule.from) > 0
                    }
                    """);
        }
        return new Extra(NAME, text.toString());
    }

    private static void template(
            StringBuilder text, Posture posture, String kind, String group, String resource, String rego) {
        String name = kind.toLowerCase(java.util.Locale.ROOT);
        text.append("""
                ---
                apiVersion: templates.gatekeeper.sh/v1
                kind: ConstraintTemplate
                metadata:
                  name: %s
                spec:
                  crd:
                    spec:
                      names:
                        kind: %s
                  targets:
                  - target: admission.k8s.gatekeeper.sh
                    rego: |
                      package %s

                """.formatted(name, kind, name));
        rego.lines()
                .forEach(line ->
                        text.append(line.isEmpty() ? "" : "      " + line).append('\n'));
        text.append("""
                ---
                apiVersion: constraints.gatekeeper.sh/v1beta1
                kind: %s
                metadata:
                  name: zta-%s
                spec:
                  match:
                    kinds:
                    - apiGroups: [%s]
                      kinds: [%s]
                    namespaces: [%s]
                """.formatted(kind, posture.id(), group, resource, String.join(", ", posture.namespaces())));
    }
}
