package io.zta.network;

import java.io.IOException;
import java.util.List;

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
    private final Workloads workloads;
    private final Admissions admissions;

    private final int[] line;
    private final long[] reached;

    /** Gets ready to form lines. */
    Lines(Reachability reachability) {
        this.reachability = reachability;
        this.ports = reachability.ports();
        this.classes = reachability.universe().classes();
        this.workloads = reachability.universe().workloads();
        this.admissions = reachability.admissions();
        this.line = new int[workloads.count()];
        this.reached = Bits.none(workloads.count());
    }

    /** Gives what a workload can send to each other workload, in their order; pairs without a connection are left out. */
    void from(int workload, Taker taker) throws IOException {
        for (int kind : workloads.classesOf(workload)) {
            add(workload, kind, reachability.rows().row(kind, Direction.EGRESS).best());
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

    private void add(int workload, int from, int[] leaving) {
        if (classes.get(from).hostNetwork() && reachability.options().nodes() == Options.Nodes.ALLOWED) {
            for (int to = 0; to < line.length; to++) { // the node it runs on gets in whatever the rules say
                if (workloads.mayShareNode(workload, to)) {
                    reachWorkload(to, PortTable.ALL); // nothing selects such a pod, so it may send what it likes
                }
            }
        }
        Bits.forEach(admissions.open(), to -> reach(to, leaving[to]));
        long[] admitted = admissions.admitting(from);
        if (admitted != null) {
            Bits.forEach(
                    admitted,
                    to -> reach(to, ports.intersect(leaving[to], admissions.entering(to)[from])));
        }
    }

    private void reach(int to, int set) {
        if (set != PortTable.NONE) {
            for (int workload : workloads.of(to)) {
                reachWorkload(workload, set);
            }
        }
    }

    private void reachWorkload(int workload, int set) {
        line[workload] = ports.union(line[workload], set);
        Bits.set(reached, workload);
    }
}
