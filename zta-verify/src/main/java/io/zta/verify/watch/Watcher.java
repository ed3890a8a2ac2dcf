package io.zta.verify.watch;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.snapshot.Resource;
import io.zta.snapshot.SnapshotException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Verifies postures whenever the cluster changes: watches every kind that a snapshot reads, waits until a burst of changes
 * is over, verifies, compares with the verification before, and tells its listeners. Reads the cluster, writes nothing.
 *
 * <p>Proven is said only while every watch is up and the API server answers. When one is lost, what was Proven is Unknown
 * within the heartbeat, and within {@code silence} where its connection was cut without a word; when it is back, everything
 * is read again before anything is Proven. All is read again every {@code reread} in any case. Thread-safe.
 */
public final class Watcher implements AutoCloseable {
    /**
     * The times of a watch.
     *
     * @param debounce from the first change to the verification, which covers all that came meanwhile
     * @param heartbeat how often the watches and the API server are asked whether they are there
     * @param reread how often everything is read again
     * @param silence how long a connection that was cut without a word may go unnoticed, a verification under way not
     *     counted; at least the heartbeat and 6 seconds. Every watch is opened anew so much sooner that this holds.
     */
    public record Timing(Duration debounce, Duration heartbeat, Duration reread, Duration silence) {
        public Timing {
            if (silence.compareTo(shortest(heartbeat)) < 0) {
                throw new IllegalArgumentException("silence " + silence + " is too short: at least the heartbeat, "
                        + heartbeat + ", and " + (WatchStream.ANSWER.toSeconds() + 1) + " s.");
            }
        }

        /** These times, with 30 seconds of silence, or the shortest that the heartbeat lets be kept. */
        public Timing(Duration debounce, Duration heartbeat, Duration reread) {
            this(debounce, heartbeat, reread, longer(Duration.ofSeconds(30), shortest(heartbeat)));
        }

        private static Duration shortest(Duration heartbeat) {
            return heartbeat.plus(WatchStream.ANSWER).plusSeconds(1);
        }

        private static Duration longer(Duration one, Duration other) {
            return one.compareTo(other) < 0 ? other : one;
        }

        /** Half a second, 5 seconds, 5 minutes, 30 seconds. */
        public static Timing usual() {
            return new Timing(Duration.ofMillis(500), Duration.ofSeconds(5), Duration.ofMinutes(5));
        }

        /** These times with another {@link #silence}. */
        public Timing withSilence(Duration longest) {
            return new Timing(debounce, heartbeat, reread, longest);
        }

        /** How long a watch may last: that, an answer and a heartbeat later it is known to be dead. */
        private Duration watch() {
            return silence.minus(heartbeat).minus(WatchStream.ANSWER);
        }
    }

    /** A definition is there before its kind is served. */
    private static final Duration KINDS_SETTLE = Duration.ofSeconds(2);

    private final Feed feed;
    private final Timing timing;
    private final List<WatchListener> listeners;
    private final ClusterState state = new ClusterState();
    private final Judge judge;
    private final AtomicBoolean due = new AtomicBoolean();
    private final AtomicBoolean kindsDue = new AtomicBoolean();
    private final AtomicBoolean stale = new AtomicBoolean(true);
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread worker = new Thread(task, "zta-watch");
        worker.setDaemon(true);
        return worker;
    });
    /** Why the state may not be what the cluster is. Of the worker's thread alone. */
    private Optional<String> lost = Optional.of("the cluster has not been read yet");

    private Watcher(List<Posture> postures, Feed feed, Timing timing, Clock clock, List<WatchListener> listeners) {
        this.feed = feed;
        this.timing = timing;
        this.listeners = List.copyOf(listeners);
        this.judge = new Judge(postures, clock);
    }

    /**
     * Begins to watch. The first verification, and every claim as a change from nothing, comes when all has been read.
     *
     * @param postures what is to hold, at least one
     * @param client the client whose rights it has (list and watch on what it reads); it is not closed with the watcher
     * @param listeners who is told
     */
    public static Watcher start(List<Posture> postures, KubernetesClient client, WatchListener... listeners) {
        return start(postures, client, Timing.usual(), Clock.systemUTC(), listeners);
    }

    /** The same, with times of the caller's own. */
    public static Watcher start(
            List<Posture> postures, KubernetesClient client, Timing timing, Clock clock, WatchListener... listeners) {
        return start(postures, new StreamFeed(client, timing.watch()), timing, clock, listeners);
    }

    static Watcher start(List<Posture> postures, Feed feed, Timing timing, Clock clock, WatchListener... listeners) {
        if (postures.isEmpty()) {
            throw new IllegalArgumentException("There is nothing to watch: give at least one posture.");
        }
        Watcher watcher = new Watcher(postures, feed, timing, clock, List.of(listeners));
        watcher.begin();
        return watcher;
    }

    private void begin() {
        thread.execute(guarded(this::beat));
        again(this::beat, timing.heartbeat());
        again(this::reread, timing.reread());
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what it runs catches what it throws
    private void again(Runnable task, Duration every) {
        thread.scheduleWithFixedDelay(guarded(task), every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what it runs catches what it throws
    private void later(Runnable task, Duration delay) {
        try {
            thread.schedule(guarded(task), delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // Closed meanwhile.
        }
    }

    /** A task that throws would not be scheduled again. */
    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                lost = Optional.of("the watch failed: " + e.getMessage());
                stale.set(true);
                failed(String.valueOf(e.getMessage()));
                publish();
            }
        };
    }

    private void beat() {
        if (stale.get()) {
            reread();
            return;
        }
        Optional<String> now = feed.lost();
        if (now.isPresent()) {
            lose(now.get());
        }
    }

    private void lose(String why) {
        stale.set(true);
        boolean known = lost.equals(Optional.of(why));
        lost = Optional.of(why);
        if (!known) {
            failed(why);
            publish();
        }
    }

    private void kinds() {
        kindsDue.set(false);
        if (!feed.covers()) {
            reread();
        }
    }

    private void reread() {
        try {
            feed.follow(sink);
            state.reading();
            state.replace(feed.read());
        } catch (SnapshotException e) {
            lose(String.valueOf(e.getMessage()));
            return;
        }
        Optional<String> now = feed.lost();
        if (now.isPresent()) {
            lose(now.get());
            return;
        }
        stale.set(false);
        lost = Optional.empty();
        publish();
    }

    private final Feed.Sink sink = new Feed.Sink() {
        @Override
        public void present(Resource resource) {
            if (state.put(resource)) {
                soon();
            }
        }

        @Override
        public void gone(Resource resource) {
            if (state.remove(resource)) {
                soon();
            }
        }

        @Override
        public void kindsChanged() {
            if (kindsDue.compareAndSet(false, true)) {
                later(Watcher.this::kinds, KINDS_SETTLE);
            }
        }

        @Override
        public void failed(String what) {
            later(() -> Watcher.this.failed(what), Duration.ZERO);
        }
    };

    private void soon() {
        if (!stale.get() && due.compareAndSet(false, true)) {
            later(
                    () -> {
                        due.set(false);
                        feed.lost().ifPresentOrElse(this::lose, this::publish);
                    },
                    timing.debounce());
        }
    }

    private void publish() {
        Verified verified = judge.judge(state.snapshot(), state.causes(), lost);
        List<Runnable> calls = new ArrayList<>();
        for (WatchListener listener : listeners) {
            calls.add(() -> listener.verified(verified));
            verified.changes().forEach(change -> calls.add(() -> listener.changed(change)));
        }
        for (Runnable call : calls) {
            try {
                call.run();
            } catch (RuntimeException e) {
                failed("a listener failed: " + e);
            }
        }
    }

    private void failed(String what) {
        for (WatchListener listener : listeners) {
            try {
                listener.failed(what);
            } catch (RuntimeException e) {
                // It was told, and there is nobody else to tell.
            }
        }
    }

    /** Ends the watches; no listener is called after it returns, unless one is being called and takes over 10 seconds. */
    @Override
    public void close() {
        thread.shutdownNow();
        feed.close();
        try {
            thread.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
