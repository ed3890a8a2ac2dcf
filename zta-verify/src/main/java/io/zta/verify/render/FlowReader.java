package io.zta.verify.render;

import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Workload;
import io.zta.network.Reach;
import io.zta.network.Reachability;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.WorkloadRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Works out the map of flows to protected workloads. */
final class FlowReader {
    /** What a browser still draws at once; the rest is counted. */
    private static final int MOST = 40_000;

    private final List<Posture> postures;
    private final Reachability reachability;
    private final Map<String, WorkloadRef> workloads = new HashMap<>();
    private final Set<String> guarded = new HashSet<>();
    private final Set<String> named = new HashSet<>();
    private final Map<String, Integer> numbers = new LinkedHashMap<>();
    private final List<FlowMap.Place> places = new ArrayList<>();

    FlowReader(Snapshot snapshot, List<Posture> postures) {
        this.postures = postures;
        this.reachability = Reachability.of(snapshot);
        reachability.pods().byWorkload().forEach((workload, pods) -> {
            workloads.put(workload.toString(), workload);
            if (pods.stream().anyMatch(this::isProtected)) {
                guarded.add(workload.toString());
            }
            if (pods.stream().allMatch(this::isNamed)) {
                named.add(workload.toString());
            }
        });
    }

    FlowMap read() {
        List<FlowMap.Flow> flows = new ArrayList<>();
        int leftOut = 0;
        for (Reach.Row row : Reach.of(reachability).rows()) {
            if (!guarded.contains(row.dst()) || flows.size() == MOST) {
                leftOut++;
                continue;
            }
            flows.add(new FlowMap.Flow(place(row.src()), place(row.dst()), row.conn(), named.contains(row.src())));
        }
        guarded.stream().sorted().forEach(this::place);
        return new FlowMap(places, flows, leftOut);
    }

    private int place(String name) {
        return numbers.computeIfAbsent(name, key -> {
            WorkloadRef workload = workloads.get(key);
            places.add(
                    workload == null
                            ? new FlowMap.Place("", key, "", false)
                            : new FlowMap.Place(
                                    workload.namespace(), workload.name(), workload.kind(), guarded.contains(key)));
            return places.size() - 1;
        });
    }

    private boolean isProtected(Pod pod) {
        return postures.stream().anyMatch(posture -> posture.protects(pod.namespace(), pod.labels()));
    }

    /** The node a pod runs on can't be kept out, so what shares its network is no surprise. */
    private boolean isNamed(Pod pod) {
        if (pod.hostNetwork()) {
            return true;
        }
        for (Posture posture : postures) {
            Gateway gateway = posture.gateway().orElseGet(Gateway::istio);
            if (pod.namespace().equals(gateway.namespace()) && wears(pod, gateway.labels())) {
                return true;
            }
            for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
                for (String own : posture.namespaces()) {
                    Workload from = allow.from();
                    if (pod.namespace().equals(from.namespaceOr(own)) && wears(pod, from.labels())) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean wears(Pod pod, Map<String, String> labels) {
        return labels.entrySet().stream()
                .allMatch(label -> label.getValue().equals(pod.labels().get(label.getKey())));
    }
}
