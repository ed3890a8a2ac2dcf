package io.zta.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.zta.Posture;
import io.zta.verify.Catalogue;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/**
 * What the documentation shows holds: links lead somewhere, Java compiles, YAML and JSON parse, {@code zta} lines of blocks
 * marked {@code sh} run with the exit code they name. Blocks marked {@code text} are to be read only.
 */
class DocumentationTest {
    /** Commands that need a cluster: their options are parsed, and they are not run. */
    private static final Set<String> LIVE =
            Set.of("plan", "apply", "rollback", "status", "watch", "probe", "breakglass");

    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern FENCE = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

    @TempDir
    private Path folder;

    private record Block(String place, String language, String text) {}

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Zta.ROOT.resolve("docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
        }
        for (String name :
                List.of("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/record/README.md")) {
            pages.add(Zta.ROOT.resolve(name));
        }
        pages.sort(null);
        return pages;
    }

    private static List<Block> blocks(String... languages) throws IOException {
        List<Block> blocks = new ArrayList<>();
        for (Path page : pages()) {
            String text = Files.readString(page);
            Matcher fence = FENCE.matcher(text);
            while (fence.find()) {
                if (List.of(languages).contains(fence.group(1))) {
                    long line = text.substring(0, fence.start()).lines().count() + 1;
                    blocks.add(new Block(Zta.ROOT.relativize(page) + ":" + line, fence.group(1), fence.group(2)));
                }
            }
        }
        return blocks;
    }

    @Test
    void links_and_anchors_lead_somewhere() throws IOException {
        List<String> dead = new ArrayList<>();
        int links = 0;
        for (Path page : pages()) {
            String text = FENCE.matcher(Files.readString(page)).replaceAll("").replaceAll("`[^`\n]*`", "");
            Matcher link = LINK.matcher(text);
            while (link.find()) {
                String target = link.group(1);
                if (target.matches("[a-z]+:.*")) {
                    continue;
                }
                links++;
                String[] parts = target.split("#", 2);
                Path file = parts[0].isEmpty()
                        ? page
                        : page.getParent().resolve(parts[0]).normalize();
                boolean fits = Files.exists(file)
                        && (parts.length == 1 || anchors(file).contains(parts[1]));
                if (!fits) {
                    dead.add(Zta.ROOT.relativize(page) + " -> " + target);
                }
            }
        }
        assertThat(dead).isEmpty();
        assertThat(links).isGreaterThan(40);
    }

    /** Anchors as forges form them of headings. */
    private static Set<String> anchors(Path page) throws IOException {
        Set<String> anchors = new HashSet<>();
        Map<String, Integer> seen = new HashMap<>();
        FENCE.matcher(Files.readString(page))
                .replaceAll("")
                .lines()
                .filter(line -> line.startsWith("#"))
                .forEach(line -> {
                    String name = line.replaceFirst("^#+ +", "")
                            .toLowerCase(Locale.ROOT)
                            .replaceAll("[^\\p{L}\\p{N} _-]", "")
                            .replace(' ', '-');
                    int number = seen.merge(name, 1, Integer::sum);
                    anchors.add(number == 1 ? name : name + "-" + (number - 1));
                });
        return anchors;
    }

    @Test
    void every_page_is_reached_from_the_readme() throws IOException {
        Set<Path> reached = new HashSet<>();
        List<Path> open = new ArrayList<>(List.of(Zta.ROOT.resolve("README.md")));
        while (!open.isEmpty()) {
            Path page = open.remove(open.size() - 1);
            if (!reached.add(page) || !page.toString().endsWith(".md")) {
                continue;
            }
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                String target = link.group(1).split("#", 2)[0];
                Path file = page.getParent().resolve(target).normalize();
                if (!target.isEmpty() && !target.contains(":") && Files.exists(file)) {
                    if (Files.isDirectory(file)) {
                        try (Stream<Path> inside = Files.list(file)) {
                            inside.forEach(open::add);
                        }
                    } else {
                        open.add(file);
                    }
                }
            }
        }
        assertThat(reached).containsAll(pages());
    }

    @Test
    void java_blocks_compile() throws IOException {
        List<Block> blocks = blocks("java");
        assertThat(blocks).hasSizeGreaterThan(3);
        for (Block block : blocks) {
            List<String> errors = compile(block.text());
            assertThat(errors).as(block.place()).isEmpty();
        }
    }

    @Test
    void the_check_of_java_blocks_can_fail() {
        assertThat(compile("Posture posture = ZeroTrust.namespace(\"a\");\n")).isNotEmpty();
    }

    private List<String> compile(String text) {
        boolean whole = Pattern.compile("(?m)^(final |public )?class (\\w+)")
                .matcher(text)
                .find();
        String source = whole ? text : """
                import io.zta.*;
                import io.zta.finding.*;
                import io.zta.intent.*;
                import io.zta.snapshot.*;
                import io.zta.verify.*;
                import io.zta.verify.render.*;
                import java.nio.file.Path;
                import java.util.*;
                class Shown {
                    void run() throws Exception {
                """ + text + "}}\n";
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///Shown.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignored) {
                return source;
            }
        };
        compiler.getTask(
                        null,
                        null,
                        problems,
                        List.of("-proc:none", "-d", folder.toString(), "-classpath", Zta.classPath()),
                        null,
                        List.of(file))
                .call();
        return problems.getDiagnostics().stream()
                .filter(problem -> problem.getKind() == Diagnostic.Kind.ERROR)
                .map(Object::toString)
                .toList();
    }

    @Test
    void yaml_and_json_blocks_parse_and_postures_are_read() throws IOException {
        int postures = 0;
        for (Block block : blocks("yaml", "json")) {
            if (block.language().equals("json")) {
                new ObjectMapper().readTree(block.text());
            } else {
                for (Object document : new Yaml().loadAll(block.text())) {
                    assertThat(document).as(block.place()).isNotNull();
                }
                if (block.text().contains("kind: ZeroTrustPosture")) {
                    Posture.parse(block.place(), block.text());
                    postures++;
                }
            }
        }
        assertThat(postures).isPositive();
    }

    @Test
    void commands_run_and_exit_as_they_say() throws Exception {
        Map<String, Integer> runs = new TreeMap<>();
        for (Block block : blocks("sh")) {
            for (String line : block.text().lines().toList()) {
                String[] parts = line.strip().split("\\s+#\\s+", 2);
                if (!parts[0].startsWith("zta ")) {
                    assertThat(parts[0])
                            .as(block.place() + " is not run: mark its block as text")
                            .isEmpty();
                    continue;
                }
                List<String> arguments = new ArrayList<>(List.of(parts[0].split("\\s+")));
                arguments.remove(0);
                int expected = 0;
                if (parts.length == 2) {
                    Matcher code = Pattern.compile("exits (\\d)").matcher(parts[1]);
                    expected = code.find() ? Integer.parseInt(code.group(1)) : 0;
                }
                if (LIVE.contains(arguments.get(0))) {
                    // Without the file of the posture or the kubeconfig it ends before it asks any cluster.
                    Zta.Run run = Zta.zta(folder, arguments);
                    assertThat(run.code()).as(block.place() + " " + line).isEqualTo(2);
                    assertThat(run.out())
                            .as(block.place() + " " + line)
                            .doesNotContain("Unknown option", "Unmatched", "Missing required", "--help");
                } else if (runs.putIfAbsent(parts[0], expected) == null) {
                    Zta.Run run = Zta.zta(Zta.ROOT, arguments);
                    assertThat(run.code())
                            .as(block.place() + " " + line + "\n" + run.out())
                            .isEqualTo(expected);
                    assertThat(run.out()).as(block.place() + " " + line).isNotBlank();
                }
            }
        }
        assertThat(runs).hasSizeGreaterThan(10);
    }

    @Test
    void every_command_is_documented_with_an_example() throws Exception {
        String page = Files.readString(Zta.ROOT.resolve("docs/command.md"));
        Matcher command = Pattern.compile("(?m)^  ([a-z-]+)  +[A-Z]")
                .matcher(Zta.zta(Zta.ROOT, List.of("--help")).out());
        int commands = 0;
        while (command.find()) {
            commands++;
            assertThat(page).as(command.group(1)).contains("\nzta " + command.group(1));
        }
        assertThat(commands).isGreaterThan(10);
    }

    @Test
    void the_catalogue_of_bypasses_is_the_codes_own() throws IOException {
        Path page = Zta.ROOT.resolve("docs/bypasses.md");
        if (System.getProperty("golden.update") != null) {
            Files.writeString(page, Catalogue.toMarkdown());
            throw new AssertionError("rewrote " + page + ": read the difference, then run without -Dgolden.update");
        }
        assertThat(page)
                .as("run this test with -Dgolden.update")
                .usingCharset("UTF-8")
                .hasContent(Catalogue.toMarkdown());
    }

    @Test
    void tests_that_the_documentation_names_are_there() throws IOException {
        Set<String> tests = new HashSet<>();
        try (Stream<Path> files = Files.walk(Zta.ROOT, 12)) {
            files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Test.java") || name.endsWith("IT.java"))
                    .forEach(name -> tests.add(name.substring(0, name.length() - ".java".length())));
        }
        Matcher named = Pattern.compile("`(\\w+(?:Test|IT))`")
                .matcher(Files.readString(Zta.ROOT.resolve("docs/success-criteria.md")));
        int count = 0;
        while (named.find()) {
            count++;
            assertThat(tests).contains(named.group(1));
        }
        assertThat(count).isGreaterThan(5);
    }
}
