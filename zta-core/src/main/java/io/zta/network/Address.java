package io.zta.network;

import java.util.Optional;

/**
 * An IPv4 or IPv6 address as a number of 128 bits; the two families are apart, IPv4 first. Immutable.
 *
 * @param v6 whether it is an IPv6 address
 * @param high the upper 64 bits, unsigned; 0 for IPv4
 * @param low the lower 64 bits, unsigned
 */
record Address(boolean v6, long high, long low) implements Comparable<Address> {
    /** Reads an address as Kubernetes writes it; empty where the text is none. An IPv4 octet has no leading zero. */
    static Optional<Address> parse(String text) {
        return text.indexOf(':') < 0 ? parseV4(text) : parseV6(text);
    }

    private static Optional<Address> parseV4(String text) {
        long value = 0;
        int octets = 0;
        int digits = 0;
        int octet = 0;
        for (int i = 0; i <= text.length(); i++) { // one for each pod of a cluster, so nothing is cut out of the text
            char c = i < text.length() ? text.charAt(i) : '.';
            if (c == '.') {
                if (digits == 0 || octet > 255 || octets == 4) {
                    return Optional.empty();
                }
                value = value << 8 | octet;
                octets++;
                digits = 0;
                octet = 0;
            } else if (c < '0' || c > '9' || digits == 3 || digits > 0 && octet == 0) {
                return Optional.empty();
            } else {
                octet = octet * 10 + (c - '0');
                digits++;
            }
        }
        return octets == 4 ? Optional.of(new Address(false, 0, value)) : Optional.empty();
    }

    private static Optional<Address> parseV6(String given) {
        String text = given;
        int dots = text.indexOf('.');
        if (dots >= 0) { // an IPv4 address in the last two groups
            int colon = text.lastIndexOf(':');
            Optional<Address> tail = parseV4(text.substring(colon + 1));
            if (tail.isEmpty()) {
                return Optional.empty();
            }
            long value = tail.get().low();
            text = text.substring(0, colon + 1) + Long.toHexString(value >>> 16) + ":"
                    + Long.toHexString(value & 0xffff);
        }
        int gap = text.indexOf("::");
        if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
            return Optional.empty();
        }
        String[] head = groups(gap < 0 ? text : text.substring(0, gap));
        String[] tail = gap < 0 ? new String[0] : groups(text.substring(gap + 2));
        int given16 = head.length + tail.length;
        if (gap < 0 ? given16 != 8 : given16 > 7) {
            return Optional.empty();
        }
        long[] words = new long[8];
        for (int i = 0; i < head.length; i++) {
            words[i] = group(head[i]);
        }
        for (int i = 0; i < tail.length; i++) {
            words[8 - tail.length + i] = group(tail[i]);
        }
        long high = 0;
        long low = 0;
        for (int i = 0; i < 8; i++) {
            if (words[i] < 0) {
                return Optional.empty();
            }
            if (i < 4) {
                high = high << 16 | words[i];
            } else {
                low = low << 16 | words[i];
            }
        }
        if (high == 0 && low >>> 32 == 0xffff) { // ::ffff:a.b.c.d is that IPv4 address
            return Optional.of(new Address(false, 0, low & 0xffffffffL));
        }
        return Optional.of(new Address(true, high, low));
    }

    private static String[] groups(String text) {
        return text.isEmpty() ? new String[0] : text.split(":", -1);
    }

    private static long group(String text) {
        if (text.isEmpty() || text.length() > 4) {
            return -1;
        }
        try {
            return text.charAt(0) == '+' || text.charAt(0) == '-' ? -1 : Long.parseLong(text, 16);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    static Address lowest(boolean v6) {
        return new Address(v6, 0, 0);
    }

    static Address highest(boolean v6) {
        return v6 ? new Address(true, -1L, -1L) : new Address(false, 0, 0xffffffffL);
    }

    boolean isHighest() {
        return equals(highest(v6));
    }

    boolean isLowest() {
        return equals(lowest(v6));
    }

    /** The next address; not to be asked of the highest. */
    Address next() {
        return new Address(v6, low == -1L ? high + 1 : high, low + 1);
    }

    /** The address before; not to be asked of the lowest. */
    Address previous() {
        return new Address(v6, low == 0 ? high - 1 : high, low - 1);
    }

    @Override
    public int compareTo(Address other) {
        int order = Boolean.compare(v6, other.v6);
        if (order == 0) {
            order = Long.compareUnsigned(high, other.high);
        }
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        if (!v6) {
            return (low >>> 24) + "." + (low >>> 16 & 255) + "." + (low >>> 8 & 255) + "." + (low & 255);
        }
        int[] words = new int[8];
        for (int i = 0; i < 8; i++) {
            words[i] = (int) ((i < 4 ? high >>> 16 * (3 - i) : low >>> 16 * (7 - i)) & 0xffff);
        }
        int best = -1;
        int length = 1;
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && words[i + run] == 0) {
                run++;
            }
            if (run > length) {
                best = i;
                length = run;
            }
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == best) {
                out.append("::");
                i += length - 1;
            } else {
                if (!out.isEmpty() && out.charAt(out.length() - 1) != ':') {
                    out.append(':');
                }
                out.append(Integer.toHexString(words[i]));
            }
        }
        return out.toString();
    }
}
