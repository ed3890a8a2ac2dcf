package io.zta.verify.watch;

import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.Optional;

/** Where a watcher learns of the cluster. */
interface Feed extends AutoCloseable {
    /** Hears of changes, on any thread. */
    interface Sink {
        /** The object is now as given. */
        void present(Resource resource);

        /** The object is gone; it is given as it was, its type, namespace and name are what counts. */
        void gone(Resource resource);

        /** The kinds that there are may have changed. */
        void kindsChanged();

        /** A watch failed; it is tried again. */
        void failed(String what);
    }

    /**
     * Begins to watch every kind that there is, or goes on with those begun and adds the others. Returns when all have
     * listed once or have failed to.
     */
    void follow(Sink sink);

    /**
     * Whether every kind that there is by now is watched.
     *
     * @throws io.zta.snapshot.SnapshotException if the cluster does not answer
     */
    boolean covers();

    /**
     * Reads everything.
     *
     * @throws io.zta.snapshot.SnapshotException if the cluster does not answer
     */
    Snapshot read();

    /** Why what was heard may not be all that happened; empty where every watch is up. */
    Optional<String> lost();

    @Override
    void close();
}
