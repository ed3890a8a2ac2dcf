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
import java.util.Optional;

/** Where a posture's file asks for each claim: what an object that is missing is reported at. */
final class PostureLines {
    private PostureLines() {}

    static Map<Claim, Origin> of(Path file) {
        Map<Claim, Origin> lines = new EnumMap<>(Claim.class);
        Optional<Resource> posture = Snapshot.of(file).resources().findFirst();
        if (posture.isEmpty()) {
            return lines;
        }
        for (Claim claim : Claim.values()) {
            Node spec = posture.get().spec();
            Node asked = keys(claim).stream()
                    .map(spec::get)
                    .filter(Node::isPresent)
                    .findFirst()
                    .orElse(spec);
            lines.put(claim, posture.get().originOf(asked));
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
