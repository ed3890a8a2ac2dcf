package io.zta;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.compile.Manifests;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The definition of the custom resource says what the JSON Schema says, as far as a structural schema can: what it can't
 * (a value of several types, conditions) is kept as written there, and refused by the reader.
 */
class CustomResourceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path RESOURCE = Path.of("src/main/resources/io/zta/crd.yaml");
    private static final List<String> KEPT = List.of(
            "description",
            "type",
            "enum",
            "pattern",
            "minimum",
            "maximum",
            "minItems",
            "minLength",
            "minProperties",
            "maxProperties",
            "required");

    private final JsonNode schema;

    CustomResourceTest() throws IOException {
        try (InputStream in = Posture.class.getResourceAsStream("posture.schema.json")) {
            schema = JSON.readTree(in);
        }
    }

    @Test
    void the_definition_is_made_of_the_schema() throws IOException {
        String rendered = "# Made of posture.schema.json by a test; run it with -Dgolden.update to write it anew.\n"
                + Manifests.yaml(JSON.convertValue(definition(), Map.class));
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(RESOURCE, rendered);
        }
        assertThat(Boolean.getBoolean("golden.update"))
                .as("an update is no check")
                .isFalse();
        assertThat(Files.readString(RESOURCE)).isEqualTo(rendered);
    }

    private ObjectNode definition() throws IOException {
        ObjectNode root = structural(schema);
        root.with("properties").set("apiVersion", JSON.createObjectNode().put("type", "string"));
        root.with("properties").set("kind", JSON.createObjectNode().put("type", "string"));
        root.with("properties").set("metadata", JSON.createObjectNode().put("type", "object"));
        ObjectNode status = root.with("properties").with("status");
        status.put("type", "object").put("x-kubernetes-preserve-unknown-fields", true);
        root.set("required", JSON.createArrayNode().add("spec"));
        ObjectNode definition = (ObjectNode) JSON.readTree("""
                {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                 "metadata": {"name": "zerotrustpostures.zta.io"},
                 "spec": {"group": "zta.io", "scope": "Namespaced",
                   "names": {"kind": "ZeroTrustPosture", "listKind": "ZeroTrustPostureList",
                             "plural": "zerotrustpostures", "singular": "zerotrustposture", "shortNames": ["ztp"]},
                   "versions": [{"name": "v1alpha1", "served": true, "storage": true,
                     "subresources": {"status": {}},
                     "additionalPrinterColumns": [
                       {"name": "Outcome", "type": "string", "jsonPath": ".status.outcome"},
                       {"name": "Message", "type": "string", "jsonPath": ".status.message"},
                       {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]}]}}
                """);
        ObjectNode version = (ObjectNode) definition.at("/spec/versions/0");
        version.set("schema", JSON.createObjectNode().set("openAPIV3Schema", root));
        return definition;
    }

    /** A schema as Kubernetes takes one: a type everywhere, nothing conditional, references resolved. */
    private ObjectNode structural(JsonNode given) {
        JsonNode node = resolved(given);
        ObjectNode out = JSON.createObjectNode();
        KEPT.forEach(key -> {
            if (node.has(key)) {
                out.set(key, node.get(key));
            }
        });
        if (node.has("const")) {
            out.put("type", "string").set("enum", JSON.createArrayNode().add(node.get("const")));
        }
        if (out.has("enum") && !out.has("type")) {
            boolean numbers = false;
            for (JsonNode value : out.get("enum")) {
                numbers |= value.isNumber();
            }
            if (numbers) {
                out.put("x-kubernetes-int-or-string", true);
            } else {
                out.put("type", "string");
            }
        }
        if (node.path("type").isArray()) { // text, which digits without quotes are as well: here in quotes only
            out.put("type", "string").remove("minimum");
        }
        if (node.has("oneOf") && !node.has("type")) {
            alternatives(node, out);
        }
        fields(node, out);
        if (node.has("items")) {
            out.set("items", structural(node.get("items")));
        }
        if (node.path("additionalProperties").isObject()) {
            out.set("additionalProperties", structural(node.get("additionalProperties")));
        }
        return out;
    }

    private void fields(JsonNode node, ObjectNode out) {
        if (node.has("properties")) {
            ObjectNode properties = out.putObject("properties");
            node.get("properties")
                    .fields()
                    .forEachRemaining(field -> properties.set(field.getKey(), structural(field.getValue())));
        }
    }

    /** A map that may also be {@code true} or nothing becomes the map; all else is kept as written. */
    private void alternatives(JsonNode node, ObjectNode out) {
        ArrayNode types = JSON.createArrayNode().add("boolean").add("null");
        JsonNode first = node.get("oneOf").get(0);
        boolean falseMatters = node.path("description").asText().contains("false leaves");
        if (first.path("type").equals(types) && !falseMatters) {
            ObjectNode map = structural(node.get("oneOf").get(1));
            map.remove("maxProperties"); // a map without keys: an unknown one is refused anyway
            out.setAll(map);
            out.put("nullable", true);
        } else {
            out.put("x-kubernetes-preserve-unknown-fields", true);
        }
    }

    private JsonNode resolved(JsonNode node) {
        JsonNode parent = node.has("$ref")
                ? schema.at(node.get("$ref").asText().substring(1))
                : node.has("allOf") && node.get("allOf").get(0).has("$ref")
                        ? node.get("allOf").get(0)
                        : null;
        if (parent == null) {
            return node;
        }
        ObjectNode merged = resolved(parent).deepCopy();
        node.fields().forEachRemaining(field -> {
            boolean narrows = field.getKey().equals("properties");
            if (!List.of("$ref", "allOf").contains(field.getKey()) && !narrows) {
                merged.set(field.getKey(), field.getValue());
            }
        });
        return merged;
    }
}
