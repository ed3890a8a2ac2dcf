package io.zta.verify.apply;

/**
 * A connection between workloads that a plan ends or begins.
 *
 * @param from who connects, {@code namespace/name[Kind]} or a range of addresses
 * @param to to whom
 * @param connection on which protocols and ports, such as {@code TCP 8080}
 */
public record Flow(String from, String to, String connection) implements Comparable<Flow> {
    @Override
    public int compareTo(Flow other) {
        return toString().compareTo(other.toString());
    }

    /** {@code shop/web[Deployment] -> shop/orders[Deployment] TCP 8080}. */
    @Override
    public String toString() {
        return from + " -> " + to + " " + connection;
    }
}
