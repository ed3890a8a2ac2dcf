package io.zta.compile;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.zta.Posture;
import java.util.Map;
import java.util.TreeMap;

/** The label and annotations that tell a compiled object, and what asked for it. */
public final class Marks {
    /** The label every compiled object carries, with value {@link #MANAGER}. */
    public static final String MANAGED_BY = "app.kubernetes.io/managed-by";

    /** The value of {@link #MANAGED_BY}, and the field manager of the applier. */
    public static final String MANAGER = "zta";

    /** The annotation with the calls that asked for an object. */
    public static final String ASKED_BY = "zta.io/asked-by";

    /** The annotation with the posture, {@code namespace/name}. */
    public static final String POSTURE = "zta.io/posture";

    private Marks() {}

    /**
     * Adds the annotations alone, for an object that is not the posture's own, such as the namespace.
     *
     * @param call the calls of the DSL that asked for a change of the object, separated by commas
     * @return the same metadata
     */
    public static ObjectMeta annotate(ObjectMeta metadata, Posture posture, String call) {
        Map<String, String> annotations = new TreeMap<>();
        if (metadata.getAnnotations() != null) {
            annotations.putAll(metadata.getAnnotations());
        }
        annotations.put(ASKED_BY, call);
        annotations.put(POSTURE, posture.namespaces().get(0) + "/" + posture.name());
        metadata.setAnnotations(annotations);
        return metadata;
    }

    /**
     * Adds label and annotations to metadata.
     *
     * @param call the calls of the DSL that asked for the object, separated by commas
     * @return the same metadata
     */
    public static ObjectMeta mark(ObjectMeta metadata, Posture posture, String call) {
        Map<String, String> labels = new TreeMap<>();
        if (metadata.getLabels() != null) {
            labels.putAll(metadata.getLabels());
        }
        labels.put(MANAGED_BY, MANAGER);
        metadata.setLabels(labels);
        return annotate(metadata, posture, call);
    }
}
