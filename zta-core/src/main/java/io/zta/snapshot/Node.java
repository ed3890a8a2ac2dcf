package io.zta.snapshot;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * One value of a manifest exactly as it was written: scalars keep their text, every value keeps its line and column.
 *
 * <p>Verdicts are formed on this raw tree and not on typed models, because those drop empty lists and read unknown enum
 * values as defaults. Immutable and thread-safe. A path that leads nowhere yields {@link #missing()}, never {@code null}.
 */
public final class Node {
    /** What a node is. */
    public enum Kind {
        /** A map with text keys, in the order written. */
        OBJECT,
        /** A list. */
        ARRAY,
        /** A quoted or plain scalar; {@link Node#isQuoted()} tells which. */
        SCALAR,
        /** An explicit or empty null. */
        NULL,
        /** Not there at all. */
        MISSING
    }

    private static final Node MISSING = new Node(Kind.MISSING, Map.of(), List.of(), "", false, 0, 0);
    private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]{1,18}");

    private final Kind kind;
    private final Map<String, Node> fields;
    private final List<Node> items;
    private final String text;
    private final boolean quoted;
    private final int line;
    private final int column;

    private Node(
            Kind kind, Map<String, Node> fields, List<Node> items, String text, boolean quoted, int line, int column) {
        this.kind = kind;
        this.fields = fields;
        this.items = items;
        this.text = text;
        this.quoted = quoted;
        this.line = line;
        this.column = column;
    }

    /** The node that stands for nothing. */
    public static Node missing() {
        return MISSING;
    }

    /** An object node; the map is taken over and must not be changed afterwards. */
    static Node ofOwned(LinkedHashMap<String, Node> fields, int line, int column) {
        return new Node(Kind.OBJECT, fields, List.of(), "", false, line, column);
    }

    /** An array node; the list is taken over and must not be changed afterwards. */
    static Node ofOwned(ArrayList<Node> items, int line, int column) {
        return new Node(Kind.ARRAY, Map.of(), items, "", false, line, column);
    }

    /** An object node with a copy of these fields, in their order. */
    public static Node object(Map<String, Node> fields) {
        return ofOwned(new LinkedHashMap<>(fields), 0, 0);
    }

    /** An array node with a copy of these items. */
    public static Node array(List<Node> items) {
        return ofOwned(new ArrayList<>(items), 0, 0);
    }

    /** A text scalar, as if it had been quoted. */
    public static Node text(String text) {
        return new Node(Kind.SCALAR, Map.of(), List.of(), text, true, 0, 0);
    }

    /** A plain scalar: a number, a boolean, or text that was written without quotes. */
    public static Node plain(String text) {
        return scalar(text, false, 0, 0);
    }

    static Node scalar(String text, boolean quoted, int line, int column) {
        if (!quoted && (text.isEmpty() || text.equals("~") || text.equalsIgnoreCase("null"))) {
            return new Node(Kind.NULL, Map.of(), List.of(), text, false, line, column);
        }
        return new Node(Kind.SCALAR, Map.of(), List.of(), text, quoted, line, column);
    }

    /** What this node is. */
    public Kind kind() {
        return kind;
    }

    /** The line, counted from 1; 0 where unknown. */
    public int line() {
        return line;
    }

    /** The column, counted from 1; 0 where unknown. */
    public int column() {
        return column;
    }

    /** Whether nothing is here: no such path, or a null. Kubernetes treats both alike. */
    public boolean isAbsent() {
        return kind == Kind.MISSING || kind == Kind.NULL;
    }

    /** Whether a value other than null is here. */
    public boolean isPresent() {
        return !isAbsent();
    }

    /** Whether this is an object. */
    public boolean isObject() {
        return kind == Kind.OBJECT;
    }

    /** Whether this is an array. */
    public boolean isArray() {
        return kind == Kind.ARRAY;
    }

    /** Whether this is a scalar. */
    public boolean isScalar() {
        return kind == Kind.SCALAR;
    }

    /** Whether this scalar was written in quotes, which makes digits text. */
    public boolean isQuoted() {
        return quoted;
    }

    /** Whether this is a plain scalar of digits, which Kubernetes reads as a number. */
    public boolean isInteger() {
        return kind == Kind.SCALAR && !quoted && INTEGER.matcher(text).matches();
    }

    /** The field of that name, or {@link #missing()}. */
    public Node get(String name) {
        return fields.getOrDefault(name, MISSING);
    }

    /** The value at the end of these field names, or {@link #missing()}. */
    public Node at(String... path) {
        Node node = this;
        for (String name : path) {
            node = node.get(name);
        }
        return node;
    }

    /** The item at that index, or {@link #missing()}. */
    public Node item(int index) {
        return index >= 0 && index < items.size() ? items.get(index) : MISSING;
    }

    /** The fields in the order written; empty when this is no object. Unmodifiable. */
    public Map<String, Node> fields() {
        return Collections.unmodifiableMap(fields);
    }

    /** The items; empty when this is no array. Unmodifiable. */
    public List<Node> items() {
        return Collections.unmodifiableList(items);
    }

    /** The number of items or fields. */
    public int size() {
        return kind == Kind.ARRAY ? items.size() : fields.size();
    }

    /** A scalar's text exactly as written (quotes resolved), whatever it looks like; empty for everything else. */
    public Optional<String> text() {
        return kind == Kind.SCALAR ? Optional.of(text) : Optional.empty();
    }

    /** A scalar's text, or the given one. */
    public String textOr(String other) {
        return kind == Kind.SCALAR ? text : other;
    }

    /** A plain scalar of digits as a number; empty for all else, and for a number beyond {@code int}. */
    public OptionalInt integer() {
        if (!isInteger()) {
            return OptionalInt.empty();
        }
        long value = Long.parseLong(text);
        return value == (int) value ? OptionalInt.of((int) value) : OptionalInt.empty();
    }

    /** A plain {@code true} or {@code false}; empty for all else. */
    public Optional<Boolean> bool() {
        if (kind != Kind.SCALAR || quoted) {
            return Optional.empty();
        }
        return switch (text) {
            case "true", "True", "TRUE" -> Optional.of(true);
            case "false", "False", "FALSE" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    /** Whether this is a plain {@code true}. */
    public boolean isTrue() {
        return bool().orElse(false);
    }

    /** The texts of an array of scalars; other items are left out, so check {@link #isTextArray()} where that matters. */
    public List<String> texts() {
        List<String> texts = new ArrayList<>(items.size());
        for (Node item : items) {
            if (item.kind == Kind.SCALAR) {
                texts.add(item.text);
            }
        }
        return texts;
    }

    /** Whether this is absent or an array of scalars only. */
    public boolean isTextArray() {
        return isAbsent() || kind == Kind.ARRAY && items.stream().allMatch(Node::isScalar);
    }

    /** An object of scalars as a map of texts, in the order written; null is the empty text, other values are left out. */
    public Map<String, String> textMap() {
        Map<String, String> map = new LinkedHashMap<>();
        fields.forEach((key, value) -> {
            if (value.kind == Kind.SCALAR) {
                map.put(key, value.text);
            } else if (value.kind == Kind.NULL) {
                map.put(key, "");
            }
        });
        return map;
    }

    /** Equal content, wherever it stands and however it is quoted or ordered; {@code "8080"} and {@code 8080} differ. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Node that) || kind != that.kind) {
            return false;
        }
        return switch (kind) {
            case OBJECT -> fields.equals(that.fields);
            case ARRAY -> items.equals(that.items);
            case SCALAR -> text.equals(that.text) && (quoted == that.quoted || isTextual() && that.isTextual());
            case NULL, MISSING -> true;
        };
    }

    private boolean isTextual() {
        return quoted || !isInteger() && bool().isEmpty();
    }

    @Override
    public int hashCode() {
        return switch (kind) {
            case OBJECT -> fields.hashCode();
            case ARRAY -> items.hashCode();
            case SCALAR -> text.hashCode();
            case NULL, MISSING -> 0;
        };
    }

    /** One line of flow style, to be quoted in messages and evidence. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        write(out);
        return out.toString();
    }

    private void write(StringBuilder out) {
        switch (kind) {
            case OBJECT -> {
                out.append('{');
                String separator = "";
                for (Map.Entry<String, Node> field : fields.entrySet()) {
                    out.append(separator).append(field.getKey()).append(": ");
                    field.getValue().write(out);
                    separator = ", ";
                }
                out.append('}');
            }
            case ARRAY -> {
                out.append('[');
                String separator = "";
                for (Node item : items) {
                    out.append(separator);
                    item.write(out);
                    separator = ", ";
                }
                out.append(']');
            }
            case SCALAR -> {
                if (quoted && (text.isEmpty() || INTEGER.matcher(text).matches() || text.equals("*"))) {
                    out.append('"').append(text).append('"');
                } else {
                    out.append(text);
                }
            }
            case NULL -> out.append("null");
            case MISSING -> out.append("absent");
        }
    }
}
