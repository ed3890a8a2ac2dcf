package io.zta.snapshot;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/** Takes documents apart into objects: lists, objects, and what is neither. */
final class Unpacking {
    private Unpacking() {}

    /** Adds what a document holds; returns the number of values in it that are no Kubernetes objects. */
    static int unpack(Node node, Origin origin, List<Resource> resources, List<Damage> damages) {
        if (node.isArray()) {
            int foreign = 0;
            for (Node item : node.items()) {
                foreign += unpack(item, origin.at(item.line(), item.column()), resources, damages);
            }
            return foreign;
        }
        boolean versioned = node.get("apiVersion").isPresent();
        boolean kinded = node.get("kind").isPresent();
        if (!versioned && !kinded) {
            return 1;
        }
        Optional<String> problem = problem(node);
        if (problem.isPresent()) {
            damages.add(new Damage(origin, problem.get(), "complete it; this object was not read"));
            return 0;
        }
        String kind = node.get("kind").textOr("");
        if (kind.endsWith("List") && node.get("items").isArray()) {
            String itemKind = kind.substring(0, kind.length() - "List".length());
            for (Node item : node.get("items").items()) {
                Origin at = origin.at(item.line(), item.column());
                unpack(typed(item, node.get("apiVersion"), itemKind), at, resources, damages);
            }
            return 0;
        }
        resources.add(Resource.of(node, origin));
        return 0;
    }

    /** An item of a typed list, which the API server sends without apiVersion and kind. */
    private static Node typed(Node item, Node apiVersion, String kind) {
        if (kind.isEmpty() || !item.isObject() || item.get("kind").isPresent()) {
            return item;
        }
        LinkedHashMap<String, Node> fields = new LinkedHashMap<>();
        fields.put("apiVersion", apiVersion);
        fields.put("kind", Node.text(kind));
        fields.putAll(item.fields());
        return Node.ofOwned(fields, item.line(), item.column());
    }

    private static Optional<String> problem(Node node) {
        for (String field : List.of("apiVersion", "kind")) {
            if (!node.get(field).isScalar()) {
                return Optional.of("this object has no readable " + field);
            }
        }
        Node metadata = node.get("metadata");
        if (metadata.isPresent() && !metadata.isObject()) {
            return Optional.of("metadata of this " + node.get("kind") + " is not a map");
        }
        for (String field : List.of("name", "namespace")) {
            Node value = metadata.get(field);
            if (value.isPresent() && !value.isScalar()) {
                return Optional.of("metadata." + field + " of this " + node.get("kind") + " is not text");
            }
        }
        for (String field : List.of("labels", "annotations")) {
            Node map = metadata.get(field);
            if (map.isPresent()
                    && !(map.isObject()
                            && map.fields().values().stream().allMatch(v -> v.isScalar() || v.isAbsent()))) {
                return Optional.of("metadata." + field + " of this " + node.get("kind") + " is not a map of texts");
            }
        }
        Node items = node.get("items");
        if (node.get("kind").textOr("").endsWith("List") && items.isPresent() && !items.isArray()) {
            return Optional.of("items of this " + node.get("kind") + " is not a list");
        }
        Node spec = node.get("spec");
        if (spec.isPresent() && !spec.isObject()) {
            return Optional.of("spec of this " + node.get("kind") + " is not a map");
        }
        return Optional.empty();
    }
}
