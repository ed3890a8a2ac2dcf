package io.zta.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes onto the class path of who depends on a module: what the build resolved, held against docs/embedding.md. */
class ClassPathTest {
    private static final Pattern RESOLVED =
            Pattern.compile("^ +([\\w.-]+:[\\w.-]+):jar:(?:[\\w.-]+:)+(compile|runtime)(.*)$");

    /** What the build wrote before the tests: optional dependencies and theirs reach nobody else. */
    private static Set<String> resolved(String module) throws IOException {
        Set<String> artifacts = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("..", module, "target", "dependencies.txt"))) {
            Matcher matcher = RESOLVED.matcher(line);
            if (matcher.matches() && !matcher.group(3).contains("(optional)")) {
                artifacts.add(matcher.group(1));
            }
        }
        return artifacts;
    }

    /** The block under a module's heading, and those of the modules that it brings. */
    private static Set<String> documented(String module) throws IOException {
        Set<String> all = block(module);
        for (String other : List.of("zta-core", "zta-istio", "zta-rbac")) {
            if (all.contains("io.zta:" + other)) {
                all.addAll(block(other));
            }
        }
        return all;
    }

    private static Set<String> block(String module) throws IOException {
        Matcher block = Pattern.compile("(?s)\n### " + module + "\n.*?```text\n(.*?)```")
                .matcher(Files.readString(Path.of("../docs/embedding.md")));
        assertThat(block.find())
                .as("docs/embedding.md has a list for " + module)
                .isTrue();
        return new TreeSet<>(block.group(1).lines().toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"zta-core", "zta-istio", "zta-rbac", "zta-verify"})
    void what_an_embedder_gets_is_what_the_page_says(String module) throws IOException {
        assertThat(resolved(module))
                .as("The class path of who depends on " + module + ". If it is meant to change, change the list in"
                        + " docs/embedding.md and say so under *API* in CHANGELOG.md")
                .isEqualTo(documented(module))
                .isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"zta-core", "zta-istio", "zta-rbac"})
    void modules_without_a_cluster_bring_no_client(String module) throws IOException {
        assertThat(resolved(module))
                .noneMatch(artifact -> artifact.contains("httpclient")
                        || artifact.contains("okhttp")
                        || artifact.contains("netty")
                        || artifact.contains("vertx")
                        || artifact.equals("io.fabric8:kubernetes-client"));
    }

    @Test
    void no_library_brings_a_command_line_templates_or_a_logger() throws IOException {
        for (String module : List.of("zta-core", "zta-istio", "zta-rbac", "zta-verify")) {
            assertThat(resolved(module))
                    .noneMatch(artifact -> artifact.startsWith("info.picocli:")
                            || artifact.startsWith("gg.jte:")
                            || artifact.startsWith("org.assertj:")
                            || artifact.startsWith("io.micrometer:")
                            || artifact.startsWith("org.slf4j:") && !artifact.equals("org.slf4j:slf4j-api")
                            || artifact.startsWith("ch.qos.logback:")
                            || artifact.startsWith("org.apache.logging"));
        }
    }
}
