package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.snapshot.Node;
import java.math.BigDecimal;

/** The raw trees of a snapshot as JSON. */
final class Trees {
    private static final JsonNodeFactory FACTORY = JsonNodeFactory.instance;

    private Trees() {}

    static ObjectNode json(Node tree) {
        ObjectNode object = FACTORY.objectNode();
        tree.fields().forEach((name, value) -> object.set(name, value(value)));
        return object;
    }

    private static JsonNode value(Node node) {
        return switch (node.kind()) {
            case OBJECT -> json(node);
            case ARRAY -> {
                ArrayNode array = FACTORY.arrayNode(node.size());
                node.items().forEach(item -> array.add(value(item)));
                yield array;
            }
            case SCALAR -> scalar(node);
            case NULL, MISSING -> FACTORY.nullNode();
        };
    }

    private static JsonNode scalar(Node node) {
        String text = node.textOr("");
        if (node.isQuoted()) {
            return FACTORY.textNode(text);
        }
        if (node.bool().isPresent()) {
            return FACTORY.booleanNode(node.isTrue());
        }
        if (node.isInteger()) {
            long number = Long.parseLong(text);
            return number == (int) number ? FACTORY.numberNode((int) number) : FACTORY.numberNode(number);
        }
        try {
            return FACTORY.numberNode(new BigDecimal(text));
        } catch (NumberFormatException e) {
            return FACTORY.textNode(text);
        }
    }
}
