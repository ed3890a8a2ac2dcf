package io.zta.verify.cli;

import io.zta.snapshot.Snapshot;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Reads the snapshot that a command line names while the command itself is still being set up. Whoever wants that snapshot
 * gets what was read, and whatever went wrong with it; nobody else notices.
 */
final class ReadAhead {
    private static volatile @Nullable ReadAhead started;

    private final Path path;
    private final FutureTask<Snapshot> reading;
    private final Thread thread;

    private ReadAhead(Path path) {
        this.path = path;
        this.reading = new FutureTask<>(() -> Snapshot.of(path));
        this.thread = new Thread(reading, "reads ahead");
        thread.setDaemon(true);
        thread.start();
    }

    /** Starts to read what follows {@code --snapshot}, if anything does. */
    static void start(String... arguments) {
        for (int i = 0; i + 1 < arguments.length; i++) {
            if (arguments[i].equals("--snapshot")) {
                started = new ReadAhead(Path.of(arguments[i + 1]));
                return;
            }
        }
    }

    /** The snapshot at a path, as {@link Snapshot#of(Path)} gives it. */
    static Snapshot read(Path path) {
        ReadAhead ahead = started;
        if (ahead == null || !ahead.path.equals(path)) {
            return Snapshot.of(path);
        }
        started = null;
        try {
            ahead.thread.join(); // without the heap to say so, a task never ends, but its thread does
            if (!ahead.reading.isDone()) {
                throw new OutOfMemoryError("the thread that read " + path + " ended");
            }
            return ahead.reading.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException problem) {
                throw problem;
            }
            if (e.getCause() instanceof Error problem) {
                throw problem;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Snapshot.of(path);
        }
    }
}
