package io.zta.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.zta.Posture;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a cluster no longer holds what a posture compiles to: every field that is asked for has the value that is asked
 * for, and every list of fields asked for has no more entries. What a server adds by default, or somebody in other fields,
 * is none: verdicts judge that. A server-side dry run would compare as well, and need the right to write.
 */
final class Drift {
    private Drift() {}

    /** The objects that applying the posture would create or change, sorted. Reads only. */
    static List<String> of(Posture posture, KubernetesClient client) {
        List<String> drift = new ArrayList<>();
        for (HasMetadata object : posture.manifests().objects()) {
            String name = object.getKind() + " "
                    + (object.getMetadata().getNamespace() == null
                            ? ""
                            : object.getMetadata().getNamespace() + "/")
                    + object.getMetadata().getName();
            try {
                HasMetadata stored = client.resource(object).get();
                if (stored == null) {
                    drift.add(name + " is missing");
                } else if (!holds(fields(stored, client), fields(object, client))) {
                    drift.add(name + " differs");
                }
            } catch (KubernetesClientException e) {
                drift.add(name + " cannot be compared: " + e.getMessage());
            }
        }
        Collections.sort(drift);
        return List.copyOf(drift);
    }

    private static Object fields(HasMetadata object, KubernetesClient client) {
        return client.getKubernetesSerialization().convertValue(object, Map.class);
    }

    static boolean holds(@Nullable Object stored, @Nullable Object wanted) {
        if (wanted instanceof Map<?, ?> fields) {
            return stored instanceof Map<?, ?> there
                    ? fields.entrySet().stream().allMatch(field -> holds(there.get(field.getKey()), field.getValue()))
                    : stored == null && fields.isEmpty();
        }
        if (wanted instanceof Collection<?> entries) {
            if (!(stored instanceof Collection<?> there)) {
                return stored == null && entries.isEmpty();
            }
            var each = there.iterator();
            return entries.size() == there.size() && entries.stream().allMatch(entry -> holds(each.next(), entry));
        }
        return wanted == null || Objects.equals(stored, wanted);
    }
}
