package io.zta.verify.proof;

import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Subject;
import java.util.ArrayList;
import java.util.List;

/**
 * Whom every claim trusts, and what no object closes. Without naming these, "nobody can undo it" would be false of any
 * cluster. Reports print both lists.
 */
public final class TrustedBase {
    private TrustedBase() {}

    /** Whom the claims of a posture trust, one sentence each. */
    public static List<String> of(Posture posture) {
        List<String> trusted = new ArrayList<>(List.of(
                "Group system:masters, which passes every authorizer: who holds such a certificate.",
                "The control plane's own controllers and users: system:kube-controller-manager, system:kube-scheduler,"
                        + " and the controllers' service accounts in kube-system.",
                "Nodes and kubelets (group system:nodes), and whoever is root on a node.",
                "The network plugin, which has to enforce NetworkPolicies, and the service accounts it runs as."));
        if (posture.asks(Intent.StrictMtls.class)) {
            trusted.add(
                    "istiod, the account istio-reader-service-account of its installation, and its certificate authority: who"
                            + " can read istio-ca-secret or cacerts in the root"
                            + " namespace can sign any identity.");
            posture.gateway()
                    .map(Gateway::namespace)
                    .ifPresent(namespace -> trusted.add("Whoever may run pods in namespace " + namespace
                            + " with the right to apply the posture, since the gateway's identity is worn there."));
        }
        for (Subject applier : posture.appliers()) {
            trusted.add(applier + ", which applies the posture.");
        }
        return List.copyOf(trusted);
    }

    /** Ways in that stay open under any posture, one sentence each. */
    public static List<String> exceptions(Posture posture) {
        List<String> exceptions = new ArrayList<>();
        if (posture.asks(Intent.DenyDirectAccess.class) || posture.asks(Intent.StrictMtls.class)) {
            exceptions.add(
                    "A pod's own loopback: neither NetworkPolicy nor the sidecar sees it, so the record's"
                            + " `curl localhost` inside the pod cannot be stopped; that nobody gets into the pod is claimed instead.");
            exceptions.add("The node a pod runs on reaches it past every NetworkPolicy, and ports 15020 and 15021 in"
                    + " plaintext (kubelet probes).");
        }
        if (!posture.noExec().isEmpty()) {
            exceptions.add("A kubelet asked directly (port 10250) by a holder of nodes/proxy passes no admission and"
                    + " leaves no audit event of the exec; holders are reported, no object stops them.");
        }
        exceptions.add("What was handed out before: open exec streams, connections, tokens and certificates live on"
                + " until they end or expire.");
        return List.copyOf(exceptions);
    }
}
