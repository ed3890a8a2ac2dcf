package io.zta.network;

import io.zta.network.Row.Level;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The matrix of workloads, line by line: what one workload can send to each of the others, as the union over the classes of
 * their pods. Work goes with connections: who lets nobody in is never looked at. Not thread-safe.
 */
final class Lines {
    /** Takes the connections of a line. */
    interface Taker {
        /** Takes the workload that is reached, and the number of the port set. */
        void connection(int workload, int ports) throws IOException;
    }

    private final Reachability reachability;
    private final PortTable ports;
    private final List<PodClass> classes;
    private final int[][] classesOf;
    private final int[][] workloadsOf;
    private final int[][] entering;
    /** For each class, the classes with rules that let it in. */
    private final long[] @Nullable [] admitting;
    /** The classes that let everybody in. */
    private final long[] open;

    private final int[] line;
    private final long[] reached;

    /**
     * Gets ready to form lines.
     *
     * @param classesOf the classes that the pods of each workload are of
     */
    Lines(Reachability reachability, int[][] classesOf) {
        this.reachability = reachability;
        this.ports = reachability.ports();
        this.classes = reachability.universe().classes();
        this.classesOf = classesOf;
        this.workloadsOf = inverted(classesOf, classes.size());
        this.entering = new int[classes.size()][];
        this.admitting = new long[classes.size()][];
        this.open = Bits.none(classes.size());
        this.line = new int[classesOf.length];
        this.reached = Bits.none(classesOf.length);
        for (int to = 0; to < entering.length; to++) {
            Row row = reachability.rows().row(to, Direction.INGRESS);
            entering[to] = row.best();
            if (reachability.rows().isUnfiltered(row)) {
                Bits.set(open, to);
            } else {
                admit(to, row.best());
            }
        }
    }

    private static int[][] inverted(int[][] classesOf, int count) {
        int[] sizes = new int[count];
        for (int[] kinds : classesOf) {
            for (int kind : kinds) {
                sizes[kind]++;
            }
        }
        int[][] workloadsOf = new int[count][];
        for (int workload = classesOf.length - 1; workload >= 0; workload--) { // each list is filled from its end
            for (int kind : classesOf[workload]) {
                if (workloadsOf[kind] == null) {
                    workloadsOf[kind] = new int[sizes[kind]];
                }
                sizes[kind]--;
                workloadsOf[kind][sizes[kind]] = workload;
            }
        }
        return workloadsOf;
    }

    private void admit(int to, int[] row) {
        for (int from = 0; from < entering.length; from++) {
            if (row[from] != PortTable.NONE) {
                long[] admitted = admitting[from];
                if (admitted == null) {
                    admitted = Bits.none(entering.length);
                    admitting[from] = admitted;
                }
                Bits.set(admitted, to);
            }
        }
    }

    /** Gives what a workload can send to each other workload, in their order; pairs without a connection are left out. */
    void from(int workload, Taker taker) throws IOException {
        for (int kind : classesOf[workload]) {
            add(kind, reachability.rows().row(kind, Direction.EGRESS).best());
        }
        for (int i = 0; i < reached.length; i++) {
            for (long word = reached[i]; word != 0; word &= word - 1) {
                int to = (i << 6) + Long.numberOfTrailingZeros(word);
                if (to != workload) {
                    taker.connection(to, line[to]);
                }
                line[to] = PortTable.NONE;
            }
            reached[i] = 0;
        }
    }

    private void add(int from, int[] leaving) {
        if (classes.get(from).hostNetwork()) { // the node it runs on gets in whatever the rules say
            for (int to = 0; to < entering.length; to++) {
                reach(to, ports.intersect(leaving[to], reachability.entering(from, to, Level.BEST)));
            }
            return;
        }
        Bits.forEach(open, to -> reach(to, leaving[to]));
        long[] admitted = admitting[from];
        if (admitted != null) {
            Bits.forEach(admitted, to -> reach(to, ports.intersect(leaving[to], entering[to][from])));
        }
    }

    private void reach(int to, int set) {
        if (set != PortTable.NONE) {
            for (int workload : workloadsOf[to]) {
                line[workload] = ports.union(line[workload], set);
                Bits.set(reached, workload);
            }
        }
    }
}
