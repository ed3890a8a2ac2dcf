package io.zta.verify.cli;

import io.zta.intent.PostureException;
import io.zta.snapshot.SnapshotException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;

/** Says what went wrong: one message with what to do, never a stack trace. */
final class Failure {
    private Failure() {}

    /** Reports a failed command. */
    static int report(Throwable problem, PrintWriter err) {
        if (problem instanceof PostureException
                || problem instanceof SnapshotException
                || problem instanceof UsageException) {
            err.println("zta: " + problem.getMessage());
        } else if (problem instanceof NoSuchFileException missing) {
            err.println("zta: There is no file " + missing.getFile() + ". Check the path.");
        } else if (problem instanceof java.io.IOException) {
            err.println("zta: Cannot read or write: " + problem.getMessage() + ".");
        } else if (problem.getClass().getName().startsWith("io.zta.")
                || problem.getClass().getName().startsWith("io.fabric8.")) {
            err.println("zta: " + problem.getMessage());
        } else {
            StackTraceElement[] trace = problem.getStackTrace();
            err.println("zta: This is a fault of zta itself: " + problem + (trace.length == 0 ? "" : " at " + trace[0])
                    + ". Please report it with the command line.");
        }
        err.flush();
        return ExitCode.USAGE;
    }

    /** Reports a command line that can't be understood. */
    static int usage(CommandLine.ParameterException problem) {
        CommandLine line = problem.getCommandLine();
        PrintWriter err = line.getErr();
        err.println("zta: " + problem.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(problem, err)) {
            err.println("See `" + line.getCommandSpec().qualifiedName() + " --help`.");
        }
        err.flush();
        return ExitCode.USAGE;
    }
}
