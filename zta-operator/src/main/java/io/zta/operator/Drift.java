package io.zta.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.zta.Posture;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Where a cluster no longer holds what a posture compiles to. The server itself compares: a server-side dry run of each
 * object that answers with another generation or content than is stored would change it.
 */
final class Drift {
    private static final String FIELD_MANAGER = "zta";

    private Drift() {}

    /** The objects that applying the posture would create or change, sorted. Writes nothing. */
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
                } else if (differs(object, stored, client)) {
                    drift.add(name + " differs");
                }
            } catch (KubernetesClientException e) {
                drift.add(name + " cannot be compared: " + e.getMessage());
            }
        }
        Collections.sort(drift);
        return List.copyOf(drift);
    }

    private static boolean differs(HasMetadata object, HasMetadata stored, KubernetesClient client) {
        PatchContext context = new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(FIELD_MANAGER)
                .withForce(true)
                .withDryRun(List.of("All"))
                .build();
        HasMetadata applied = client.resource(object).patch(context, object);
        return !comparable(applied, client).equals(comparable(stored, client));
    }

    private static Object comparable(HasMetadata object, KubernetesClient client) {
        HasMetadata copy = client.getKubernetesSerialization().clone(object);
        copy.getMetadata().setManagedFields(null);
        copy.getMetadata().setResourceVersion(null);
        copy.getMetadata().setGeneration(null);
        return client.getKubernetesSerialization().convertValue(copy, java.util.Map.class);
    }
}
