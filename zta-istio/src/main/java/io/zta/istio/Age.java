package io.zta.istio;

import io.zta.snapshot.Resource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which of several objects is the oldest: where Istio finds more than one of a scope, the oldest wins, ties by name, then
 * namespace (Istio: {@code configCompareByCreationTime}). An object without a creation time is not in the cluster yet, and
 * so younger than one that has it; of several without, any may come first.
 */
final class Age {
    private static final Comparator<Resource> OLDEST =
            Comparator.comparing(Age::created).thenComparing(Resource::name).thenComparing(Resource::namespace);

    private Age() {}

    private static String created(Resource resource) {
        return resource.tree().at("metadata", "creationTimestamp").textOr("");
    }

    /** Those that may be the oldest; one unless creation times are missing. */
    static List<Resource> oldest(List<Resource> resources) {
        List<Resource> dated = new ArrayList<>(resources);
        dated.removeIf(resource -> created(resource).isEmpty());
        if (dated.isEmpty()) {
            return List.copyOf(resources);
        }
        return List.of(dated.stream().min(OLDEST).orElseThrow());
    }
}
