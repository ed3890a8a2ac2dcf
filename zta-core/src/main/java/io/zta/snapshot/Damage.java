package io.zta.snapshot;

/**
 * Something of a snapshot that could not be read, or not with certainty. Every verdict that could depend on it is Unknown.
 *
 * @param origin the file and line, or the cluster
 * @param problem what is wrong, as one sentence without the place
 * @param remedy what to do about it
 */
public record Damage(Origin origin, String problem, String remedy) {
    /** {@code file:line: problem (remedy)}. */
    @Override
    public String toString() {
        return origin + ": " + problem + " (" + remedy + ")";
    }
}
