package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.verify.apply.Api.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Inventories in ConfigMaps of {@link Inventory#NAMESPACE}. A document that would come near the limit of 1 MiB for an
 * object is split: its parts are written first, under names that their content decides, then the ConfigMap that lists them,
 * so that a reader sees the old document or the new one.
 */
final class Store {
    private static final String LABEL = "zta.io/inventory";
    private static final String PART_OF = "zta.io/part-of";

    private final Api api;
    private final int limit;

    Store(Api api) {
        this(api, 250_000); // characters: at most 3 bytes each, below 1 MiB with some room
    }

    Store(Api api, int limit) {
        this.api = api;
        this.limit = limit;
    }

    /** Creates the namespace where it is missing. */
    void ensureNamespace() {
        ObjectRef ref = new ObjectRef("v1", "Namespace", "", Inventory.NAMESPACE);
        if (api.find(ref).isPresent()) {
            return;
        }
        ObjectNode namespace =
                Json.MAPPER.createObjectNode().put("apiVersion", "v1").put("kind", "Namespace");
        ObjectNode metadata = namespace.putObject("metadata").put("name", Inventory.NAMESPACE);
        metadata.putObject("labels")
                .put("app.kubernetes.io/managed-by", "zta")
                .put("pod-security.kubernetes.io/enforce", "restricted");
        Answer answer = api.create(namespace, false);
        if (!answer.ok() && !answer.conflict()) {
            throw Api.refused("the namespace " + Inventory.NAMESPACE + " can't be created", answer);
        }
    }

    /** The inventory of a posture, empty where there is none. Reads only. */
    Inventory load(String id) {
        return inventories(LABEL + "=" + Inventory.key(id)).stream()
                .filter(inventory -> inventory.id().equals(id))
                .findFirst()
                .orElse(Inventory.empty(id));
    }

    /** All inventories, by id. Reads only. */
    List<Inventory> all() {
        return inventories(LABEL);
    }

    private List<Inventory> inventories(String selector) {
        List<ObjectNode> maps =
                api.list("v1", "ConfigMap", Inventory.NAMESPACE, "labelSelector=" + Api.encode(selector));
        Map<String, JsonNode> byName = new TreeMap<>();
        maps.forEach(map -> byName.put(Json.metadata(map, "name"), map));
        Map<String, List<StepRecord>> steps = new TreeMap<>();
        Map<String, JsonNode> heads = new TreeMap<>();
        for (JsonNode map : byName.values()) {
            if (map.path("metadata").path("labels").has(PART_OF)) {
                continue;
            }
            String key = map.path("metadata").path("labels").path(LABEL).asText();
            JsonNode document = Json.parse(document(map, byName));
            if (document.has("sequence")) {
                steps.computeIfAbsent(key, name -> new ArrayList<>()).add(StepRecord.of(document));
            } else {
                heads.put(key, document);
            }
        }
        List<Inventory> found = new ArrayList<>();
        heads.forEach((key, head) -> found.add(new Inventory(
                Inventory.idOf(head), head.path("posture").asText(), steps.getOrDefault(key, List.of()))));
        return found;
    }

    private static String document(JsonNode map, Map<String, JsonNode> byName) {
        JsonNode data = map.path("data");
        if (data.has("document")) {
            return data.path("document").asText();
        }
        String name = Json.metadata(map, "name");
        StringBuilder text = new StringBuilder();
        for (int part = 0; part < data.path("parts").asInt(); part++) {
            @Nullable JsonNode piece = byName.get(part(name, data.path("digest").asText(), part));
            if (piece == null) {
                throw new ApplyException(
                        ApplyException.Reason.REFUSED,
                        "The inventory " + Inventory.NAMESPACE + "/" + name + " lacks its part " + part
                                + ". Somebody deleted a ConfigMap of it: restore it from a backup of etcd.");
            }
            text.append(piece.path("data").path("part").asText());
        }
        if (!Inventory.digest(text.toString()).startsWith(data.path("digest").asText())) {
            throw new ApplyException(
                    ApplyException.Reason.REFUSED,
                    "The parts of the inventory " + Inventory.NAMESPACE + "/" + name
                            + " do not add up to what was written. Somebody edited them: restore them from a backup.");
        }
        return text.toString();
    }

    /** Writes the posture last applied. */
    void saveHead(Inventory inventory) {
        write(inventory, "zta-inventory-" + Inventory.key(inventory.id()), Json.text(Inventory.head(inventory)));
    }

    /** Writes a step. */
    void save(Inventory inventory, StepRecord step) {
        write(inventory, stepName(inventory, step), Json.text(step.json()));
    }

    private static String stepName(Inventory inventory, StepRecord step) {
        return String.format(java.util.Locale.ROOT, "zta-step-%s-%06d", Inventory.key(inventory.id()), step.sequence());
    }

    private void write(Inventory inventory, String name, String text) {
        if (text.length() <= limit) {
            put(inventory, name, Optional.empty(), data -> data.put("document", text));
            return;
        }
        String digest = Inventory.digest(text).substring(0, 12);
        int parts = 0;
        for (int start = 0; start < text.length(); parts++) {
            int end = Math.min(text.length(), start + limit);
            if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
                end++;
            }
            String piece = text.substring(start, end);
            put(inventory, part(name, digest, parts), Optional.of(name), data -> data.put("part", piece));
            start = end;
        }
        int count = parts;
        put(
                inventory,
                name,
                Optional.empty(),
                data -> data.put("parts", String.valueOf(count)).put("digest", digest));
        for (ObjectNode old : api.list(
                "v1", "ConfigMap", Inventory.NAMESPACE, "labelSelector=" + Api.encode(PART_OF + "=" + label(name)))) {
            if (!Json.metadata(old, "name").startsWith(name + "." + digest + ".")) {
                api.delete(Json.ref(old), Json.metadata(old, "uid"), "", false);
            }
        }
    }

    private static String part(String name, String digest, int number) {
        return name + "." + digest + "." + number;
    }

    private static String label(String name) {
        return name.length() <= 63 ? name : Inventory.digest(name).substring(0, 20);
    }

    private void put(
            Inventory inventory,
            String name,
            Optional<String> partOf,
            java.util.function.Consumer<ObjectNode> content) {
        ObjectNode map = Json.MAPPER.createObjectNode().put("apiVersion", "v1").put("kind", "ConfigMap");
        ObjectNode metadata = map.putObject("metadata").put("name", name).put("namespace", Inventory.NAMESPACE);
        ObjectNode labels = metadata.putObject("labels")
                .put("app.kubernetes.io/managed-by", "zta")
                .put(LABEL, Inventory.key(inventory.id()));
        partOf.ifPresent(whole -> labels.put(PART_OF, label(whole)));
        content.accept(map.putObject("data"));
        Answer answer = api.apply(map, false, true);
        if (!answer.ok()) {
            throw Api.refused("the inventory can't be written to " + Inventory.NAMESPACE + "/" + name, answer);
        }
    }

    /** Removes the records of steps that nothing rests on any more, beyond the newest {@code keep}. */
    void forget(Inventory inventory, int keep) {
        List<StepRecord> undone = inventory.steps().stream()
                .filter(step -> step.state() == StepRecord.State.UNDONE)
                .toList();
        for (StepRecord step : undone.subList(0, Math.max(0, undone.size() - keep))) {
            String name = stepName(inventory, step);
            api.delete(new ObjectRef("v1", "ConfigMap", Inventory.NAMESPACE, name), "", "", false);
        }
    }
}
