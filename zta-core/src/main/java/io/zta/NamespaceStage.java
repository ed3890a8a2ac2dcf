package io.zta;

import io.zta.intent.Intent;
import io.zta.intent.Phase;
import java.util.List;

/** A posture's namespaces, of which nothing is asked yet: it has no manifests. Immutable. */
public final class NamespaceStage extends Intents {
    private final List<String> namespaces;

    NamespaceStage(List<String> namespaces) {
        this.namespaces = namespaces;
    }

    @Override
    Posture and(Intent intent) {
        return new Posture("default", namespaces, Phase.AUDIT, List.of()).and(intent);
    }
}
