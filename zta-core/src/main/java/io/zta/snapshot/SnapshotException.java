package io.zta.snapshot;

/** A snapshot could not be taken at all: the path is not there, or the cluster does not answer. */
public final class SnapshotException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A failure with what to do about it. */
    public SnapshotException(String message) {
        super(message);
    }

    /** A failure with what to do about it, and its cause. */
    public SnapshotException(String message, Throwable cause) {
        super(message, cause);
    }
}
