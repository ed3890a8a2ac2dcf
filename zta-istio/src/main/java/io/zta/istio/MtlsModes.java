package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which mTLS mode a port gets.
 *
 * <p>It starts PERMISSIVE; the mesh's policy, then the namespace's, then the workload's override it unless UNSET. Port
 * levels come from the winning workload policy alone (Istio: {@code ComposePeerAuthentication}).
 */
final class MtlsModes {
    /** Modes. */
    enum Mode {
        STRICT,
        PERMISSIVE,
        DISABLE,
        UNKNOWN
    }

    /** A mode with what decides it. */
    record Decision(Mode mode, boolean portLevel, List<Evidence> because, List<Doubt> doubts) {}

    private record Level(Optional<Resource> policy, Mode mode, boolean set) {}

    private final Snapshot snapshot;
    private final String root;

    MtlsModes(Snapshot snapshot, String root) {
        this.snapshot = snapshot;
        this.root = root;
    }

    Decision decide(Pod pod, int port) {
        List<Resource> mesh = new ArrayList<>();
        List<Resource> namespace = new ArrayList<>();
        List<Resource> workload = new ArrayList<>();
        List<Doubt> doubts = new ArrayList<>();
        for (Resource policy : snapshot.resources(GroupKind.PEER_AUTHENTICATION)) {
            boolean rooted = policy.namespace().equals(root);
            if (!rooted && !policy.namespace().equals(pod.namespace())) {
                continue;
            }
            Optional<Map<String, String>> labels =
                    WorkloadSelectors.labels(policy.spec().get("selector"));
            if (labels.isEmpty()) {
                doubts.add(unreadable(policy, "spec.selector", policy.spec().get("selector")));
            } else if (labels.get().isEmpty()) {
                (rooted ? mesh : namespace).add(policy);
            } else if (!rooted
                    && pod.labels().entrySet().containsAll(labels.get().entrySet())) {
                workload.add(policy);
            }
        }
        if (!doubts.isEmpty()) {
            return new Decision(Mode.UNKNOWN, false, List.of(), doubts);
        }
        Set<Decision> possible = new LinkedHashSet<>();
        for (Optional<Resource> m : oldest(mesh)) {
            for (Optional<Resource> n : oldest(namespace)) {
                for (Optional<Resource> w : oldest(workload)) {
                    possible.add(compose(m, n, w, port));
                }
            }
        }
        Decision first = possible.iterator().next();
        if (possible.stream().allMatch(other -> other.mode() == first.mode())) {
            return first;
        }
        List<Evidence> because =
                possible.stream().flatMap(d -> d.because().stream()).distinct().toList();
        return new Decision(
                Mode.UNKNOWN,
                first.portLevel(),
                because,
                List.of(Doubt.of(
                        "several PeerAuthentications of one scope disagree and none has a creation time, so which one is"
                                + " the oldest and wins can't be told: " + because,
                        "leave one, or give a snapshot of the live cluster")));
    }

    private static List<Optional<Resource>> oldest(List<Resource> candidates) {
        return candidates.isEmpty()
                ? List.of(Optional.empty())
                : Age.oldest(candidates).stream().map(Optional::of).toList();
    }

    private static Decision compose(
            Optional<Resource> mesh, Optional<Resource> namespace, Optional<Resource> workload, int port) {
        Mode mode = Mode.PERMISSIVE;
        List<Evidence> because = new ArrayList<>();
        List<Doubt> doubts = new ArrayList<>();
        for (Optional<Resource> policy : List.of(mesh, namespace, workload)) {
            Level level =
                    level(policy, policy.map(p -> p.spec().at("mtls", "mode")).orElse(Node.missing()));
            if (level.set()) {
                mode = level.mode();
                Resource chosen = policy.orElseThrow();
                because.add(Evidence.of(chosen, "spec.mtls.mode", chosen.spec().at("mtls", "mode")));
                doubts.clear();
                if (mode == Mode.UNKNOWN) {
                    doubts.add(
                            unreadable(chosen, "spec.mtls.mode", chosen.spec().at("mtls", "mode")));
                }
            }
        }
        boolean portLevel = false;
        Node ports = workload.map(policy -> policy.spec().get("portLevelMtls")).orElse(Node.missing());
        Node entry = ports.get(Integer.toString(port));
        if (entry.isPresent()) {
            Level level = level(workload, entry.get("mode"));
            if (level.set()) {
                portLevel = true;
                mode = level.mode();
                String path = "spec.portLevelMtls." + port + ".mode";
                because.add(Evidence.of(workload.orElseThrow(), path, entry.get("mode")));
                doubts.clear();
                if (mode == Mode.UNKNOWN) {
                    doubts.add(unreadable(workload.orElseThrow(), path, entry.get("mode")));
                }
            }
        }
        return new Decision(mode, portLevel, because, doubts);
    }

    private static Level level(Optional<Resource> policy, Node mode) {
        if (policy.isEmpty() || mode.isAbsent()) {
            return new Level(policy, Mode.PERMISSIVE, false);
        }
        return switch (mode.textOr("?")) {
            case "UNSET", "" -> new Level(policy, Mode.PERMISSIVE, false);
            case "STRICT" -> new Level(policy, Mode.STRICT, true);
            case "PERMISSIVE" -> new Level(policy, Mode.PERMISSIVE, true);
            case "DISABLE" -> new Level(policy, Mode.DISABLE, true);
            default -> new Level(policy, Mode.UNKNOWN, true);
        };
    }

    private static Doubt unreadable(Resource policy, String path, Node value) {
        return new Doubt(
                policy.display() + " has " + path + " = " + value + ", which no version of Istio known here defines",
                "use STRICT, PERMISSIVE, DISABLE or UNSET, and matchLabels in the selector",
                policy.originOf(value));
    }
}
