package io.zta.network;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Layer;
import io.zta.finding.ClaimResult;
import io.zta.intent.Intent;
import io.zta.intent.LayerName;
import io.zta.snapshot.Snapshot;
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
        if (!posture.asks(Intent.DenyDirectAccess.class)) {
            return List.of();
        }
        DirectAccess direct = new DirectAccess(posture, Reachability.of(Strangers.joinedTo(snapshot, posture)));
        return posture.namespaces().stream().map(direct::examine).toList();
    }
}
