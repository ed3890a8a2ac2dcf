package io.zta.intent;

/** A posture that contradicts itself, can't be read, or can't be compiled here. The message says what to change. */
public final class PostureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A failure with what to do about it. */
    public PostureException(String message) {
        super(message);
    }
}
