package io.zta.verify.cli;

/** Tells what takes long, on a terminal only: in a pipe it would be noise. */
final class Progress {
    private Progress() {}

    static boolean isTerminal() {
        return System.console() != null;
    }

    /** Whether to colour: on a terminal that can, unless NO_COLOR asks not to. */
    static boolean isColoured() {
        String noColor = System.getenv("NO_COLOR");
        return isTerminal() && (noColor == null || noColor.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
    }

    static void say(String what) {
        if (isTerminal()) {
            System.err.println("zta: " + what + " ...");
        }
    }
}
