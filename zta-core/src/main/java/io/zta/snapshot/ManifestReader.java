package io.zta.snapshot;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * Reads YAML and JSON manifests to {@link Node} trees with positions.
 *
 * <p>Works on parser events and not on a data binding, so that a plain {@code no} or {@code 1e3} stays the text that was
 * written, anchors and merge keys are resolved, duplicate keys are seen, and a damaged document costs only itself: the
 * documents of a stream are parsed one by one, and each failure is reported with file and line.
 */
final class ManifestReader {
    /** Nodes that aliases may stand for in one document, against documents that double themselves. */
    private static final long ALIAS_BUDGET = 5_000_000;

    /** The bytes that an array holds at most. */
    private static final long LARGEST = Integer.MAX_VALUE - 8;

    /** A top-level value of a file. */
    record Document(Node node, Origin origin) {}

    /** All documents of some text, and what could not be read of it. */
    record Result(List<Document> documents, List<Damage> damages) {}

    private ManifestReader() {}

    /** The files that are read below a directory, in a stable order; the path itself when it is a file. */
    static List<Path> files(Path path) throws IOException {
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        try (Stream<Path> walk = Files.walk(path)) {
            return walk.filter(Files::isRegularFile)
                    .filter(ManifestReader::isManifest)
                    .sorted()
                    .toList();
        }
    }

    private static boolean isManifest(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json");
    }

    /** Reads a file; one that can't be read or decoded gives a damage. */
    static Result read(Path file) {
        String source = file.toString();
        try {
            if (Files.size(file) > LARGEST) {
                return damaged(source, 0, "this file is larger than 2 GiB", "split it into several files");
            }
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
            return read(source, text);
        } catch (CharacterCodingException e) {
            return damaged(
                    source, 0, "this file is not UTF-8 text", "save it as UTF-8, or move it out of the snapshot");
        } catch (IOException e) {
            return damaged(source, 0, "this file cannot be read: " + e.getMessage(), "make it readable");
        }
    }

    private static Result damaged(String source, int line, String problem, String remedy) {
        return new Result(List.of(), List.of(new Damage(new Origin(source, line, 0), problem, remedy)));
    }

    /** Reads text: JSON when it starts as such and is it, YAML otherwise. */
    static Result read(String source, String given) {
        String text = given.startsWith("\uFEFF") ? given.substring(1) : given;
        boolean json = source.toLowerCase(Locale.ROOT).endsWith(".json");
        if (json || looksLikeJson(text)) {
            Result result = readJson(source, text);
            if (json || result.damages().isEmpty()) {
                return result;
            }
        }
        return readYaml(source, text);
    }

    private static boolean looksLikeJson(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isWhitespace(c)) {
                return c == '{' && !text.startsWith("{{", i);
            }
        }
        return false;
    }

    // --- YAML -----------------------------------------------------------------------------------------------------

    /** Text between two document markers, with the line it starts on. */
    record Chunk(String text, int firstLine) {}

    private static Result readYaml(String source, String text) {
        List<Chunk> chunks = split(text);
        boolean large = text.length() > 200_000 && chunks.size() > 8;
        Stream<Chunk> stream = large ? chunks.parallelStream() : chunks.stream();
        List<Result> results = stream.map(chunk -> readChunk(source, chunk)).toList();
        List<Document> documents = new ArrayList<>();
        List<Damage> damages = new ArrayList<>();
        for (Result result : results) {
            documents.addAll(result.documents());
            damages.addAll(result.damages());
        }
        return new Result(documents, damages);
    }

    /** Cuts a stream at its document markers, which end a document wherever they stand at the start of a line. */
    private static List<Chunk> split(String text) {
        List<Chunk> chunks = new ArrayList<>();
        int start = 0;
        int startLine = 1;
        int line = 1;
        int position = 0;
        while (position < text.length()) {
            if (position > start && isMarker(text, position)) {
                chunks.add(new Chunk(text.substring(start, position), startLine));
                start = position;
                startLine = line;
            }
            int end = text.indexOf('\n', position);
            if (end < 0) {
                break;
            }
            position = end + 1;
            line++;
        }
        chunks.add(new Chunk(text.substring(start), startLine));
        return chunks;
    }

    private static boolean isMarker(String text, int at) {
        if (!text.startsWith("---", at)) {
            return false;
        }
        int after = at + 3;
        return after >= text.length() || Character.isWhitespace(text.charAt(after));
    }

    private static Result readChunk(String source, Chunk chunk) {
        Optional<Node> plain = PlainYaml.read(chunk.text(), chunk.firstLine());
        if (plain.isEmpty()) {
            return parse(source, chunk);
        }
        Node node = plain.get();
        List<Document> documents = node.isAbsent()
                ? List.of()
                : List.of(new Document(node, new Origin(source, node.line(), node.column())));
        return new Result(documents, List.of());
    }

    /** Reads a chunk with a full parser of YAML, which knows every form and tells what is wrong. */
    static Result parse(String source, Chunk chunk) {
        if (isEmpty(chunk.text())) {
            return new Result(List.of(), List.of());
        }
        YamlDocuments parser = new YamlDocuments(source, chunk);
        try {
            parser.parse();
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark();
            int line = chunk.firstLine() + (mark == null ? 0 : mark.getLine());
            int column = mark == null ? 0 : mark.getColumn() + 1;
            parser.damage(line, column, "this document is not valid YAML: " + e.getProblem());
        } catch (YAMLException e) {
            parser.damage(chunk.firstLine(), 0, "this document is not valid YAML: " + firstLine(e.getMessage()));
        } catch (StackOverflowError e) {
            parser.damage(chunk.firstLine(), 0, "this document is nested too deeply");
        }
        return new Result(parser.documents, parser.damages);
    }

    private static boolean isEmpty(String text) {
        return text.lines().allMatch(line -> {
            String stripped = line.strip();
            return stripped.isEmpty() || stripped.startsWith("#") || stripped.startsWith("%") || stripped.equals("---");
        });
    }

    private static String firstLine(@Nullable String message) {
        return message == null ? "unknown error" : message.lines().findFirst().orElse("unknown error");
    }

    /** Builds trees of the events of one chunk. Not thread-safe. */
    private static final class YamlDocuments {
        private final String source;
        private final int lineOffset;
        private final ParserImpl parser;
        private final List<Document> documents = new ArrayList<>();
        private final List<Damage> damages = new ArrayList<>();
        private final Map<String, Node> anchors = new HashMap<>();
        private final IdentityHashMap<Node, Long> weights = new IdentityHashMap<>();
        private long aliased;

        YamlDocuments(String source, Chunk chunk) {
            this.source = source;
            this.lineOffset = chunk.firstLine();
            LoaderOptions options = new LoaderOptions();
            options.setCodePointLimit(Integer.MAX_VALUE);
            options.setNestingDepthLimit(500);
            this.parser = new ParserImpl(new StreamReader(chunk.text()), options);
        }

        void damage(int line, int column, String problem) {
            damages.add(new Damage(
                    new Origin(source, line, column), problem, "correct it; nothing of this document was read"));
        }

        void parse() {
            while (true) {
                Event event = parser.getEvent();
                if (event.is(Event.ID.StreamEnd)) {
                    return;
                }
                if (event.is(Event.ID.DocumentStart)) {
                    anchors.clear();
                    weights.clear();
                    aliased = 0;
                    int before = damages.size();
                    Node node = node(parser.getEvent());
                    if (damages.size() == before && node.isPresent()) {
                        documents.add(new Document(node, new Origin(source, node.line(), node.column())));
                    }
                }
            }
        }

        private int line(Event event) {
            return lineOffset + event.getStartMark().getLine();
        }

        private static int column(Event event) {
            return event.getStartMark().getColumn() + 1;
        }

        private Node node(Event event) {
            if (event instanceof AliasEvent alias) {
                Node target = anchors.get(alias.getAnchor());
                if (target == null) {
                    damage(line(event), column(event), "the alias *" + alias.getAnchor() + " has no anchor before it");
                    return Node.missing();
                }
                aliased += weight(target);
                if (aliased > ALIAS_BUDGET) {
                    throw new YAMLException("aliases stand for more than " + ALIAS_BUDGET + " values");
                }
                return target;
            }
            Node node;
            if (event instanceof ScalarEvent scalar) {
                boolean quoted = scalar.getScalarStyle() != DumperOptions.ScalarStyle.PLAIN
                        || "tag:yaml.org,2002:str".equals(scalar.getTag());
                node = Node.scalar(scalar.getValue(), quoted, line(event), column(event));
            } else if (event instanceof SequenceStartEvent) {
                ArrayList<Node> items = new ArrayList<>();
                for (Event next = parser.getEvent(); !next.is(Event.ID.SequenceEnd); next = parser.getEvent()) {
                    items.add(node(next));
                }
                node = Node.ofOwned(items, line(event), column(event));
            } else if (event instanceof MappingStartEvent) {
                node = mapping(event);
            } else {
                throw new YAMLException("unexpected " + event.getEventId());
            }
            String anchor = ((NodeEvent) event).getAnchor();
            if (anchor != null) {
                anchors.put(anchor, node);
            }
            return node;
        }

        private Node mapping(Event start) {
            LinkedHashMap<String, Node> fields = new LinkedHashMap<>();
            List<Node> merges = new ArrayList<>();
            for (Event next = parser.getEvent(); !next.is(Event.ID.MappingEnd); next = parser.getEvent()) {
                Node key = node(next);
                Node value = node(parser.getEvent());
                String name = key.kind() == Node.Kind.NULL ? "null" : key.text().orElse(null);
                if (name == null) {
                    damage(line(next), column(next), "a key is not text");
                } else if (name.equals("<<") && !key.isQuoted() && (value.isObject() || value.isArray())) {
                    merges.addAll(value.isObject() ? List.of(value) : value.items());
                } else if (fields.putIfAbsent(name, value) != null) {
                    damage(line(next), column(next), "the key \"" + name + "\" stands twice in one map");
                }
            }
            for (Node merge : merges) {
                merge.fields().forEach(fields::putIfAbsent);
            }
            return Node.ofOwned(fields, line(start), column(start));
        }

        private long weight(Node node) {
            Long known = weights.get(node);
            if (known != null) {
                return known;
            }
            long weight = 1;
            for (Node item : node.items()) {
                weight += weight(item);
            }
            for (Node field : node.fields().values()) {
                weight += weight(field);
            }
            weights.put(node, weight);
            return weight;
        }
    }

    // --- JSON -----------------------------------------------------------------------------------------------------

    /** Apart, so that who reads no JSON loads no parser of it. */
    private static final class Json {
        static final JsonFactory FACTORY = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxStringLength(Integer.MAX_VALUE)
                        .maxNestingDepth(500)
                        .build())
                .build();
    }

    private static Result readJson(String source, String text) {
        List<Document> documents = new ArrayList<>();
        List<Damage> damages = new ArrayList<>();
        try (JsonParser parser = Json.FACTORY.createParser(text)) {
            JsonDocuments reader = new JsonDocuments(source, parser, damages);
            while (parser.nextToken() != null) {
                int before = damages.size();
                Node node = reader.value();
                if (damages.size() == before && node.isPresent()) {
                    documents.add(new Document(node, new Origin(source, node.line(), node.column())));
                }
            }
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            damages.add(new Damage(
                    at == null ? new Origin(source, 0, 0) : new Origin(source, at.getLineNr(), at.getColumnNr()),
                    "this is not valid JSON: " + firstLine(e.getOriginalMessage()),
                    "correct it; nothing from here on was read"));
        } catch (IOException e) {
            damages.add(new Damage(new Origin(source, 0, 0), "cannot be read: " + e.getMessage(), "make it readable"));
        }
        return new Result(documents, damages);
    }

    private record JsonDocuments(String source, JsonParser parser, List<Damage> damages) {
        Node value() throws IOException {
            JsonLocation at = parser.currentTokenLocation();
            int line = at.getLineNr();
            int column = at.getColumnNr();
            JsonToken token = parser.currentToken();
            return switch (token) {
                case START_OBJECT -> {
                    LinkedHashMap<String, Node> fields = new LinkedHashMap<>();
                    while (parser.nextToken() != JsonToken.END_OBJECT) {
                        JsonLocation keyAt = parser.currentTokenLocation();
                        String name = parser.currentName();
                        parser.nextToken();
                        if (fields.putIfAbsent(name, value()) != null) {
                            damages.add(new Damage(
                                    new Origin(source, keyAt.getLineNr(), keyAt.getColumnNr()),
                                    "the key \"" + name + "\" stands twice in one map",
                                    "correct it; nothing of this document was read"));
                        }
                    }
                    yield Node.ofOwned(fields, line, column);
                }
                case START_ARRAY -> {
                    ArrayList<Node> items = new ArrayList<>();
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        items.add(value());
                    }
                    yield Node.ofOwned(items, line, column);
                }
                case VALUE_STRING -> Node.scalar(parser.getText(), true, line, column);
                default -> Node.scalar(parser.getText(), false, line, column);
            };
        }
    }
}
