package io.zta.verify.apply;

import io.zta.Posture;
import io.zta.snapshot.Snapshot;
import java.util.List;

/** Who gets into containers. */
final class Entry {
    private Entry() {}

    static List<String> remaining(Posture posture, Snapshot after) {
        return List.of();
    }
}
