package io.zta.rbac;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Extra;
import io.zta.compile.Layer;
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
        if (posture.asks(Intent.NoExec.class)) {
            results.add(ContainerEntry.examine(posture, snapshot, admission));
        }
        if (posture.guarded()) {
            results.add(Tampering.examine(posture, snapshot, admission));
        }
        if (posture.asks(Intent.Audit.class)) {
            results.add(Recorded.examine(posture, snapshot));
        }
        return results;
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
