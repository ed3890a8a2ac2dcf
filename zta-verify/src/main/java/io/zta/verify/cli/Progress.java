package io.zta.verify.cli;

import java.io.Console;

/** Tells what takes long, on a terminal only: in a pipe it would be noise. */
final class Progress {
    private Progress() {}

    /**
     * Whether standard input and output are a terminal. From JDK 22 on there is a console in a pipe too, which has to be
     * asked by a method that 17 does not know.
     */
    @SuppressWarnings("SystemConsoleNull")
    static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
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
