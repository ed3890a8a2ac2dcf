package io.zta.network;

import io.zta.intent.Port;
import io.zta.intent.Port.Protocol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * A set of ports of the three transports that network policies know. Immutable; two sets of the same ports are equal.
 *
 * <p>Held as sorted ranges over one line of numbers, protocol after protocol in the order of their names, so that every
 * operation is one merge of two lists.
 */
public final class PortSet {
    private static final int STRIDE = 1 << 16;

    /** No port. */
    public static final PortSet NONE = new PortSet(new int[0]);
    /** Every port of every protocol. */
    public static final PortSet ALL = of(List.of(
            new Port(Protocol.SCTP, 1, 65535), new Port(Protocol.TCP, 1, 65535), new Port(Protocol.UDP, 1, 65535)));

    /** First and last of each range, alternating; ranges neither touch nor overlap within a protocol. */
    private final int[] bounds;

    private final int hash;
    private String text = "";

    private PortSet(int[] bounds) {
        this.bounds = bounds;
        this.hash = Arrays.hashCode(bounds);
    }

    /** The set of these ports. */
    public static PortSet of(Collection<Port> ports) {
        PortSet all = NONE;
        for (Port port : ports) {
            all = all.union(of(port));
        }
        return all;
    }

    /** The set of one port or range. */
    public static PortSet of(Port port) {
        int base = base(port.protocol());
        return new PortSet(new int[] {base + port.first(), base + port.last()});
    }

    /** Every port of a protocol. */
    public static PortSet all(Protocol protocol) {
        return of(new Port(protocol, 1, 65535));
    }

    private static int base(Protocol protocol) {
        return switch (protocol) {
            case SCTP -> 0;
            case TCP -> STRIDE;
            case UDP -> 2 * STRIDE;
        };
    }

    private static Protocol protocol(int number) {
        return switch (number / STRIDE) {
            case 0 -> Protocol.SCTP;
            case 1 -> Protocol.TCP;
            default -> Protocol.UDP;
        };
    }

    /** Whether no port is in it. */
    public boolean isEmpty() {
        return bounds.length == 0;
    }

    /** Whether a port is in it. */
    public boolean contains(Protocol protocol, int number) {
        int wanted = base(protocol) + number;
        for (int i = 0; i < bounds.length; i += 2) {
            if (bounds[i] <= wanted && wanted <= bounds[i + 1]) {
                return true;
            }
        }
        return false;
    }

    /** Whether every port of the other is in it. */
    public boolean containsAll(PortSet other) {
        return other.minus(this).isEmpty();
    }

    /** The ports of either. */
    public PortSet union(PortSet other) {
        return isEmpty() ? other : other.isEmpty() ? this : combine(other, true, true, true);
    }

    /** The ports of both. */
    public PortSet intersect(PortSet other) {
        return combine(other, false, false, true);
    }

    /** The ports of this that are not in the other. */
    public PortSet minus(PortSet other) {
        return combine(other, true, false, false);
    }

    /** Sweeps both lists once; the flags tell whether a number in the left alone, the right alone, or both is kept. */
    private PortSet combine(PortSet other, boolean left, boolean right, boolean both) {
        int[] a = bounds;
        int[] b = other.bounds;
        int[] out = new int[2 * (a.length + b.length) + 2];
        int size = 0;
        int i = 0;
        int j = 0;
        int at = 0;
        while (i < a.length || j < b.length) {
            boolean inA = i < a.length && a[i] <= at;
            boolean inB = j < b.length && b[j] <= at;
            int next = Integer.MAX_VALUE;
            if (i < a.length) {
                next = Math.min(next, inA ? a[i + 1] + 1 : a[i]);
            }
            if (j < b.length) {
                next = Math.min(next, inB ? b[j + 1] + 1 : b[j]);
            }
            boolean keep = inA ? (inB ? both : left) : inB && right;
            if (keep) {
                if (size > 0 && out[size - 1] == at - 1) {
                    out[size - 1] = next - 1;
                } else {
                    out[size++] = at;
                    out[size++] = next - 1;
                }
            }
            if (inA && a[i + 1] + 1 == next) {
                i += 2;
            }
            if (inB && b[j + 1] + 1 == next) {
                j += 2;
            }
            at = next;
        }
        return size == 0 ? NONE : new PortSet(Arrays.copyOf(out, size));
    }

    /** The ranges, sorted by the protocol's name and then by number. */
    public List<Port> ranges() {
        List<Port> ranges = new ArrayList<>(bounds.length / 2);
        for (int i = 0; i < bounds.length; i += 2) {
            ranges.add(new Port(protocol(bounds[i]), bounds[i] % STRIDE, bounds[i + 1] % STRIDE));
        }
        return ranges;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PortSet that && Arrays.equals(bounds, that.bounds);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** {@code All Connections}, {@code No Connections}, or the ranges as {@code TCP 80,8080-8090,UDP 53}. */
    @Override
    public String toString() {
        if (text.isEmpty()) {
            text = describe(); // a race computes the same text twice
        }
        return text;
    }

    private String describe() {
        if (isEmpty()) {
            return "No Connections";
        }
        if (equals(ALL)) {
            return "All Connections";
        }
        StringBuilder out = new StringBuilder();
        Protocol last = null;
        for (Port range : ranges()) {
            if (range.protocol() != last) {
                out.append(last == null ? "" : ",").append(range.protocol()).append(' ');
            } else {
                out.append(',');
            }
            last = range.protocol();
            out.append(range.first());
            if (range.last() != range.first()) {
                out.append('-').append(range.last());
            }
        }
        return out.toString();
    }
}
