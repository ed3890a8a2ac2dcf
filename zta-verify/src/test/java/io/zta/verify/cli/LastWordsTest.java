package io.zta.verify.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process says and returns whose heap is too small, for real: in processes of their own. */
final class LastWordsTest {
    @TempDir
    private Path folder;

    @Test
    void a_heap_that_is_too_small_ends_the_command_with_a_message_and_no_answer() throws Exception {
        Path snapshot = Files.createDirectory(folder.resolve("snapshot"));
        for (int file = 0; file < 16; file++) {
            StringBuilder yaml = new StringBuilder();
            for (int i = 0; i < 4_000; i++) {
                yaml.append("---\napiVersion: v1\nkind: Pod\nmetadata: {name: p")
                        .append(file)
                        .append('-')
                        .append(i)
                        .append(", namespace: shop, labels: {app: a")
                        .append(i)
                        .append("}}\nspec: {containers: [{name: c}]}\n");
            }
            Files.writeString(snapshot.resolve(file + ".yaml"), yaml);
        }
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        assertThat(exitOf(40, snapshot, out, err)).isEqualTo(2);
        assertThat(err)
                .content()
                .contains("zta: The heap of 40 MiB does not hold what this needs. Give it more, such as"
                        + " `java -Xmx1024m ");
        assertThat(out).isEmptyFile();
    }

    private static int exitOf(int megabytes, Path snapshot, Path out, Path err)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx" + megabytes + "m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "reach",
                        "--snapshot",
                        snapshot.toString(),
                        "-o",
                        "json"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void a_class_that_no_memory_was_left_for_is_told_from_one_that_is_missing() {
        Throwable first = new ExceptionInInitializerError(
                "Exception java.lang.OutOfMemoryError: Java heap space [in thread \"worker\"]");
        Throwable later = new NoClassDefFoundError("Could not initialize class io.zta.snapshot.Node").initCause(first);
        assertThat(LastWords.isOutOfHeap(new IllegalStateException(later))).isTrue();
        assertThat(LastWords.isOutOfHeap(new NoClassDefFoundError("Could not initialize class java.util.concurrent.F")))
                .isTrue();
        assertThat(LastWords.isOutOfHeap(new NoClassDefFoundError("io/zta/rbac/Rbac")))
                .isFalse();
    }
}
