package io.zta.verify.cli;

import io.zta.snapshot.Snapshot;
import io.zta.snapshot.SnapshotException;
import java.nio.file.Path;

/** Reads snapshots that the command line names. */
final class SnapshotPath {
    private SnapshotPath() {}

    /**
     * Reads a snapshot.
     *
     * @throws SnapshotException if nothing is at that path, or nothing that could be read
     */
    static Snapshot read(Path path) {
        Progress.say("reading " + path);
        Snapshot snapshot = ReadAhead.read(path);
        if (snapshot.isEmpty() && snapshot.damages().isEmpty()) {
            throw new SnapshotException("There is no Kubernetes object in " + path
                    + ". Name a file or directory of YAML or JSON manifests, such as the output of"
                    + " `kubectl get ... -A -o yaml`.");
        }
        return snapshot;
    }
}
