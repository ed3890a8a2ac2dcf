package io.zta.rbac;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Extra;
import io.zta.compile.Layer;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.intent.Intent;
import io.zta.intent.LayerName;
import io.zta.rbac.admission.Admission;
import io.zta.rbac.admission.EntryPolicies;
import io.zta.rbac.admission.GuardPolicies;
import io.zta.rbac.audit.AuditPolicyFile;
import io.zta.rbac.audit.Recorded;
import io.zta.rbac.extras.FalcoRules;
import io.zta.rbac.extras.GatekeeperConstraints;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** The API layer: roles, admission and audit. */
public final class ApiLayer implements Layer {
    private static final List<Claim> OWN = List.of(Claim.CONTAINER_ENTRY, Claim.TAMPER, Claim.RECORDED);

    @Override
    public LayerName name() {
        return LayerName.API;
    }

    @Override
    public List<Compiled> compile(Posture posture) {
        List<Compiled> all = new ArrayList<>(PostureRoles.of(posture));
        all.addAll(EntryPolicies.of(posture));
        all.addAll(GuardPolicies.of(posture));
        return all;
    }

    @Override
    public List<ClaimResult> examine(Posture posture, Snapshot snapshot) {
        List<ClaimResult> results = new ArrayList<>();
        Admission admission = Admission.of(snapshot, Rbac.of(snapshot));
        OWN.forEach(claim -> results.addAll(examine(posture, snapshot, claim, admission)));
        return results;
    }

    @Override
    public List<ClaimResult> examine(Posture posture, Snapshot snapshot, Claim claim) {
        return OWN.contains(claim)
                ? examine(posture, snapshot, claim, Admission.of(snapshot, Rbac.of(snapshot)))
                : List.of();
    }

    private static List<ClaimResult> examine(Posture posture, Snapshot snapshot, Claim claim, Admission admission) {
        if (claim == Claim.CONTAINER_ENTRY && posture.asks(Intent.NoExec.class)) {
            return List.of(ContainerEntry.examine(posture, snapshot, admission));
        }
        if (claim == Claim.TAMPER && posture.guarded()) {
            return List.of(Tampering.examine(posture, snapshot, admission));
        }
        if (claim == Claim.RECORDED && posture.asks(Intent.Audit.class)) {
            return List.of(Recorded.examine(posture, snapshot));
        }
        return List.of();
    }

    @Override
    public List<Finding> notes(Posture posture, Snapshot snapshot) {
        List<Finding> notes =
                new ArrayList<>(Admission.of(snapshot, Rbac.of(snapshot)).findings());
        notes.addAll(RbacNotes.of(posture, snapshot));
        if (!posture.asks(Intent.Audit.class)) {
            notes.addAll(Recorded.notes(posture, snapshot));
        }
        return notes;
    }

    @Override
    public List<Extra> extras(Posture posture) {
        List<Extra> extras = new ArrayList<>();
        if (posture.asks(Intent.Audit.class)) {
            extras.add(AuditPolicyFile.of(posture));
            extras.add(FalcoRules.of(posture));
        }
        if (GatekeeperConstraints.isFor(posture)) {
            extras.add(GatekeeperConstraints.of(posture));
        }
        return extras;
    }
}
