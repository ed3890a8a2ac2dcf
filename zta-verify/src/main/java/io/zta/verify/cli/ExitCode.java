package io.zta.verify.cli;

import io.zta.verify.Report;

/** The exit codes of every command. */
final class ExitCode {
    /** All is proven, or the work is done. */
    static final int PROVEN = 0;
    /** Something is violated, whatever else is unknown. */
    static final int VIOLATED = 1;
    /** Wrong usage, an unreadable posture, or a path that is not there. */
    static final int USAGE = 2;
    /** Nothing is violated, and something is unknown. */
    static final int UNKNOWN = 3;

    private ExitCode() {}

    static int of(Report.Outcome outcome) {
        return switch (outcome) {
            case PROVEN -> PROVEN;
            case VIOLATED -> VIOLATED;
            case UNKNOWN -> UNKNOWN;
        };
    }
}
