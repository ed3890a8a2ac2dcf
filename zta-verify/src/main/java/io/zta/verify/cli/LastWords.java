package io.zta.verify.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Ends the process when its heap runs out, whichever thread it is that gets no more: what the others would still print would
 * be the answer of a part. All that is needed to say so is there before, since nothing can be made any more by then.
 */
final class LastWords {
    private static final int DEPTH = 16;

    private static final byte[] NOTHING = {};
    private static final FileOutputStream ERR = new FileOutputStream(FileDescriptor.err);
    private static final byte[] OUT_OF_HEAP = String.format(
                    Locale.ROOT,
                    "zta: The heap of %d MiB does not hold what this needs. Give it more, such as `java -Xmx%dm -jar zta.jar ...`;"
                            + " nothing that was printed is a whole answer.%n",
                    megabytes(),
                    Math.max(1024, 4 * megabytes()))
            .getBytes(StandardCharsets.UTF_8);

    /** Let go to have room for the end. */
    @SuppressWarnings("unused") // holding it is its use
    private static byte[] reserve = NOTHING;

    private LastWords() {}

    private static long megabytes() {
        return Runtime.getRuntime().maxMemory() >> 20;
    }

    /** From here on, no thread of this process ends of what nobody catches without its being said. */
    static void prepare() {
        reserve = new byte[1 << 18];
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {})); // loads what it takes to halt
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> {
            ifOutOfHeap(problem);
            Failure.report(problem, new PrintWriter(ERR, true, StandardCharsets.UTF_8));
            Runtime.getRuntime().halt(ExitCode.USAGE);
        });
    }

    /** Ends the process if a problem is that the heap ran out. */
    static void ifOutOfHeap(Throwable problem) {
        if (isOutOfHeap(problem)) {
            end();
        }
    }

    private static synchronized void end() { // whoever comes second waits here for the end
        reserve = NOTHING;
        try {
            ERR.write(OUT_OF_HEAP);
        } catch (IOException e) {
            // nobody listens: the exit code has to do
        }
        Runtime.getRuntime().halt(ExitCode.USAGE); // hooks may wait for memory that nobody has
    }

    /** A class that could not be set up for lack of memory is missing ever after; its cause may name the first error. */
    static boolean isOutOfHeap(Throwable problem) {
        @Nullable Throwable cause = problem;
        for (int depth = 0; cause != null && depth < DEPTH; depth++) {
            if (cause instanceof OutOfMemoryError) {
                return true;
            }
            String message = cause.getMessage();
            if (cause instanceof LinkageError
                    && message != null
                    && (message.contains("java.lang.OutOfMemoryError")
                            || message.startsWith("Could not initialize class java."))) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
