package io.zta.snapshot;

import java.util.Map;
import java.util.Objects;

/**
 * One Kubernetes object of a snapshot, as it was read. Immutable; equality is identity of content.
 *
 * @param type group and kind
 * @param apiVersion the version it was written in
 * @param namespace the namespace; {@code "default"} where a namespaced object names none, empty for cluster-scoped kinds
 * @param name the name; empty where the object has none
 * @param tree the whole object
 * @param origin where it was read
 */
public record Resource(GroupKind type, String apiVersion, String namespace, String name, Node tree, Origin origin) {
    public Resource {
        Objects.requireNonNull(type, "type");
    }

    /** Forms a resource of a tree that has {@code apiVersion} and {@code kind}. */
    public static Resource of(Node tree, Origin origin) {
        String apiVersion = tree.get("apiVersion").textOr("");
        GroupKind type = GroupKind.of(apiVersion, tree.get("kind").textOr(""));
        Node metadata = tree.get("metadata");
        String namespace =
                type.isClusterScoped() ? "" : metadata.get("namespace").textOr("default");
        return new Resource(type, apiVersion, namespace, metadata.get("name").textOr(""), tree, origin);
    }

    /** {@code metadata.labels} as texts. */
    public Map<String, String> labels() {
        return tree.at("metadata", "labels").textMap();
    }

    /** {@code metadata.annotations} as texts. */
    public Map<String, String> annotations() {
        return tree.at("metadata", "annotations").textMap();
    }

    /** {@code spec}, or the missing node. */
    public Node spec() {
        return tree.get("spec");
    }

    /** Where a value of this object stands. */
    public Origin originOf(Node node) {
        return node.line() == 0 ? origin : origin.at(node.line(), node.column());
    }

    /** {@code Kind namespace/name}, as messages name an object. */
    public String display() {
        return type.kind() + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
    }
}
