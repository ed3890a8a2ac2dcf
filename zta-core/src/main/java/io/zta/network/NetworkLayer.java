package io.zta.network;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Layer;
import io.zta.finding.Claim;
import io.zta.finding.ClaimResult;
import io.zta.finding.Finding;
import io.zta.intent.Intent;
import io.zta.intent.LayerName;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** The network layer: NetworkPolicies and Pod Security labels. */
public final class NetworkLayer implements Layer {
    @Override
    public LayerName name() {
        return LayerName.NETWORK;
    }

    @Override
    public List<Compiled> compile(Posture posture) {
        return NetworkObjects.of(posture);
    }

    @Override
    public List<ClaimResult> examine(Posture posture, Snapshot snapshot) {
        List<ClaimResult> results = new ArrayList<>(examine(posture, snapshot, Claim.DIRECT_ACCESS));
        results.addAll(examine(posture, snapshot, Claim.EGRESS));
        return results;
    }

    @Override
    public List<ClaimResult> examine(Posture posture, Snapshot snapshot, Claim claim) {
        List<ClaimResult> results = new ArrayList<>();
        if (claim == Claim.DIRECT_ACCESS && posture.asks(Intent.DenyDirectAccess.class)) {
            DirectAccess direct =
                    new DirectAccess(posture, snapshot, Strangers.joinedTo(snapshot, posture, Direction.INGRESS));
            posture.namespaces().forEach(namespace -> results.add(direct.examine(namespace)));
        }
        if (claim == Claim.EGRESS && posture.asks(Intent.DenyEgress.class)) {
            EgressAccess egress = new EgressAccess(posture, Strangers.joinedTo(snapshot, posture, Direction.EGRESS));
            posture.namespaces().forEach(namespace -> results.add(egress.examine(namespace)));
        }
        return results;
    }

    @Override
    public List<Finding> notes(Posture posture, Snapshot snapshot) {
        boolean asked = posture.asks(Intent.DenyDirectAccess.class) || posture.asks(Intent.DenyEgress.class);
        return asked ? new NetworkNotes(posture, Reachability.of(snapshot)).findings() : List.of();
    }
}
