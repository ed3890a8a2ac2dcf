package io.zta.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Addresses of one family from one to another, both included. Immutable. */
public final class AddressRange implements Comparable<AddressRange> {
    /** Every IPv4 address. */
    public static final AddressRange ALL_V4 = new AddressRange(Address.lowest(false), Address.highest(false));
    /** Every IPv6 address. */
    public static final AddressRange ALL_V6 = new AddressRange(Address.lowest(true), Address.highest(true));

    private final Address first;
    private final Address last;

    AddressRange(Address first, Address last) {
        this.first = first;
        this.last = last;
    }

    /**
     * Reads a CIDR block, one address, or a range {@code FIRST-LAST}; empty where the text is none of them. Bits behind the
     * prefix are ignored.
     */
    public static Optional<AddressRange> parse(String text) {
        int dash = text.indexOf('-');
        if (dash > 0) {
            Optional<Address> from = Address.parse(text.substring(0, dash));
            Optional<Address> to = Address.parse(text.substring(dash + 1));
            return from.isPresent()
                            && to.isPresent()
                            && from.get().v6() == to.get().v6()
                            && from.get().compareTo(to.get()) <= 0
                    ? Optional.of(new AddressRange(from.get(), to.get()))
                    : Optional.empty();
        }
        int slash = text.indexOf('/');
        Optional<Address> address = Address.parse(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            return Optional.empty();
        }
        boolean v6 = address.get().v6();
        int width = v6 ? 128 : 32;
        int prefix = width;
        if (slash >= 0) {
            String digits = text.substring(slash + 1);
            if (digits.isEmpty() || digits.length() > 3 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Optional.empty();
            }
            prefix = Integer.parseInt(digits);
        }
        return prefix > width ? Optional.empty() : Optional.of(block(address.get(), width - prefix));
    }

    private static AddressRange block(Address address, int freeBits) {
        long lowMask = freeBits >= 64 ? -1L : (1L << freeBits) - 1;
        long highMask = freeBits <= 64 ? 0 : freeBits == 128 ? -1L : (1L << (freeBits - 64)) - 1;
        boolean v6 = address.v6();
        return new AddressRange(
                new Address(v6, address.high() & ~highMask, address.low() & ~lowMask),
                new Address(v6, address.high() | highMask, address.low() | lowMask));
    }

    Address first() {
        return first;
    }

    Address last() {
        return last;
    }

    /** Whether these are IPv6 addresses. */
    public boolean isV6() {
        return first.v6();
    }

    /** Whether this is every address of its family. */
    public boolean isAll() {
        return first.isLowest() && last.isHighest();
    }

    boolean contains(Address address) {
        return first.compareTo(address) <= 0 && address.compareTo(last) <= 0;
    }

    /** Whether the other lies within. */
    public boolean contains(AddressRange other) {
        return contains(other.first) && contains(other.last);
    }

    boolean overlaps(AddressRange other) {
        return first.compareTo(other.last) <= 0 && other.first.compareTo(last) <= 0;
    }

    /** What is left without another range: none, one or two ranges. */
    List<AddressRange> without(AddressRange gone) {
        if (!overlaps(gone)) {
            return List.of(this);
        }
        List<AddressRange> left = new ArrayList<>(2);
        if (first.compareTo(gone.first) < 0) {
            left.add(new AddressRange(first, gone.first.previous()));
        }
        if (gone.last.compareTo(last) < 0) {
            left.add(new AddressRange(gone.last.next(), last));
        }
        return left;
    }

    @Override
    public int compareTo(AddressRange other) {
        int order = first.compareTo(other.first);
        return order != 0 ? order : last.compareTo(other.last);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AddressRange that && first.equals(that.first) && last.equals(that.last);
    }

    @Override
    public int hashCode() {
        return 31 * first.hashCode() + last.hashCode();
    }

    /** {@code first-last}. */
    @Override
    public String toString() {
        return first + "-" + last;
    }
}
