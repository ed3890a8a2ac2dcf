package io.zta.rbac.admission;

import io.zta.finding.Doubt;
import io.zta.rbac.AdmissionVerdicts.Operation;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.rbac.ControlPlane;
import io.zta.rbac.admission.MatchRules.Match;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * What webhooks and mutating policies leave open about a request: a validating one may still refuse what all policies let
 * through; a mutating one may change the content that a policy refused or let through.
 */
final class Webhooks {
    private static final GroupKind MUTATING_POLICY =
            new GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy");

    private final Snapshot snapshot;

    Webhooks(Snapshot snapshot) {
        this.snapshot = snapshot;
    }

    /** Why a request that no policy refuses may not go through as it is. */
    List<Doubt> doubts(Request request) {
        List<Doubt> doubts = new ArrayList<>();
        collect(GroupKind.VALIDATING_WEBHOOK_CONFIGURATION, request, doubts, "may refuse it");
        if (request.operation() != Operation.CONNECT && request.object().isPresent()) {
            collect(GroupKind.MUTATING_WEBHOOK_CONFIGURATION, request, doubts, "may change it");
            for (Resource policy : snapshot.resources(MUTATING_POLICY)) {
                Match match = new MatchRules(snapshot).resources(policy.spec().get("matchConstraints"), request, true);
                if (match != Match.NO) {
                    doubts.add(doubt(policy, "", "may change it"));
                }
            }
        }
        return doubts;
    }

    private void collect(GroupKind kind, Request request, List<Doubt> doubts, String what) {
        MatchRules rules = new MatchRules(snapshot);
        for (Resource configuration : snapshot.resources(kind)) {
            for (Node webhook : configuration.tree().get("webhooks").items()) {
                if (!ControlPlane.isIstiods(webhook) && rules.webhook(webhook, request) != Match.NO) {
                    doubts.add(doubt(configuration, webhook.get("name").textOr(""), what + engine(webhook)));
                }
            }
        }
    }

    private String engine(Node webhook) {
        String name = webhook.get("name").textOr("");
        if (name.endsWith("gatekeeper.sh")) {
            long constraints = snapshot.resources()
                    .filter(resource -> resource.type().group().equals("constraints.gatekeeper.sh"))
                    .count();
            return " by Gatekeeper (" + constraints + " constraints in the snapshot)";
        }
        if (name.endsWith("kyverno.svc") || name.contains("kyverno")) {
            long kyverno = snapshot.resources()
                    .filter(resource -> resource.type().group().equals("kyverno.io")
                            || resource.type().group().equals("policies.kyverno.io"))
                    .count();
            return " by Kyverno (" + kyverno + " policies in the snapshot)";
        }
        return "";
    }

    private static Doubt doubt(Resource resource, String webhook, String what) {
        return new Doubt(
                resource.display() + (webhook.isEmpty() ? "" : ", webhook " + webhook) + ", sees the request and "
                        + what,
                "ask the API server with a real request",
                resource.origin());
    }
}
