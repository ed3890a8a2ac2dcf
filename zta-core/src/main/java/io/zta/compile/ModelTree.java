package io.zta.compile;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.zta.snapshot.Node;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads a typed object as the tree that Jackson would write of it, field by annotated field. Jackson looks closely at each
 * class it meets first, which costs a short run of the command more than all of its proofs; what is written otherwise than
 * field by field is left to it.
 */
final class ModelTree {
    /** Something that only Jackson knows how to write. */
    private static final class Special extends RuntimeException {
        private static final long serialVersionUID = 1;

        Special(Class<?> type) {
            super(type.getName(), null, false, false);
        }
    }

    private ModelTree() {}

    /** The tree, or nothing where an object in it is not written field by field. */
    static Optional<Node> of(Object model) {
        try {
            return Optional.of(tree(model));
        } catch (Special | ReflectiveOperationException | InaccessibleObjectException special) {
            return Optional.empty();
        }
    }

    private static Node tree(Object value) throws ReflectiveOperationException {
        if (value instanceof String text) {
            return Node.text(text);
        }
        if (value instanceof Boolean || value instanceof Integer || value instanceof Long) {
            return Node.plain(value.toString());
        }
        if (value instanceof IntOrString either) {
            return either.getIntVal() != null
                    ? Node.plain(either.getIntVal().toString())
                    : Node.text(either.getStrVal());
        }
        if (value instanceof List<?> list) {
            List<Node> items = new ArrayList<>();
            for (Object item : list) {
                items.add(tree(item));
            }
            return Node.array(items);
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Node> fields = new TreeMap<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                fields.put((String) entry.getKey(), tree(entry.getValue()));
            }
            return Node.object(fields);
        }
        return value instanceof Enum<?> constant ? constant(constant) : object(value);
    }

    private static Node constant(Enum<?> constant) throws ReflectiveOperationException {
        for (Method method : constant.getDeclaringClass().getDeclaredMethods()) {
            if (method.isAnnotationPresent(JsonValue.class)) {
                return tree(method.invoke(constant));
            }
        }
        return Node.text(constant.name());
    }

    private static Node object(Object value) throws ReflectiveOperationException {
        Class<?> type = value.getClass();
        if (!type.getName().startsWith("io.fabric8.") || type.isAnnotationPresent(JsonSerialize.class)) {
            throw new Special(type);
        }
        Map<String, Node> fields = new LinkedHashMap<>();
        for (Class<?> level = type; level != null && level != Object.class; level = level.getSuperclass()) {
            for (Field field : level.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    add(value, field, fields);
                }
            }
        }
        return Node.object(fields);
    }

    private static void add(Object owner, Field field, Map<String, Node> fields) throws ReflectiveOperationException {
        field.setAccessible(true);
        Object value = field.get(owner);
        boolean empty =
                value instanceof List<?> list && list.isEmpty() || value instanceof Map<?, ?> map && map.isEmpty();
        JsonProperty property = field.getAnnotation(JsonProperty.class);
        if (value == null || property == null && empty) {
            return;
        }
        if (property == null || field.isAnnotationPresent(JsonSerialize.class)) {
            throw new Special(owner.getClass()); // further properties, or what writes itself
        }
        JsonInclude include = field.getAnnotation(JsonInclude.class);
        if (!(empty && include != null && include.value() == JsonInclude.Include.NON_EMPTY)) {
            fields.put(property.value().isEmpty() ? field.getName() : property.value(), tree(value));
        }
    }
}
