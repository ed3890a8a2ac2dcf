package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.WorkloadRef;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who reaches whom, workload by workload: the rows that {@code zta reach} prints. A row is there for each pair with a
 * connection; a workload with itself is left out. Connections are the union over a workload's pods, and what the policies
 * let through as far as they could be read; {@link #notes()} has the rest. Addresses are cut for all workloads alike where an
 * ipBlock of the direction begins or ends, so that rows of two workloads compare. Rows come in a stable order: addresses
 * before workloads, each sorted.
 */
public final class Reach {
    /**
     * A pair with a connection.
     *
     * @param src who connects: {@code ns/name[Kind]}, or a range of addresses
     * @param dst to whom
     * @param conn the ports, such as {@code All Connections} or {@code TCP 80,8080-8090,UDP 53}
     */
    public record Row(String src, String dst, String conn) {}

    /** Takes rows as they are formed. */
    private interface Sink {
        /** Starts the rows of a source. */
        void source(String name) throws IOException;

        /** Takes a row with the number of its port set; a workload's number counts from 0, -1 stands for addresses. */
        void row(int workload, String name, int ports) throws IOException;
    }

    private final Reachability reachability;
    private final Workloads workloads;

    private Reach(Reachability reachability) {
        this.reachability = reachability;
        this.workloads = reachability.universe().workloads();
    }

    /** The rows of a snapshot, assuming nothing of the network plugin. */
    public static Reach of(Snapshot snapshot) {
        return new Reach(Reachability.of(snapshot));
    }

    /** The rows of what was read. */
    public static Reach of(Reachability reachability) {
        return new Reach(reachability);
    }

    /** All rows, in order. There can be millions: {@link #writeJson} needs no list of them. */
    public List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        try {
            forEach(new Sink() {
                private final List<String> texts = new ArrayList<>(); // millions of rows share some dozens
                private String source = "";

                @Override
                public void source(String name) {
                    source = name;
                }

                @Override
                public void row(int workload, String name, int ports) {
                    while (texts.size() <= ports) {
                        texts.add(reachability.ports().set(texts.size()).toString());
                    }
                    rows.add(new Row(source, name, texts.get(ports)));
                }
            });
        } catch (IOException e) {
            throw new IllegalStateException("a list does not fail", e);
        }
        return rows;
    }

    /** What this lets through and the other does not, as rows of the ports that are more; sorted. */
    public List<Row> beyond(Reach other) {
        return new Beyond().of(rows(), other.rows());
    }

    private void forEach(Sink sink) throws IOException {
        Universe universe = reachability.universe();
        PortTable ports = reachability.ports();
        int first = universe.classCount();
        int pieces = pieces();
        boolean[] cutsIn = cuts(Direction.INGRESS);
        boolean[] cutsOut = cuts(Direction.EGRESS);
        // Incoming rows by destination: [workload][piece]
        List<List<External>> incoming = new ArrayList<>();
        for (int to = 0; to < workloads.count(); to++) {
            int[] row = new int[pieces];
            for (int kind : workloads.classesOf(to)) {
                int[] enters = reachability.rows().row(kind, Direction.INGRESS).best();
                for (int piece = 0; piece < pieces; piece++) {
                    row[piece] = ports.union(row[piece], enters[first + piece]);
                }
            }
            incoming.add(merge(row, cutsIn));
        }
        externalRows(sink, incoming);
        Lines lines = new Lines(reachability);
        for (int from = 0; from < workloads.count(); from++) {
            sink.source(workloads.name(from));
            int[] out = new int[pieces];
            for (int kind : workloads.classesOf(from)) {
                int[] leaves = reachability.rows().row(kind, Direction.EGRESS).best();
                for (int piece = 0; piece < pieces; piece++) {
                    out[piece] = ports.union(out[piece], leaves[first + piece]);
                }
            }
            for (External range : merge(out, cutsOut)) {
                sink.row(-1, range.name(), range.ports());
            }
            lines.from(from, (to, set) -> sink.row(to, workloads.name(to), set));
        }
    }

    private void externalRows(Sink sink, List<List<External>> incoming) throws IOException {
        Map<AddressRange, List<int[]>> bySource = new java.util.TreeMap<>();
        for (int to = 0; to < incoming.size(); to++) {
            for (External external : incoming.get(to)) {
                bySource.computeIfAbsent(external.range(), range -> new ArrayList<>())
                        .add(new int[] {to, external.ports()});
            }
        }
        for (Map.Entry<AddressRange, List<int[]>> entry : bySource.entrySet()) {
            sink.source(entry.getKey().toString());
            for (int[] row : entry.getValue()) {
                sink.row(row[0], workloads.name(row[0]), row[1]);
            }
        }
    }

    private record External(AddressRange range, int ports) {
        String name() {
            return range.toString();
        }
    }

    /** The pieces that rows speak of; IPv6 is not among the ones if only rules that do not count mention it. */
    private int pieces() {
        Universe universe = reachability.universe();
        List<AddressRange> pieces = universe.atoms().pieces();
        if (!pieces.get(pieces.size() - 1).isV6() || universe.podsHaveV6()) {
            return pieces.size();
        }
        List<Policy> counted = reachability.policies().stream()
                .filter(policy -> policy.tier() != Policy.Tier.UNLISTED)
                .toList();
        List<AddressRange> nodes =
                List.copyOf(Universe.nodes(reachability.snapshot()).keySet());
        boolean v6 = Universe.Vocabulary.of(counted, nodes).blocks().stream().anyMatch(AddressRange::isV6);
        return v6
                ? pieces.size()
                : (int) pieces.stream().filter(piece -> !piece.isV6()).count();
    }

    /** The pieces that begin where an ipBlock of a direction begins or ends. */
    private boolean[] cuts(Direction direction) {
        Atoms atoms = reachability.universe().atoms();
        boolean[] cuts = new boolean[atoms.size() + 1];
        for (Policy policy : reachability.policies()) {
            if (policy.tier() == Policy.Tier.UNLISTED) {
                continue;
            }
            for (Rule rule : policy.rules(direction).orElse(List.of())) {
                for (Rule.Peer peer : rule.peers()) {
                    for (AddressRange block : peer.blocks()) {
                        cuts[atoms.indexOf(block.first())] = true;
                        cuts[atoms.indexOf(block.last()) + 1] = true;
                    }
                }
            }
        }
        return cuts;
    }

    /** Joins neighbouring pieces that no block cuts and whose ports are equal; those without a connection are left out. */
    private List<External> merge(int[] row, boolean[] cuts) {
        List<AddressRange> pieces = reachability.universe().atoms().pieces();
        List<External> merged = new ArrayList<>();
        int start = 0;
        for (int i = 1; i <= row.length; i++) {
            boolean sameRun = i < row.length
                    && row[i] == row[start]
                    && pieces.get(i).isV6() == pieces.get(start).isV6()
                    && !cuts[i];
            if (!sameRun) {
                if (row[start] != PortTable.NONE) {
                    merged.add(new External(
                            new AddressRange(
                                    pieces.get(start).first(), pieces.get(i - 1).last()),
                            row[start]));
                }
                start = i;
            }
        }
        return merged;
    }

    /** Writes the rows as a JSON array, one row a line. Buffers by itself and does not close the stream. */
    public void writeJson(OutputStream out) throws IOException {
        JsonRows json = new JsonRows(out);
        forEach(json);
        json.end();
    }

    /** Writes rows as bytes that are formed once for each name and each port set. */
    private final class JsonRows implements Sink {
        private final OutputStream out;
        private final byte[] buffer = new byte[1 << 18];
        private final byte[][] targets = new byte[workloads.count()][];
        private final List<byte[]> ports = new ArrayList<>();
        private int used;
        private boolean any;
        private byte[] source = new byte[0];

        JsonRows(OutputStream out) {
            this.out = out;
            for (int i = 0; i < targets.length; i++) {
                targets[i] = target(workloads.name(i));
            }
        }

        private byte[] target(String name) {
            return (quoted(name) + ", \"conn\": ").getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public void source(String name) {
            source = ("\n  {\"src\": " + quoted(name) + ", \"dst\": ").getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public void row(int workload, String name, int set) throws IOException {
            while (ports.size() <= set) {
                PortSet next = reachability.ports().set(ports.size());
                ports.add(("\"" + next + "\"}").getBytes(StandardCharsets.UTF_8));
            }
            put(any ? COMMA : OPEN);
            any = true;
            put(source);
            put(workload < 0 ? target(name) : targets[workload]);
            put(ports.get(set));
        }

        private void put(byte[] bytes) throws IOException {
            if (used + bytes.length > buffer.length) {
                flush();
                if (bytes.length > buffer.length) {
                    out.write(bytes);
                    return;
                }
            }
            System.arraycopy(bytes, 0, buffer, used, bytes.length);
            used += bytes.length;
        }

        private void flush() throws IOException {
            out.write(buffer, 0, used);
            used = 0;
        }

        void end() throws IOException {
            put((any ? "\n]\n" : "[]\n").getBytes(StandardCharsets.UTF_8));
            flush();
            out.flush();
        }
    }

    private static final byte[] OPEN = "[".getBytes(StandardCharsets.UTF_8);
    private static final byte[] COMMA = ",".getBytes(StandardCharsets.UTF_8);

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    /** Writes one line for each row: {@code src => dst : conn}. */
    public void writeText(OutputStream out) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Row row : rows()) {
            text.append(row.src())
                    .append(" => ")
                    .append(row.dst())
                    .append(" : ")
                    .append(row.conn())
                    .append('\n');
        }
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** Writes a flow chart for Mermaid, one arrow for each row. */
    public void writeMermaid(OutputStream out) throws IOException {
        List<Row> rows = rows();
        Set<String> ends = new TreeSet<>();
        rows.forEach(row -> ends.addAll(List.of(row.src(), row.dst())));
        List<String> numbered = List.copyOf(ends);
        Map<String, Integer> numbers = new java.util.HashMap<>();
        StringBuilder text = new StringBuilder("flowchart LR\n");
        for (int i = 0; i < numbered.size(); i++) {
            numbers.put(numbered.get(i), i);
            text.append("  n")
                    .append(i)
                    .append("[\"")
                    .append(mermaid(numbered.get(i)))
                    .append("\"]\n");
        }
        for (Row row : rows) {
            text.append("  n")
                    .append(numbers.get(row.src()))
                    .append(" -->|\"")
                    .append(mermaid(row.conn()))
                    .append("\"| n")
                    .append(numbers.get(row.dst()))
                    .append('\n');
        }
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static String mermaid(String text) {
        return text.replace("&", "&amp;")
                .replace("\"", "&quot;")
                .replace("<", "&lt;")
                .replace(">", "&gt;");
    }

    /** What the rows leave out: documents, policies and workloads that were not read or not evaluated. Where there are none, empty. */
    public List<Doubt> unread() {
        Set<Doubt> unread = new LinkedHashSet<>(reachability.doubts());
        for (Policy policy : reachability.policies()) {
            unread.addAll(policy.problems());
        }
        reachability.pods().unread().forEach(workload -> unread.add(Doubt.ofPods(workload)));
        return List.copyOf(unread);
    }

    /** What the rows could not tell: {@link #unread()}, then addresses not known and where plugins differ. */
    public List<Doubt> notes() {
        Set<Doubt> notes = new LinkedHashSet<>(unread());
        for (int i = 0; i < reachability.universe().classCount(); i++) {
            for (Direction direction : Direction.values()) {
                notes.addAll(reachability.doubts(i, direction));
            }
        }
        for (int i = 0; i < workloads.count(); i++) {
            if (workloads.classesOf(i).length > 1) {
                WorkloadRef ref = workloads.ref(i);
                List<Pod> pods = reachability.pods().byWorkload().getOrDefault(ref, List.of());
                notes.add(new Doubt(
                        "policies tell the pods of " + ref + " apart; its rows are the union",
                        "compare the labels and addresses of its pods",
                        pods.get(0).resource().origin()));
            }
        }
        notes.addAll(BareLabels.ofWearers(reachability.snapshot()));
        if (workloads.count() == 0) {
            notes.add(Doubt.of("the snapshot holds no pod and no workload", "name a path that holds some"));
        }
        return List.copyOf(notes);
    }
}
