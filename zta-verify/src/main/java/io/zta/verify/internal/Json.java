package io.zta.verify.internal;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Writes JSON of maps, collections, texts, numbers and booleans: indented, keys in their given order, the same bytes for
 * the same values. A mapper of objects would cost a tenth of a second at every start of the command.
 */
public final class Json {
    private final StringBuilder out;

    private Json(StringBuilder out) {
        this.out = out;
    }

    /**
     * A map of alternating keys and values, in that order; an empty {@link Optional} leaves its key out.
     *
     * @throws IllegalArgumentException if a key has no value
     */
    public static Map<String, Object> object(Object... keysAndValues) {
        if (keysAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("a key without a value");
        }
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            Object value = keysAndValues[i + 1];
            String key = (String) keysAndValues[i];
            if (value instanceof Optional<?> optional) {
                optional.ifPresent(present -> map.put(key, present));
            } else {
                map.put(key, value);
            }
        }
        return map;
    }

    /** Indented by two spaces, ending in a line break. */
    public static String indented(Object value) {
        StringBuilder out = new StringBuilder();
        new Json(out).write(value, 0);
        return out.append('\n').toString();
    }

    /** On one line, without a line break. */
    public static String compact(Object value) {
        StringBuilder out = new StringBuilder();
        new Json(out).write(value, -1);
        return out.toString();
    }

    /** A text as a JSON string, quotes included. */
    public static void quote(CharSequence text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    // 2028 and 2029 end a line in older JavaScript; half a pair is no text at all.
                    if (c < 0x20 || c == 0x2028 || c == 0x2029 || isHalf(text, i)) {
                        out.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean isHalf(CharSequence text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }

    private void write(Object value, int depth) {
        if (value instanceof Map<?, ?> map) {
            block('{', '}', map.entrySet(), depth, entry -> {
                Map.Entry<?, ?> field = (Map.Entry<?, ?>) entry;
                quote(String.valueOf(field.getKey()), out);
                out.append(depth < 0 ? ":" : ": ");
                write(field.getValue(), depth < 0 ? depth : depth + 1);
            });
        } else if (value instanceof Collection<?> items) {
            block('[', ']', items, depth, item -> write(item, depth < 0 ? depth : depth + 1));
        } else if (value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else {
            quote(value.toString(), out);
        }
    }

    private void block(
            char open, char close, Collection<?> items, int depth, java.util.function.Consumer<Object> write) {
        out.append(open);
        boolean first = true;
        for (Object item : items) {
            if (!first) {
                out.append(',');
            }
            first = false;
            line(depth < 0 ? -1 : depth + 1);
            write.accept(item);
        }
        if (!first) {
            line(depth);
        }
        out.append(close);
    }

    private void line(int depth) {
        if (depth >= 0) {
            out.append('\n').append("  ".repeat(depth));
        }
    }
}
