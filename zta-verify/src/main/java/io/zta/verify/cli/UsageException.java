package io.zta.verify.cli;

/** A command that can't be carried out as it was given. The message says what to change. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
