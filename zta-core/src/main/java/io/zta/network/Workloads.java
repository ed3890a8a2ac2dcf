package io.zta.network;

import io.zta.snapshot.Pod;
import io.zta.snapshot.WorkloadRef;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The workloads of a cluster, numbered in their order, and the classes that their pods are of. Immutable. */
final class Workloads {
    private final List<WorkloadRef> refs = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final int[][] classesOf;
    private final int[][] ofClass;
    /** The nodes that pods of each workload run on, an empty name for one that is not known; nothing where nobody asks. */
    private final List<Set<String>> nodes = new ArrayList<>();
    /** The same, of pods on the node's network alone. */
    private final List<Set<String>> hosts = new ArrayList<>();

    Workloads(Universe universe) {
        Map<WorkloadRef, List<Pod>> pods = universe.pods().byWorkload();
        this.classesOf = new int[pods.size()][];
        int first = 0; // pods are numbered workload by workload
        for (Map.Entry<WorkloadRef, List<Pod>> entry : pods.entrySet()) {
            int end = first + entry.getValue().size();
            classesOf[refs.size()] = classes(universe, first, end);
            first = end;
            refs.add(entry.getKey());
            names.add(entry.getKey().toString());
            if (universe.hasHosts()) {
                nodes.add(nodes(entry.getValue(), false));
                hosts.add(nodes(entry.getValue(), true));
            }
        }
        this.ofClass = inverted(universe.classCount());
    }

    /** The classes of pods side by side, sorted. */
    private static int[] classes(Universe universe, int first, int end) {
        int[] found = {universe.classOf(first)};
        for (int pod = first + 1; pod < end; pod++) {
            int kind = universe.classOf(pod);
            int place = found[found.length - 1] == kind ? 0 : Arrays.binarySearch(found, kind);
            if (place < 0) {
                found = Arrays.copyOf(found, found.length + 1);
                System.arraycopy(found, -place - 1, found, -place, found.length + place);
                found[-place - 1] = kind;
            }
        }
        return found;
    }

    private static Set<String> nodes(List<Pod> pods, boolean hostsAlone) {
        Set<String> nodes = new HashSet<>();
        for (Pod pod : pods) {
            if (!hostsAlone || pod.hostNetwork()) {
                nodes.add(pod.fromTemplate() ? "" : pod.spec().get("nodeName").textOr(""));
            }
        }
        return nodes;
    }

    private int[][] inverted(int count) {
        int[] sizes = new int[count];
        for (int[] kinds : classesOf) {
            for (int kind : kinds) {
                sizes[kind]++;
            }
        }
        int[][] inverted = new int[count][];
        for (int kind = 0; kind < count; kind++) {
            inverted[kind] = new int[sizes[kind]];
        }
        for (int workload = classesOf.length - 1; workload >= 0; workload--) { // each list is filled from its end
            for (int kind : classesOf[workload]) {
                sizes[kind]--;
                inverted[kind][sizes[kind]] = workload;
            }
        }
        return inverted;
    }

    /** Whether a pod of a workload that shares its node's network may run on the node of a pod of another. */
    boolean mayShareNode(int from, int to) {
        Set<String> own = hosts.get(from);
        Set<String> other = nodes.get(to);
        return own.contains("") || !own.isEmpty() && (other.contains("") || !Collections.disjoint(own, other));
    }

    int count() {
        return classesOf.length;
    }

    WorkloadRef ref(int workload) {
        return refs.get(workload);
    }

    /** How rows call a workload. */
    String name(int workload) {
        return names.get(workload);
    }

    /** The classes that the pods of a workload are of, sorted; shared. */
    int[] classesOf(int workload) {
        return classesOf[workload];
    }

    /** The workloads with pods of a class, sorted; shared. */
    int[] of(int kind) {
        return ofClass[kind];
    }
}
