package io.zta.verify.cli;

import java.io.Console;
import java.util.Locale;

/** Asks before a write: on a terminal; elsewhere {@code --yes} is needed. */
final class Consent {
    private Consent() {}

    @SuppressWarnings(
            "SystemConsoleNull") // later Java gives a console without a terminal too: then the variable decides
    static boolean given(boolean yes, String question) {
        if (yes) {
            return true;
        }
        Console console = System.console();
        if (console == null || System.getenv("TERM") == null) {
            throw new ClusterOptions.IllegalCallException(
                    "This writes to the cluster, and there is no terminal to ask on. Add --yes to do it.");
        }
        String answer = console.readLine("%s [y/N] ", question);
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
    }
}
