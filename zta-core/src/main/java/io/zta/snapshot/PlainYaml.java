package io.zta.snapshot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Optional;

/**
 * Reads the YAML that people and {@code kubectl} write most: block maps and lists, scalars on one line, literal blocks, flow
 * collections on one line. It gives up on anything else (anchors, tags, merge keys, folded text, doubled keys, errors of any
 * sort), and a full parser then reads the document from its start. What it does read, it reads as that parser would, to the
 * column; that it is many times faster is all it is for. Not thread-safe.
 */
final class PlainYaml {
    private static final int DEEPEST = 100;
    private static final int LONGEST_KEY = 1_000;

    /** Thrown on what is not read here. */
    private static final class GivenUp extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private GivenUp() {
            super("not plain", null, false, false);
        }
    }

    private final String text;
    private final int length;
    /** Where the next character is. */
    private int at;
    /** Where its line starts, and the number of that line. */
    private int lineStart;

    private int line;
    private int depth;

    private PlainYaml(String text, int firstLine) {
        this.text = text;
        this.length = text.length();
        this.line = firstLine;
    }

    /**
     * The value of a text that holds one document: {@link Node#missing()} where it holds none, empty where a full parser has
     * to read it.
     */
    static Optional<Node> read(String text, int firstLine) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < ' ' || c > '~') && c != '\n') {
                return Optional.empty();
            }
        }
        try {
            return Optional.of(new PlainYaml(text, firstLine).document());
        } catch (GivenUp e) {
            return Optional.empty();
        }
    }

    private Node document() {
        if (text.startsWith("---")) {
            at = 3;
            endLine();
        }
        if (!nextContent()) {
            return Node.missing();
        }
        Node node = block(column());
        if (at < length) {
            throw new GivenUp();
        }
        return node;
    }

    // --- lines
    // --------------------------------------------------------------------------------------------------------

    private int column() {
        return at - lineStart;
    }

    private char peek() {
        return at < length ? text.charAt(at) : '\n';
    }

    private char peek(int ahead) {
        return at + ahead < length ? text.charAt(at + ahead) : '\n';
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\n';
    }

    private void newLine() {
        at++;
        line++;
        lineStart = at;
    }

    private void skipSpaces() {
        while (at < length && text.charAt(at) == ' ') {
            at++;
        }
    }

    /** Passes what may follow a value: blanks, and a comment after at least one of them. */
    private void endLine() {
        int before = at;
        skipSpaces();
        if (at < length && text.charAt(at) == '#' && at > before) {
            at = Math.max(at, lineEnd());
        }
        if (at < length && text.charAt(at) != '\n') {
            throw new GivenUp();
        }
        if (at < length) {
            newLine();
        }
    }

    private int lineEnd() {
        int end = text.indexOf('\n', at);
        return end < 0 ? length : end;
    }

    /** Goes from the start of a line to the next content, past empty lines and comments; tells whether there is any. */
    private boolean nextContent() {
        while (at < length) {
            skipSpaces();
            if (at >= length) {
                break;
            }
            char c = text.charAt(at);
            if (c == '#') {
                at = lineEnd();
                if (at < length) {
                    newLine();
                }
            } else if (c == '\n') {
                newLine();
            } else {
                if (column() == 0 && (text.startsWith("...", at) || text.startsWith("---", at))) {
                    throw new GivenUp();
                }
                return true;
            }
        }
        return false;
    }

    /** Whether the next content, which is at hand, belongs to a block of that indent; deeper than it, nothing is expected. */
    private boolean continues(int indent) {
        if (at >= length) {
            return false;
        }
        if (column() > indent) {
            throw new GivenUp();
        }
        return column() == indent;
    }

    // --- blocks
    // -------------------------------------------------------------------------------------------------------

    /** The map or list whose first entry is at hand. Ends at the next content that is not of it, or at the end. */
    private Node block(int indent) {
        if (++depth > DEEPEST) {
            throw new GivenUp();
        }
        Node node = isEntry() ? list(indent) : map(indent);
        depth--;
        return node;
    }

    private boolean isEntry() {
        return peek() == '-' && isBlank(peek(1));
    }

    private Node list(int indent) {
        int startLine = line;
        ArrayList<Node> items = new ArrayList<>();
        do {
            at++;
            int nullLine = line;
            int nullColumn = column();
            skipSpaces();
            if (peek() == '#' || peek() == '\n') {
                Node none = Node.scalar("", false, nullLine, nullColumn + 1);
                items.add(below(indent, false, none));
            } else if (isEntry() || isKey()) {
                items.add(block(column()));
            } else {
                items.add(value(indent));
            }
        } while (continues(indent) && isEntry());
        return Node.ofOwned(items, startLine, indent + 1);
    }

    private Node map(int indent) {
        int startLine = line;
        LinkedHashMap<String, Node> fields = new LinkedHashMap<>();
        do {
            String key = key();
            int nullLine = line;
            int nullColumn = column();
            skipSpaces();
            Node value;
            if (peek() == '#' && column() > nullColumn || peek() == '\n') {
                value = below(indent, true, Node.scalar("", false, nullLine, nullColumn + 1));
            } else {
                value = value(indent);
            }
            if (fields.putIfAbsent(key, value) != null) {
                throw new GivenUp();
            }
        } while (continues(indent) && !isEntry());
        if (continues(indent)) {
            throw new GivenUp(); // an entry of a list between fields
        }
        return Node.ofOwned(fields, startLine, indent + 1);
    }

    /** What stands on the lines below a key or a dash: a block further in, or for a key a list at the same indent. */
    private Node below(int indent, boolean key, Node otherwise) {
        endLine();
        if (nextContent() && (column() > indent || key && column() == indent && isEntry())) {
            return column() == indent ? indentless(indent) : block(column());
        }
        return otherwise;
    }

    /** A list under a key at the key's own indent, which ends at the next key. */
    private Node indentless(int indent) {
        if (++depth > DEEPEST) {
            throw new GivenUp();
        }
        Node node = list(indent);
        depth--;
        return node;
    }

    /** Whether a key is at hand, looked for without moving on. */
    private boolean isKey() {
        char c = peek();
        if (c == '"' || c == '\'') {
            int end = quotedEnd(c);
            return end + 1 < length && text.charAt(end + 1) == ':';
        }
        if (c == '{' || c == '[' || c == '|') {
            return false;
        }
        int end = plainEnd();
        return end < length && text.charAt(end) == ':';
    }

    /** Passes a key and its colon. */
    private String key() {
        int start = at;
        char c = peek();
        String key;
        if (c == '"' || c == '\'') {
            key = quoted(c);
        } else {
            at = plainEnd();
            key = text.substring(start, at);
            if (key.equals("<<") || key.equals("~") || key.equalsIgnoreCase("null") || key.endsWith(" ")) {
                throw new GivenUp();
            }
        }
        if (peek() != ':' || !isBlank(peek(1)) || at - start > LONGEST_KEY) {
            throw new GivenUp();
        }
        at++;
        return key;
    }

    // --- values
    // -------------------------------------------------------------------------------------------------------

    /** A value that starts on this line, in a block of that indent. Goes on to the next content. */
    private Node value(int indent) {
        int startLine = line;
        int startColumn = column() + 1;
        char c = peek();
        if (c == '|') {
            return literal(indent, startLine, startColumn);
        }
        Node node;
        if (c == '"' || c == '\'') {
            node = Node.scalar(quoted(c), true, startLine, startColumn);
        } else if (c == '{' || c == '[') {
            node = flow();
        } else {
            int start = at;
            int end = plainEnd();
            if (end < length && text.charAt(end) == ':') {
                throw new GivenUp();
            }
            at = end;
            node = Node.scalar(text.substring(start, end), false, startLine, startColumn);
        }
        endLine();
        if (nextContent() && column() > indent) {
            throw new GivenUp(); // text that goes on
        }
        return node;
    }

    /** Where the plain text at hand ends: at the colon of a key, before the blanks in front of a comment or the line's end. */
    private int plainEnd() {
        char first = peek();
        boolean dash = first == '-' && !isBlank(peek(1));
        if (!dash && "-?:,[]{}#&*!|>'\"%@`".indexOf(first) >= 0) {
            throw new GivenUp();
        }
        int end = at;
        for (int i = at; i < length; i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                break;
            }
            if (c == ':' && (i + 1 >= length || isBlank(text.charAt(i + 1)))) {
                return i;
            }
            if (c == '#' && text.charAt(i - 1) == ' ') {
                break;
            }
            if (c != ' ') {
                end = i + 1;
            }
        }
        return end;
    }

    private int quotedEnd(char quote) {
        for (int i = at + 1; i < length && text.charAt(i) != '\n'; i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote == '"') {
                i++;
            } else if (c == quote) {
                if (quote == '"' || i + 1 >= length || text.charAt(i + 1) != '\'') {
                    return i;
                }
                i++;
            }
        }
        throw new GivenUp();
    }

    private String quoted(char quote) {
        int end = quotedEnd(quote);
        String raw = text.substring(at + 1, end);
        at = end + 1;
        if (quote == '\'') {
            return raw.indexOf('\'') < 0 ? raw : raw.replace("''", "'");
        }
        return raw.indexOf('\\') < 0 ? raw : unescaped(raw);
    }

    private static String unescaped(String raw) {
        StringBuilder out = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '\\') {
                i++;
                switch (raw.charAt(i)) {
                    case '"' -> out.append('"');
                    case '\\' -> out.append('\\');
                    case 'n' -> out.append('\n');
                    case 't' -> out.append('\t');
                    default -> throw new GivenUp();
                }
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    /** Text whose lines stay lines. */
    private Node literal(int indent, int startLine, int startColumn) {
        at++;
        char chomping = peek();
        if (chomping == '-' || chomping == '+') {
            at++;
        } else {
            chomping = ' ';
        }
        endLine();
        int margin = at;
        while (margin < length && text.charAt(margin) == ' ') {
            margin++;
        }
        margin -= at;
        if (margin <= indent || at + margin >= length || text.charAt(at + margin) == '\n') {
            throw new GivenUp();
        }
        StringBuilder out = new StringBuilder();
        int blank = 0;
        String indentation = " ".repeat(margin);
        while (at < length) {
            int end = lineEnd();
            if (text.startsWith(indentation, at) && end > at + margin) {
                if (end == length || isSpaces(at + margin, end)) {
                    throw new GivenUp();
                }
                for (; blank > 0; blank--) {
                    out.append('\n');
                }
                out.append(text, at + margin, end).append('\n');
            } else if (isSpaces(at, end)) {
                if (end == length) {
                    throw new GivenUp();
                }
                blank++;
            } else {
                break;
            }
            at = end;
            newLine();
        }
        if (chomping == '-') {
            out.setLength(out.length() - 1);
        } else if (chomping == '+') {
            for (; blank > 0; blank--) {
                out.append('\n');
            }
        }
        if (nextContent() && column() > indent) {
            throw new GivenUp();
        }
        return Node.scalar(out.toString(), true, startLine, startColumn);
    }

    private boolean isSpaces(int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) != ' ') {
                return false;
            }
        }
        return true;
    }

    // --- collections on one line
    // --------------------------------------------------------------------------------------

    private Node flow() {
        if (++depth > DEEPEST) {
            throw new GivenUp();
        }
        int startColumn = column() + 1;
        Node node;
        if (peek() == '[') {
            ArrayList<Node> items = new ArrayList<>();
            at++;
            skipSpaces();
            while (peek() != ']') {
                items.add(flowValue());
                separator(']');
            }
            node = Node.ofOwned(items, line, startColumn);
        } else {
            LinkedHashMap<String, Node> fields = new LinkedHashMap<>();
            at++;
            skipSpaces();
            while (peek() != '}') {
                String key = flowKey();
                skipSpaces();
                if (fields.putIfAbsent(key, flowValue()) != null) {
                    throw new GivenUp();
                }
                separator('}');
            }
            node = Node.ofOwned(fields, line, startColumn);
        }
        at++;
        depth--;
        return node;
    }

    private void separator(char close) {
        skipSpaces();
        if (peek() == ',') {
            at++;
            skipSpaces();
            if (peek() == close) {
                throw new GivenUp();
            }
        } else if (peek() != close) {
            throw new GivenUp();
        }
    }

    private String flowKey() {
        char c = peek();
        String key = c == '"' || c == '\'' ? quoted(c) : flowPlain();
        if (peek() != ':' || peek(1) != ' ' || c != '"' && c != '\'' && key.equalsIgnoreCase("null")) {
            throw new GivenUp();
        }
        at++;
        return key;
    }

    private Node flowValue() {
        int startColumn = column() + 1;
        char c = peek();
        if (c == '[' || c == '{') {
            return flow();
        }
        if (c == '"' || c == '\'') {
            Node node = Node.scalar(quoted(c), true, line, startColumn);
            if (peek() == ':') {
                throw new GivenUp();
            }
            return node;
        }
        return Node.scalar(flowPlain(), false, line, startColumn);
    }

    /** One word: what else plain text may be between brackets is left to the full parser. */
    private String flowPlain() {
        int start = at;
        while (at < length && isWord(text.charAt(at))) {
            at++;
        }
        char first = at == start ? '-' : text.charAt(start);
        if (first == '-' && (at < start + 2 || text.charAt(start + 1) == '-')) {
            throw new GivenUp();
        }
        return text.substring(start, at);
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '.'
                || c == '/'
                || c == '_'
                || c == '-'
                || c == '$'
                || c == '=';
    }
}
