package io.zta.intent;

/**
 * A port of a pod, or a range of them. Pod ports, not Service ports: policies see what follows address translation.
 *
 * @param protocol the transport
 * @param first 1 to 65535
 * @param last at least {@code first}
 */
public record Port(Protocol protocol, int first, int last) implements Comparable<Port> {
    /** Transports that network policies know. */
    public enum Protocol {
        /** Transmission Control Protocol. */
        TCP,
        /** User Datagram Protocol. */
        UDP,
        /** Stream Control Transmission Protocol. */
        SCTP
    }

    public Port {
        if (first < 1 || last > 65535 || first > last) {
            throw new PostureException("A port is a number from 1 to 65535, and a range starts with the lower one; got "
                    + first + (first == last ? "" : "-" + last) + ".");
        }
    }

    /** A TCP port. */
    public static Port tcp(int number) {
        return new Port(Protocol.TCP, number, number);
    }

    /** A UDP port. */
    public static Port udp(int number) {
        return new Port(Protocol.UDP, number, number);
    }

    /** TCP ports from one to another, both included. */
    public static Port tcpRange(int first, int last) {
        return new Port(Protocol.TCP, first, last);
    }

    /** Whether a port number is in it. */
    public boolean contains(int number) {
        return number >= first && number <= last;
    }

    @Override
    public int compareTo(Port other) {
        int order = protocol.compareTo(other.protocol);
        if (order == 0) {
            order = Integer.compare(first, other.first);
        }
        return order != 0 ? order : Integer.compare(last, other.last);
    }

    /** {@code TCP 8080} or {@code TCP 8080-8090}. */
    @Override
    public String toString() {
        return protocol + " " + (first == last ? "" + first : first + "-" + last);
    }
}
