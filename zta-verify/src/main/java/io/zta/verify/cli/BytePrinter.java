package io.zta.verify.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** Prints UTF-8, and takes what is UTF-8 already as it is: an answer of megabytes need not become text in between. */
final class BytePrinter extends PrintWriter {
    /** Writes an answer. */
    interface Answer {
        void to(OutputStream out) throws IOException;
    }

    private final OutputStream stream;

    BytePrinter(OutputStream stream) {
        super(new OutputStreamWriter(stream, StandardCharsets.UTF_8), false);
        this.stream = stream;
    }

    /** Prints an answer after what was printed before. */
    static void print(Answer answer, PrintWriter printer) throws IOException {
        if (printer instanceof BytePrinter bytes) {
            bytes.flush();
            answer.to(bytes.stream);
            bytes.stream.flush();
        } else {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            answer.to(text);
            printer.print(text.toString(StandardCharsets.UTF_8));
            printer.flush();
        }
    }
}
