package io.zta.verify.cli;

import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Tells files of postures from snapshots that the command line names. */
final class PosturePath {
    static final GroupKind POSTURE = new GroupKind("zta.io", "ZeroTrustPosture");

    private PosturePath() {}

    /** Whether a path is a file that holds a posture and nothing else. */
    static boolean isPosture(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        List<Resource> objects = Snapshot.of(path).resources().toList();
        return !objects.isEmpty()
                && objects.stream().allMatch(object -> object.type().equals(POSTURE));
    }
}
