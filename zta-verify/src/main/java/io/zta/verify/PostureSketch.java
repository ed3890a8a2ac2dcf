package io.zta.verify;

import io.zta.Posture;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Workload;
import io.zta.snapshot.Snapshot;
import io.zta.verify.internal.Json;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The smallest cluster in which postures can be told apart: a pod of each workload they name, of their gateway, and one
 * without labels in each of their namespaces and in one that they do not name.
 */
final class PostureSketch {
    private static final String ELSEWHERE = "(elsewhere)";

    private final Map<String, String> objects = new TreeMap<>();

    private PostureSketch() {}

    static Snapshot of(List<Posture> postures) {
        PostureSketch sketch = new PostureSketch();
        sketch.pod(ELSEWHERE, Map.of(), "default");
        postures.forEach(sketch::add);
        return Snapshot.ofText("sketch", String.join("\n---\n", sketch.objects.values()));
    }

    private void add(Posture posture) {
        for (String namespace : posture.namespaces()) {
            pod(namespace, Map.of(), "default");
            workload(posture.workloads(), namespace);
            posture.intents(Intent.Allow.class).forEach(allow -> {
                workload(allow.from(), namespace);
                workload(allow.to(), namespace);
            });
            posture.intents(Intent.AllowTo.class).forEach(allow -> workload(allow.to(), namespace));
        }
        posture.gateway().ifPresent(this::gateway);
    }

    private void gateway(Gateway gateway) {
        pod(gateway.namespace(), gateway.labels(), gateway.serviceAccount());
    }

    private void workload(Workload workload, String own) {
        pod(
                workload.namespaceOr(own),
                workload.labels(),
                workload.serviceAccount().orElse("default"));
    }

    private void pod(String namespace, Map<String, String> labels, String account) {
        String worn = labels.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(label -> label.getKey() + "=" + label.getValue())
                .collect(Collectors.joining(","));
        String name = (worn.isEmpty() ? "(any pod)" : worn) + (account.equals("default") ? "" : " as " + account);
        objects.put(
                namespace + " " + name,
                Json.compact(Json.object(
                        "apiVersion",
                        "v1",
                        "kind",
                        "Pod",
                        "metadata",
                        Json.object("name", name, "namespace", namespace, "labels", new TreeMap<>(labels)),
                        "spec",
                        Json.object(
                                "serviceAccountName",
                                account,
                                "containers",
                                List.of(Json.object("name", "app", "image", "app"))))));
    }
}
