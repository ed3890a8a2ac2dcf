package io.zta.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the quick reader reads, the full parser reads alike: every value, its quotes, its line and its column. */
class PlainYamlTest {
    private static final String DEPLOYMENT = """
            # a comment
            apiVersion: apps/v1
            kind: Deployment # another
            metadata:
              name: "w\\"1\\n"
              labels: {app: w1, 'a b': "c, d", n: 1}
              annotations:

                note: |
                  first
                    second

                  third
                keep: |+
                  a

                strip: |-
                  {"a": [1]}
                f:metadata: it''s
                single: 'it''s: #1'
                empty:
                nothing: ~
            spec:
              list:
              - a: 1
                b: -1
              -
                c: x#y
              - - nested
                - [1, [2, "3"], {k: v}, {}, []]
              - plain text: with colon
              - --flag=a,b{c}
              - http://x:80/y?z
              # in between
              - |
                block
              -
              deeper:
                  - x
                  - 'y'
            last: end
            """;

    @Test
    void readsWhatPeopleWrite() {
        assertThat(PlainYaml.read(DEPLOYMENT, 7)).as("not given up").isPresent();
        assertThat(agrees(DEPLOYMENT)).isTrue();
    }

    @Test
    void noContentIsNoDocument() {
        assertThat(PlainYaml.read("--- # nothing\n\n  # at all\n", 1)).contains(Node.missing());
        assertThat(PlainYaml.read("", 1)).contains(Node.missing());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: &x 1\nb: *x\n",
                "a: !!str 1\n",
                "<<: {a: 1}\n",
                "a: 1\na: 2\n",
                "a: >\n  folded\n",
                "a: goes\n  on\n",
                "a: 'goes\n  on'\n",
                "a: \"\\u0041\"\n",
                "a: é\n",
                "a:\t1\n",
                "a: 1\r\n",
                "? a\n: b\n",
                "a: b: c\n",
                "a: 1\n  b: 2\n",
                "a:\n    b: 1\n  c: 2\n",
                "- a\nb: 1\n",
                "a: 1\n- b\n",
                "a: [1,\n  2]\n",
                "a: [b: c]\n",
                "a: {b}\n",
                "a: |2\n    x\n",
                "a: `x`\n",
                "a: @x\n",
                "null: 1\n",
                "text\n",
                "a: 1\n...\nb: 2\n",
                "%YAML 1.1\n---\na: 1\n",
                "--- a: 1\n",
                "a: 'open\n"
            })
    void givesUpOnTheRest(String text) {
        assertThat(PlainYaml.read(text, 1)).isEmpty();
    }

    @Test
    void agreesOnTheBundledManifests() throws IOException {
        int plain = 0;
        int all = 0;
        try (Stream<Path> files = Files.walk(Path.of("../examples/record"))) {
            List<Path> manifests =
                    files.filter(file -> file.toString().endsWith(".yaml")).toList();
            for (Path file : manifests) {
                for (String text : Files.readString(file).split("(?m)^(?=---\\s)")) {
                    all++;
                    plain += agrees(text) ? 1 : 0;
                }
            }
        }
        assertThat(plain).as("documents of " + all + " read quickly").isGreaterThan(all / 2);
    }

    @Test
    void agreesOnDamagedText() {
        long seed = 20261125;
        Random random = new Random(seed);
        String pieces = "\n\n\n    ---:::##{}[],,\"\"''|>&*!?%@`~ab01<\\.$";
        int plain = 0;
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder(i % 2 == 0 ? DEPLOYMENT : random(random, 0, 0));
            for (int edits = random.nextInt(4); edits > 0 && text.length() > 0; edits--) {
                int where = random.nextInt(text.length());
                String piece = String.valueOf(pieces.charAt(random.nextInt(pieces.length())));
                switch (random.nextInt(3)) {
                    case 0 -> text.insert(where, piece);
                    case 1 -> text.deleteCharAt(where);
                    default -> text.replace(where, where + 1, piece);
                }
            }
            plain += agrees(text.toString()) ? 1 : 0;
        }
        assertThat(plain).as("texts read quickly, seed " + seed).isGreaterThan(3_000);
    }

    /** A block of random form at an indent, as lines. */
    private static String random(Random random, int indent, int depth) {
        StringBuilder out = new StringBuilder();
        boolean list = random.nextInt(3) == 0;
        for (int i = 0; i <= random.nextInt(4); i++) {
            out.append(" ".repeat(indent)).append(list ? "-" : "k" + i + ":");
            int form = random.nextInt(9);
            if (form == 0 && depth < 4) {
                int further = random.nextInt(4) + (list ? 1 : 0);
                boolean same = further == 0;
                String block = random(random, indent + further, depth + 1);
                out.append(same && !block.stripLeading().startsWith("-") ? " v\n" : "\n" + block);
            } else if (form == 1 && list && depth < 4) {
                out.append(' ').append(random(random, indent + 2, depth + 1).stripLeading());
            } else if (form == 2) {
                out.append(" |")
                        .append(List.of("", "-", "+").get(random.nextInt(3)))
                        .append('\n');
                for (int line = 0; line <= random.nextInt(3); line++) {
                    out.append(" ".repeat(indent + 1 + random.nextInt(3)))
                            .append(List.of("x\n", "# y\n", "\n", "a: b\n").get(random.nextInt(4)));
                }
            } else {
                out.append(List.of(
                                "\n",
                                " plain #text\n",
                                " plain text # comment\n",
                                " 'single'\n",
                                " \"double\\\\ \"\n",
                                " [a, {b: 'c'}, -1]\n",
                                " {}\n",
                                " {a: [], b: \"{\"}  # c\n",
                                " -x\n",
                                " 1:2\n")
                        .get(random.nextInt(10)));
            }
        }
        return out.toString();
    }

    /** Whether a text was read quickly; fails where the full parser reads it otherwise. */
    private static boolean agrees(String text) {
        Optional<Node> plain = PlainYaml.read(text, 7);
        if (plain.isEmpty()) {
            return false;
        }
        ManifestReader.Result full = ManifestReader.parse("x.yaml", new ManifestReader.Chunk(text, 7));
        assertThat(full.damages()).as(text).isEmpty();
        Node expected = full.documents().isEmpty()
                ? Node.missing()
                : full.documents().get(0).node();
        assertThat(full.documents().size()).as(text).isLessThan(2);
        assertThat(told(plain.get())).as(text).isEqualTo(told(expected));
        return true;
    }

    /** Everything there is to a value. */
    private static String told(Node node) {
        StringBuilder out = new StringBuilder()
                .append(node.kind())
                .append('@')
                .append(node.line())
                .append(':')
                .append(node.column())
                .append(node.isQuoted() ? "q" : "")
                .append('<')
                .append(node.textOr(node.toString()))
                .append('>');
        node.items().forEach(item -> out.append("\n-").append(told(item)));
        node.fields()
                .forEach(
                        (key, value) -> out.append('\n').append(key).append('=').append(told(value)));
        return out.toString();
    }
}
