package io.zta.network;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * The address space cut at every bound that some policy names: addresses of one piece are alike to all policies. IPv6 is
 * there only when something of the snapshot is an IPv6 address. Immutable.
 */
final class Atoms {
    private final List<AddressRange> pieces;

    private Atoms(List<AddressRange> pieces) {
        this.pieces = List.copyOf(pieces);
    }

    static Atoms of(Collection<AddressRange> named, boolean mentionsV6) {
        TreeSet<Address> starts = new TreeSet<>();
        starts.add(Address.lowest(false));
        boolean v6 = mentionsV6;
        for (AddressRange range : named) {
            v6 |= range.isV6();
            starts.add(range.first());
            if (!range.last().isHighest()) {
                starts.add(range.last().next());
            }
        }
        if (v6) {
            starts.add(Address.lowest(true));
        }
        List<AddressRange> pieces = new ArrayList<>(starts.size());
        List<Address> sorted = List.copyOf(starts);
        for (int i = 0; i < sorted.size(); i++) {
            Address first = sorted.get(i);
            boolean lastOfFamily = i + 1 == sorted.size() || sorted.get(i + 1).v6() != first.v6();
            pieces.add(new AddressRange(
                    first,
                    lastOfFamily
                            ? Address.highest(first.v6())
                            : sorted.get(i + 1).previous()));
        }
        return new Atoms(pieces);
    }

    List<AddressRange> pieces() {
        return pieces;
    }

    int size() {
        return pieces.size();
    }

    /** The piece that holds an address, or -1 where its family is not there. */
    int indexOf(Address address) {
        int low = 0;
        int high = pieces.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            AddressRange piece = pieces.get(middle);
            if (piece.last().compareTo(address) < 0) {
                low = middle + 1;
            } else if (address.compareTo(piece.first()) < 0) {
                high = middle - 1;
            } else {
                return middle;
            }
        }
        return -1;
    }

    /** Whether this cuts wherever that range begins and ends. */
    boolean cuts(AddressRange range) {
        int first = indexOf(range.first());
        int last = indexOf(range.last());
        return first >= 0
                && last >= 0
                && pieces.get(first).first().equals(range.first())
                && pieces.get(last).last().equals(range.last());
    }
}
