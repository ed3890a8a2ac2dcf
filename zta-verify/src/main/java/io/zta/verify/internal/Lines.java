package io.zta.verify.internal;

/** Breaks text into lines of a width, for terminals. */
public final class Lines {
    /** The width everything for a terminal keeps to. */
    public static final int WIDTH = 80;

    private Lines() {}

    /** The text without characters that steer a terminal, which a manifest may hold to hide what it says. */
    public static String printable(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            boolean steers = Character.isISOControl(c) && c != '\n' && c != '\t' && c != '\r'
                    || Character.getType(c) == Character.FORMAT;
            safe.appendCodePoint(steers ? 0xfffd : c);
        });
        return safe.toString();
    }

    /**
     * Appends text broken at spaces. A word longer than a line stays whole, so that paths can be copied.
     *
     * @param out where to
     * @param first what the first line begins with
     * @param rest what the others begin with
     * @param text the text; line breaks in it count as spaces
     */
    public static void wrap(StringBuilder out, String first, String rest, String text) {
        out.append(first);
        int column = first.length();
        boolean begun = false;
        for (String word : printable(text).strip().split("\\s+")) {
            if (begun && column + 1 + word.length() > WIDTH) {
                out.append('\n').append(rest);
                column = rest.length();
                begun = false;
            }
            if (begun) {
                out.append(' ');
                column++;
            }
            out.append(word);
            column += word.length();
            begun = true;
        }
        out.append('\n');
    }
}
