package io.zta.verify.cli;

import io.zta.finding.Claim;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Where a posture's file asks for each claim: what an object that is missing is reported at. */
final class PostureLines {
    private PostureLines() {}

    static Map<Claim, Origin> of(Path file) {
        return Snapshot.of(file).resources().findFirst().map(PostureLines::of).orElse(Map.of());
    }

    /** Where a snapshot's own posture asks for each claim; nowhere when it holds several, or none. */
    static Map<Claim, Origin> of(Snapshot snapshot) {
        List<Resource> postures = snapshot.resources(PosturePath.POSTURE);
        return postures.size() == 1 ? of(postures.get(0)) : Map.of();
    }

    private static Map<Claim, Origin> of(Resource posture) {
        Map<Claim, Origin> lines = new EnumMap<>(Claim.class);
        for (Claim claim : Claim.values()) {
            Node spec = posture.spec();
            Node asked = keys(claim).stream()
                    .map(spec::get)
                    .filter(Node::isPresent)
                    .findFirst()
                    .orElse(spec);
            lines.put(claim, posture.originOf(asked));
        }
        return lines;
    }

    private static List<String> keys(Claim claim) {
        return switch (claim) {
            case DIRECT_ACCESS -> List.of("denyDirectAccess");
            case PLAINTEXT -> List.of("strictMtls");
            case IDENTITY -> List.of("requireJwt", "strictMtls");
            case LEGITIMATE_TRAFFIC -> List.of("gateway", "allow", "denyDirectAccess", "strictMtls");
            case CONTAINER_ENTRY -> List.of("noExecFor");
            case RECORDED -> List.of("audit");
            case TAMPER -> List.of("guard", "denyDirectAccess", "strictMtls", "noExecFor");
            case EGRESS -> List.of("denyEgress");
        };
    }
}
