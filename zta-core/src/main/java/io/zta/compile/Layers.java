package io.zta.compile;

import io.zta.Posture;
import io.zta.intent.Intent;
import io.zta.intent.LayerName;
import io.zta.intent.PostureException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeSet;

/** The layers on the class path. */
public final class Layers {
    private Layers() {}

    /** All layers found, in the order of {@link LayerName}: the library's own class loader first, then the context's. */
    public static List<Layer> found() {
        Map<LayerName, Layer> layers = new EnumMap<>(LayerName.class);
        load(Layer.class.getClassLoader(), layers);
        load(Thread.currentThread().getContextClassLoader(), layers);
        return List.copyOf(layers.values());
    }

    private static void load(ClassLoader loader, Map<LayerName, Layer> layers) {
        for (Layer layer : ServiceLoader.load(Layer.class, loader)) {
            layers.putIfAbsent(layer.name(), layer);
        }
    }

    /**
     * All layers found, when they handle every intent of the posture.
     *
     * @throws PostureException if an intent has no layer; the message names the artifact to add
     */
    public static List<Layer> forPosture(Posture posture) {
        List<Layer> layers = found();
        for (Intent intent : posture.intents()) {
            if (layers.stream().noneMatch(layer -> layer.handles(intent))) {
                TreeSet<String> names = new TreeSet<>();
                layers.forEach(layer -> names.add(layer.name().artifact()));
                throw new PostureException("Cannot compile " + intent.call() + " for namespace \""
                        + String.join(", ", posture.namespaces())
                        + "\": no module on the class path handles it. Add io.zta:"
                        + intent.layer().artifact() + " (same version as zta-core). Found: "
                        + String.join(", ", names) + ".");
            }
        }
        return layers;
    }
}
