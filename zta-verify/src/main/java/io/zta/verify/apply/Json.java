package io.zta.verify.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;

/** Objects as JSON trees: reading, stripping what the server keeps for itself, and the fields in which two differ. */
final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

    private Json() {}

    static JsonNode parse(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    static ObjectNode parseObject(String text) {
        JsonNode node = parse(text);
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException("not a JSON object: " + text);
    }

    static String text(JsonNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write JSON", e);
        }
    }

    static String indented(JsonNode node) {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
        printer.indentArraysWith(new DefaultIndenter("  ", "\n"));
        try {
            return MAPPER.writer(printer).writeValueAsString(node) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write JSON", e);
        }
    }

    static ObjectNode of(Object model) {
        return MAPPER.valueToTree(model);
    }

    static String metadata(JsonNode object, String field) {
        return object.path("metadata").path(field).asText("");
    }

    static ObjectRef ref(JsonNode object) {
        return new ObjectRef(
                object.path("apiVersion").asText(),
                object.path("kind").asText(),
                metadata(object, "namespace"),
                metadata(object, "name"));
    }

    /** A copy without what the API server refuses or ignores on a write: "managedFields must be nil". */
    static ObjectNode stripped(JsonNode object) {
        ObjectNode copy = object.deepCopy();
        copy.remove("status");
        if (copy.get("metadata") instanceof ObjectNode metadata) {
            for (String field : List.of(
                    "managedFields",
                    "resourceVersion",
                    "uid",
                    "creationTimestamp",
                    "generation",
                    "selfLink",
                    "deletionTimestamp",
                    "deletionGracePeriodSeconds")) {
                metadata.remove(field);
            }
            for (String field : List.of("labels", "annotations")) {
                if (metadata.path(field).isObject() && metadata.path(field).isEmpty()) {
                    metadata.remove(field);
                }
            }
        }
        return copy;
    }

    /** The object of a snapshot as JSON. */
    static ObjectNode of(Resource resource) {
        return Trees.json(resource.tree());
    }

    /** A JSON object as a resource of a snapshot. */
    static Resource resource(JsonNode object) {
        return Snapshot.ofText("plan", text(object)).resources().findFirst().orElseThrow();
    }

    /** The fields in which two objects differ; lists are compared item by item where they are equally long. */
    static List<FieldChange> differences(Optional<? extends JsonNode> before, Optional<? extends JsonNode> after) {
        List<FieldChange> changes = new ArrayList<>();
        compare("", before.orElse(null), after.orElse(null), changes);
        return changes;
    }

    private static void compare(
            String path,
            @org.jspecify.annotations.Nullable JsonNode before,
            @org.jspecify.annotations.Nullable JsonNode after,
            List<FieldChange> changes) {
        if (Objects.equals(before, after)) {
            return;
        }
        if (before != null && after != null && before.isObject() && after.isObject()) {
            TreeSet<String> names = new TreeSet<>();
            before.fieldNames().forEachRemaining(names::add);
            after.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                compare(join(path, name), before.get(name), after.get(name), changes);
            }
            return;
        }
        if (before != null && after != null && before.isArray() && after.isArray() && before.size() == after.size()) {
            for (int index = 0; index < before.size(); index++) {
                compare(path + "[" + index + "]", before.get(index), after.get(index), changes);
            }
            return;
        }
        changes.add(new FieldChange(path.isEmpty() ? "(object)" : path, shown(before), shown(after)));
    }

    private static String join(String path, String name) {
        String step = name.indexOf('.') >= 0 || name.indexOf('/') >= 0 ? "[" + name + "]" : name;
        return path.isEmpty() || step.startsWith("[") ? path + step : path + "." + step;
    }

    private static String shown(@org.jspecify.annotations.Nullable JsonNode node) {
        return node == null ? "absent" : text(node);
    }

    /**
     * What {@code live} becomes when the change from {@code before} to {@code after} is taken back: each field that still
     * has the value it was given gets its old value again. Fields that somebody changed since are left, and listed.
     */
    static ObjectNode takenBack(JsonNode before, JsonNode after, JsonNode live, List<String> changedSince) {
        return (ObjectNode) takeBack("", before, after, live, changedSince);
    }

    private static JsonNode takeBack(
            String path, JsonNode before, JsonNode after, JsonNode live, List<String> changedSince) {
        if (!before.isObject() || !after.isObject() || !live.isObject()) {
            return live;
        }
        ObjectNode result = live.deepCopy();
        TreeSet<String> names = new TreeSet<>();
        before.fieldNames().forEachRemaining(names::add);
        after.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            JsonNode old = before.get(name);
            JsonNode written = after.get(name);
            JsonNode now = live.get(name);
            if (Objects.equals(old, written)) {
                continue;
            }
            if (old != null
                    && written != null
                    && now != null
                    && old.isObject()
                    && written.isObject()
                    && now.isObject()) {
                result.set(name, takeBack(join(path, name), old, written, now, changedSince));
            } else if (!Objects.equals(now, written)) {
                if (!Objects.equals(now, old)) {
                    changedSince.add(join(path, name) + " is now " + shown(now));
                }
            } else if (old == null) {
                result.remove(name);
            } else {
                result.set(name, old.deepCopy());
            }
        }
        return result;
    }
}
