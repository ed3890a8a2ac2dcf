package io.zta.examples;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** The command as a process of its own, from the classes of this build. */
final class Zta {
    /** The repository's root, where documentation's commands are run. */
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** What a process printed, and its exit code. */
    record Run(int code, String out) {}

    private Zta() {}

    static String classPath() {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(path.split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .reduce((a, b) -> a + File.pathSeparator + b)
                .orElseThrow();
    }

    static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    static Run run(Path directory, List<String> command) throws IOException, InterruptedException {
        return run(directory, command, "");
    }

    static Run run(Path directory, List<String> command, String input) throws IOException, InterruptedException {
        Path out = Files.createTempFile("zta", ".out");
        Path in = Files.writeString(Files.createTempFile("zta", ".in"), input);
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(in.toFile())
                    .redirectOutput(out.toFile())
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("no end after two minutes: " + command);
            }
            return new Run(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(in);
        }
    }

    /** Runs the command with these arguments in a directory. */
    static Run zta(Path directory, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(tool("java"), "-XX:TieredStopAtLevel=1", "-cp", classPath(), "io.zta.verify.cli.Main"));
        command.addAll(arguments);
        return run(directory, command);
    }

    /** A jar that {@code java -jar} runs as the command: it holds no class, only the class path of this build. */
    static Path jar(Path folder) throws IOException {
        StringBuilder urls = new StringBuilder();
        for (String entry : classPath().split(File.pathSeparator)) {
            urls.append(Path.of(entry).toUri()).append(' ');
        }
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "io.zta.verify.cli.Main");
        manifest.getMainAttributes()
                .put(Attributes.Name.CLASS_PATH, urls.toString().strip());
        Path jar = folder.resolve("zta.jar");
        new JarOutputStream(Files.newOutputStream(jar), manifest).close();
        return jar;
    }
}
