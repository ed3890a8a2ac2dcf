package io.zta.verify.cli;

import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** Entry point of the {@code zta} command. */
public final class Main {
    private Main() {}

    /**
     * Runs the command and ends the process with its exit code; see {@link ExitCode}.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        // UTF-8 whatever the locale: a report is a file as often as it is read on a screen.
        PrintWriter out = new BytePrinter(System.out);
        PrintWriter err = new PrintWriter(new OutputStreamWriter(System.err, StandardCharsets.UTF_8), true);
        LastWords.prepare();
        ReadAhead.start(arguments);
        int code = run(out, err, arguments);
        out.flush();
        err.flush();
        System.exit(code);
    }

    /** Runs the command without ending the process. */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine command = Commands.lineFor(arguments);
        command.setOut(out);
        command.setErr(err);
        command.setCaseInsensitiveEnumValuesAllowed(true);
        command.setExecutionExceptionHandler((problem, line, parsed) -> {
            LastWords.ifOutOfHeap(problem);
            return Failure.report(problem, line.getErr());
        });
        command.setParameterExceptionHandler((problem, parsed) -> Failure.usage(problem));
        int code = command.execute(arguments);
        out.flush();
        return code;
    }
}
