package io.zta.network;

import io.zta.intent.Port;
import io.zta.intent.Port.Protocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What rows let through that others do not. Between workloads that is a difference of ports; ranges of addresses, which two
 * snapshots cut in different places, are taken apart and joined again where neighbours have the same ports.
 */
final class Beyond {
    /** The rows between a workload and addresses, by workload and direction. */
    private record Side(String workload, boolean isSource) {}

    private record Piece(AddressRange range, PortSet ports) {}

    private final Map<String, PortSet> parsed = new HashMap<>();

    List<Reach.Row> of(List<Reach.Row> rows, List<Reach.Row> others) {
        Map<String, Map<String, PortSet>> known = new HashMap<>();
        Map<Side, List<Piece>> knownPieces = new HashMap<>();
        sort(others, known, knownPieces);
        Map<String, Map<String, PortSet>> given = new TreeMap<>();
        Map<Side, List<Piece>> givenPieces = new HashMap<>();
        sort(rows, given, givenPieces);
        List<Reach.Row> more = new ArrayList<>();
        given.forEach((source, targets) -> targets.forEach((target, ports) -> {
            PortSet there = known.getOrDefault(source, Map.of()).getOrDefault(target, PortSet.NONE);
            PortSet left = ports.equals(there) ? PortSet.NONE : ports.minus(there);
            if (!left.isEmpty()) {
                more.add(new Reach.Row(source, target, left.toString()));
            }
        }));
        givenPieces.forEach((side, pieces) -> {
            for (Piece piece : left(pieces, knownPieces.getOrDefault(side, List.of()))) {
                String range = piece.range().toString();
                String ports = piece.ports().toString();
                more.add(
                        side.isSource()
                                ? new Reach.Row(side.workload(), range, ports)
                                : new Reach.Row(range, side.workload(), ports));
            }
        });
        more.sort(java.util.Comparator.comparing(Reach.Row::src).thenComparing(Reach.Row::dst));
        return more;
    }

    private void sort(List<Reach.Row> rows, Map<String, Map<String, PortSet>> pairs, Map<Side, List<Piece>> pieces) {
        for (Reach.Row row : rows) {
            PortSet ports = parsed.computeIfAbsent(row.conn(), Beyond::ports);
            Optional<AddressRange> from = range(row.src());
            Optional<AddressRange> to = range(row.dst());
            if (from.isPresent()) {
                pieces.computeIfAbsent(new Side(row.dst(), false), key -> new ArrayList<>())
                        .add(new Piece(from.get(), ports));
            } else if (to.isPresent()) {
                pieces.computeIfAbsent(new Side(row.src(), true), key -> new ArrayList<>())
                        .add(new Piece(to.get(), ports));
            } else {
                pairs.computeIfAbsent(row.src(), key -> new TreeMap<>()).put(row.dst(), ports);
            }
        }
    }

    private static List<Piece> left(List<Piece> pieces, List<Piece> known) {
        List<Piece> left = new ArrayList<>();
        for (Piece piece : pieces) {
            List<AddressRange> free = List.of(piece.range());
            for (Piece other : known) {
                if (!other.range().overlaps(piece.range())) {
                    continue;
                }
                PortSet more = piece.ports().minus(other.ports());
                if (!more.isEmpty()) {
                    left.add(new Piece(common(piece.range(), other.range()), more));
                }
                free = free.stream()
                        .flatMap(range -> range.without(other.range()).stream())
                        .toList();
            }
            free.forEach(range -> left.add(new Piece(range, piece.ports())));
        }
        left.sort(java.util.Comparator.comparing(Piece::range));
        return joined(left);
    }

    private static AddressRange common(AddressRange one, AddressRange other) {
        Address first = one.first().compareTo(other.first()) >= 0 ? one.first() : other.first();
        Address last = one.last().compareTo(other.last()) <= 0 ? one.last() : other.last();
        return new AddressRange(first, last);
    }

    private static List<Piece> joined(List<Piece> pieces) {
        List<Piece> joined = new ArrayList<>();
        for (Piece piece : pieces) {
            Piece before = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (before != null
                    && before.ports().equals(piece.ports())
                    && before.range().isV6() == piece.range().isV6()
                    && !before.range().last().isHighest()
                    && before.range().last().next().equals(piece.range().first())) {
                AddressRange both =
                        new AddressRange(before.range().first(), piece.range().last());
                joined.set(joined.size() - 1, new Piece(both, piece.ports()));
            } else {
                joined.add(piece);
            }
        }
        return joined;
    }

    /** A range of addresses as rows write it; workloads have a slash. */
    private static Optional<AddressRange> range(String name) {
        int dash = name.indexOf('-');
        if (name.indexOf('/') >= 0 || dash < 0) {
            return Optional.empty();
        }
        Optional<Address> first = Address.parse(name.substring(0, dash));
        Optional<Address> last = Address.parse(name.substring(dash + 1));
        return first.isPresent() && last.isPresent()
                ? Optional.of(new AddressRange(first.get(), last.get()))
                : Optional.empty();
    }

    /** Ports as {@link PortSet#toString()} writes them. */
    static PortSet ports(String text) {
        if (text.equals(PortSet.ALL.toString())) {
            return PortSet.ALL;
        }
        List<Port> ports = new ArrayList<>();
        Protocol protocol = Protocol.TCP;
        for (String part : text.split(",")) {
            String numbers = part;
            int space = part.indexOf(' ');
            if (space > 0) {
                protocol = Protocol.valueOf(part.substring(0, space));
                numbers = part.substring(space + 1);
            }
            int dash = numbers.indexOf('-');
            int first = Integer.parseInt(dash < 0 ? numbers : numbers.substring(0, dash));
            int last = dash < 0 ? first : Integer.parseInt(numbers.substring(dash + 1));
            ports.add(new Port(protocol, first, last));
        }
        return PortSet.of(ports);
    }
}
