package io.zta.verify.watch;

/**
 * Hears what a {@link Watcher} sees, one call at a time, on the watcher's thread: what takes long is for a thread of the
 * listener's own. What it throws is counted as an error of the watch, and goes to {@link #failed}.
 */
public interface WatchListener {
    /** A claim changed; called once for each, after {@link #verified} of the same verification. */
    default void changed(ClaimChange change) {}

    /** A verification was made, whether or not anything changed. */
    default void verified(Verified verified) {}

    /** Something could not be read or watched, or a verification or listener failed; the watch goes on. */
    default void failed(String what) {}
}
