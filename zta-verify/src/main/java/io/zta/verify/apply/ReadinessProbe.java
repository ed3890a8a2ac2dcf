package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Every workload of the posture's namespaces has as many ready pods as it had: kubelet probes still pass. */
final class ReadinessProbe implements StepProbe {
    @Override
    public List<Observation> observe(Posture posture, Step step, KubernetesClient client) {
        Api api = new Api(client, Duration.ofSeconds(15));
        List<Observation> seen = new ArrayList<>();
        for (String namespace : posture.namespaces()) {
            Map<String, int[]> workloads = new TreeMap<>();
            for (ObjectNode pod : api.list("v1", "Pod", namespace, "")) {
                String phase = pod.path("status").path("phase").asText();
                if (pod.path("metadata").has("deletionTimestamp")
                        || phase.equals("Succeeded")
                        || phase.equals("Failed")) {
                    continue;
                }
                JsonNode owner = pod.path("metadata").path("ownerReferences").path(0);
                String name = owner.isMissingNode()
                        ? "Pod " + Json.metadata(pod, "name")
                        : owner.path("kind").asText() + " " + owner.path("name").asText();
                int[] counts = workloads.computeIfAbsent(name, key -> new int[2]);
                counts[1]++;
                for (JsonNode condition : pod.path("status").path("conditions")) {
                    if (condition.path("type").asText().equals("Ready")
                            && condition.path("status").asText().equals("True")) {
                        counts[0]++;
                    }
                }
            }
            workloads.forEach((name, counts) -> seen.add(new Observation(
                    name + " of " + namespace + " is ready",
                    true,
                    counts[0] > 0 && counts[0] == counts[1] ? Seen.ALLOWED : Seen.DENIED,
                    counts[0] + " of " + counts[1] + " pods ready")));
        }
        return seen;
    }
}
