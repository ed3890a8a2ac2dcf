package io.zta.verify.proof;

import io.zta.Posture;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.intent.Intent;
import io.zta.intent.Port;
import io.zta.network.Reachability;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Notes which sidecars have port 15020 open to other pods: it answers in plaintext under STRICT, with metrics and, on
 * {@code /app-health/}, with the application's probe paths. Only a NetworkPolicy narrows it, to the node.
 */
public final class AdminPorts {
    private static final int PORT = 15020;

    private AdminPorts() {}

    /** One note for each protected workload with a sidecar whose port some other pod or address reaches. Pure. */
    public static List<Finding> notes(Posture posture, Snapshot snapshot) {
        if (!posture.asks(Intent.StrictMtls.class)) {
            return List.of();
        }
        Reachability reach = Reachability.of(snapshot);
        Map<String, Finding> notes = new LinkedHashMap<>();
        for (String namespace : posture.namespaces()) {
            for (Pod target : reach.pods().in(namespace)) {
                boolean meshed = target.runningContainers().stream()
                        .anyMatch(container -> container.get("name").textOr("").equals("istio-proxy"));
                boolean meant = posture.protects(namespace, target.labels()) && !target.ended();
                String key = target.workload().toString();
                if (meshed && meant && !notes.containsKey(key)) {
                    reach.firstToReach(target, Port.Protocol.TCP, PORT)
                            .ifPresent(source -> notes.put(key, note(reach, source, target)));
                }
            }
        }
        return List.copyOf(notes.values());
    }

    private static Finding note(Reachability reach, Pod source, Pod target) {
        List<Hop> steps = new ArrayList<>();
        steps.add(Hop.of("Pod " + source.display() + " connects to Pod " + target.display() + " TCP " + PORT));
        steps.addAll(reach.explain(source.display(), target.display(), Port.tcp(PORT))
                .steps());
        steps.add(Hop.of("the sidecar's agent answers in plaintext, whatever the mTLS mode"));
        return new Finding(
                "ZTA-MESH-007",
                Severity.NOTE,
                "MESH-admin",
                target.resource().display(),
                "has the sidecar's port " + PORT + " open to Pod " + source.display()
                        + ", in plaintext: metrics and the application's probe path",
                List.of(Evidence.of(target.resource(), "", "no NetworkPolicy keeps port " + PORT + " from it")),
                steps,
                "isolate the pod with a NetworkPolicy: the node's probes get in all the same",
                "MESH-39");
    }
}
