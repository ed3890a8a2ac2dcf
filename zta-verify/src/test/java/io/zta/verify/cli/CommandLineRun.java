package io.zta.verify.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** One run of the command in this process: what it printed and its exit code. */
public record CommandLineRun(int code, String out, String err) {
    public static CommandLineRun zta(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = new String[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            texts[i] = arguments[i].toString();
        }
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), texts);
        return new CommandLineRun(code, out.toString(), err.toString());
    }
}
