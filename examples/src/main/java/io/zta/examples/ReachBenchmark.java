package io.zta.examples;

import io.zta.network.Options;
import io.zta.network.Reach;
import io.zta.network.Reachability;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to answer who reaches whom: 1,000 workloads and 1,000 policies, with ten pods to a workload and with a
 * hundred. Reading the objects is not measured.
 *
 * <p>What does not depend on policies, the pods and their kinds, is worked out once for each snapshot. So all pairs are
 * measured twice: for a snapshot of which nothing is known yet, and for one whose pods are known.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = "-Xmx2g")
@Warmup(iterations = 3)
@Measurement(iterations = 7)
public class ReachBenchmark {
    /** How many workloads, and how many policies. */
    private static final int WORKLOADS = 1_000;

    /** Not the default options, whose answer is kept with the snapshot. */
    private static final Options UNKEPT = Options.DEFAULT.withTiers(Options.Tiers.IGNORED);

    /** How many pods there are in all. */
    @Param({"10000", "100000"})
    public int pods;

    private Snapshot snapshot = Snapshot.of(List.of());
    private Snapshot fresh = snapshot;
    private Reachability answered = Reachability.of(snapshot);
    private List<Resource> changed = List.of();

    /** Makes the cluster, and answers for it once. */
    @Setup
    public void setUp() throws IOException {
        snapshot = GeneratedCluster.of(WORKLOADS, pods / WORKLOADS, WORKLOADS);
        changed = List.of(GeneratedCluster.policy(WORKLOADS / 2, WORKLOADS, "8081"));
        answered = Reachability.of(snapshot);
        Reach.of(answered).writeJson(OutputStream.nullOutputStream());
    }

    /** Makes a snapshot of which nothing is known yet. */
    @Setup(Level.Invocation)
    public void forget() {
        fresh = Snapshot.of(snapshot.resources().toList());
    }

    /** All pairs of workloads, from the objects to the last byte of JSON. */
    @Benchmark
    public void allPairs() throws IOException {
        Reach.of(Reachability.of(fresh)).writeJson(OutputStream.nullOutputStream());
    }

    /** The same for a snapshot whose pods are known. */
    @Benchmark
    public void allPairsPodsKnown() throws IOException {
        Reach.of(Reachability.of(snapshot, UNKEPT)).writeJson(OutputStream.nullOutputStream());
    }

    /** All pairs again, after one policy was replaced. */
    @Benchmark
    public void allPairsAfterOnePolicyChanged() throws IOException {
        Reach.of(answered.with(changed)).writeJson(OutputStream.nullOutputStream());
    }

    /** One policy replaced, without asking anything. */
    @Benchmark
    public Reachability onePolicyChanged() {
        return answered.with(changed);
    }
}
