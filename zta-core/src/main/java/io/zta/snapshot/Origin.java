package io.zta.snapshot;

/**
 * Where something was read: a file with a line, or a live cluster.
 *
 * @param source the file as the caller named it, or a cluster's name such as {@code "cluster"}
 * @param line the line, counted from 1; 0 where the source has no lines
 * @param column the column, counted from 1; 0 where unknown
 */
public record Origin(String source, int line, int column) implements Comparable<Origin> {
    /** An origin for values that were made in memory rather than read. */
    public static final Origin MEMORY = new Origin("memory", 0, 0);

    /** The same source at another place. */
    public Origin at(int newLine, int newColumn) {
        return new Origin(source, newLine, newColumn);
    }

    @Override
    public int compareTo(Origin other) {
        int bySource = source.compareTo(other.source);
        if (bySource != 0) {
            return bySource;
        }
        int byLine = Integer.compare(line, other.line);
        return byLine != 0 ? byLine : Integer.compare(column, other.column);
    }

    /** {@code file:line:column}, leaving out what is unknown. */
    @Override
    public String toString() {
        if (line == 0) {
            return source;
        }
        return column == 0 ? source + ":" + line : source + ":" + line + ":" + column;
    }
}
