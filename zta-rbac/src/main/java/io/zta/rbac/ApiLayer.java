package io.zta.rbac;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Extra;
import io.zta.compile.Layer;
import io.zta.finding.ClaimResult;
import io.zta.intent.LayerName;
import io.zta.rbac.admission.EntryPolicies;
import io.zta.rbac.admission.GuardPolicies;
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
        return List.of();
    }

    @Override
    public List<Extra> extras(Posture posture) {
        return List.of();
    }
}
