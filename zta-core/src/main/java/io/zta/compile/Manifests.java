package io.zta.compile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.zta.Posture;
import io.zta.snapshot.Node;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The objects a posture compiles to, in the order of apply. The same posture gives the same bytes. Immutable. */
public final class Manifests {
    private final List<Compiled> compiled;
    private final List<Extra> extras;

    private Manifests(List<Compiled> compiled, List<Extra> extras) {
        List<Compiled> sorted = new ArrayList<>(compiled);
        sorted.sort(Comparator.comparing(Compiled::phase)
                .thenComparing(Compiled::restricts)
                .thenComparingInt(entry -> rank(entry.object()))
                .thenComparing(entry -> entry.object().getKind())
                .thenComparing(entry -> Optional.ofNullable(
                                entry.object().getMetadata().getNamespace())
                        .orElse(""))
                .thenComparing(entry -> entry.object().getMetadata().getName()));
        this.compiled = List.copyOf(sorted);
        this.extras = List.copyOf(extras);
    }

    /** What a binding names has to be there first. */
    private static int rank(HasMetadata object) {
        return object.getKind().endsWith("Binding") ? 1 : 0;
    }

    /**
     * Compiles a posture with the layers on the class path, as far as the phase it is to be brought to.
     *
     * @throws io.zta.intent.PostureException if an intent has no layer, or intents can't be had together
     */
    public static Manifests of(Posture posture) {
        List<Compiled> all = new ArrayList<>();
        List<Extra> extras = new ArrayList<>();
        for (Layer layer : Layers.forPosture(posture)) {
            layer.compile(posture).stream()
                    .filter(entry -> entry.phase().compareTo(posture.phase()) <= 0)
                    .forEach(all::add);
            extras.addAll(layer.extras(posture));
        }
        return new Manifests(all, extras);
    }

    /** The objects with their phase, in the order of apply. */
    public List<Compiled> compiled() {
        return compiled;
    }

    /** The objects, in the order of apply. */
    public List<HasMetadata> objects() {
        return compiled.stream().map(Compiled::object).toList();
    }

    /** Files that go beside the objects: the audit policy, Falco rules, Gatekeeper constraints, Telemetry. */
    public List<Extra> extras() {
        return extras;
    }

    /** The file of that name. */
    public Optional<Extra> extra(String name) {
        return extras.stream().filter(extra -> extra.name().equals(name)).findFirst();
    }

    /** One YAML stream that {@code kubectl apply} takes. */
    public String toYaml() {
        StringBuilder out = new StringBuilder();
        for (Compiled entry : compiled) {
            out.append("---\n").append(yaml(entry.object()));
        }
        return out.toString();
    }

    /** The snapshot of a cluster that holds exactly these objects, and the audit policy where one is asked for. */
    public Snapshot snapshot() {
        StringBuilder text = new StringBuilder(toYaml());
        extra("audit-policy.yaml").ifPresent(policy -> text.append("---\n").append(policy.content()));
        return Snapshot.ofText("compiled", text.toString());
    }

    /** An object as the tree that {@link #yaml} would be read as. */
    public static Node tree(HasMetadata object) {
        return ModelTree.of(object)
                .orElseGet(() -> Snapshot.ofText("compiled", yaml(object))
                        .resources()
                        .findFirst()
                        .orElseThrow()
                        .tree());
    }

    /** An object as YAML, keys of maps sorted, ending in a line break. */
    public static String yaml(Object object) {
        try {
            return Yaml.MAPPER.writeValueAsString(object);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + object.getClass().getSimpleName() + " as YAML", e);
        }
    }

    /** Made when the first object is written: a proof writes none, and making it takes longer than many a proof. */
    private static final class Yaml {
        static final ObjectMapper MAPPER = YAMLMapper.builder(YAMLFactory.builder()
                        .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                        .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                        .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                        .disable(YAMLGenerator.Feature.SPLIT_LINES)
                        .build())
                .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                .build();

        private Yaml() {}
    }
}
