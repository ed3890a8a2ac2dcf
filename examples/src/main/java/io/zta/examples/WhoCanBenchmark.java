package io.zta.examples;

import io.zta.rbac.Action;
import io.zta.rbac.AdmissionVerdicts;
import io.zta.rbac.Escalation;
import io.zta.rbac.Rbac;
import io.zta.rbac.WhoCan;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
 * What it costs to answer who may exec, for every subject, from the objects to the list: 2,000 roles, and bindings of which
 * one in fifty gives exec. Reading the objects is not measured.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = "-Xmx2g")
@Warmup(iterations = 5)
@Measurement(iterations = 9)
public class WhoCanBenchmark {
    private static final int ROLES = 2_000;
    private static final int NAMESPACES = 200;

    /** How many bindings there are. */
    @Param({"10000", "100000"})
    public int bindings;

    private final List<Resource> resources = new ArrayList<>();
    private Snapshot snapshot = Snapshot.of(resources);
    private Rbac rbac = Rbac.of(snapshot);

    /** Makes the roles and bindings. */
    @Setup
    public void setUp() {
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i < NAMESPACES; i++) {
            yaml.append("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n")
                    .append(i)
                    .append("}\n");
        }
        for (int i = 0; i < ROLES; i++) {
            String rules = i % 50 == 0
                    ? "[{apiGroups: [\"\"], resources: [pods/exec], verbs: [create, get]}]"
                    : "[{apiGroups: [\"\", apps], resources: [pods, deployments, r" + i + "], verbs: [get, list]}]";
            yaml.append("---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r")
                    .append(i)
                    .append("}\nrules: ")
                    .append(rules)
                    .append('\n');
        }
        for (int i = 0; i < bindings; i++) {
            String subject = switch (i % 3) {
                case 0 -> "{kind: User, apiGroup: rbac.authorization.k8s.io, name: u" + i % 5_000 + "}";
                case 1 -> "{kind: Group, apiGroup: rbac.authorization.k8s.io, name: g" + i % 500 + "}";
                default -> "{kind: ServiceAccount, namespace: n" + i % NAMESPACES + ", name: s" + i % 1_000 + "}";
            };
            yaml.append("---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b")
                    .append(i)
                    .append(", namespace: n")
                    .append(i % NAMESPACES)
                    .append("}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r")
                    .append(i % ROLES)
                    .append("}\nsubjects: [")
                    .append(subject)
                    .append("]\n");
            if (yaml.length() > 1 << 20) {
                Snapshot.ofText("generated", yaml.toString()).resources().forEach(resources::add);
                yaml.setLength(0);
            }
        }
        Snapshot.ofText("generated", yaml.toString()).resources().forEach(resources::add);
        rbac = Rbac.of(Snapshot.of(resources));
    }

    /** Makes a snapshot of which nothing is known yet. */
    @Setup(Level.Invocation)
    public void forget() {
        snapshot = Snapshot.of(resources);
    }

    /** Who may exec by a grant of their own, in any namespace, from the objects. */
    @Benchmark
    public List<WhoCan> direct() {
        return Rbac.of(snapshot).whoCan(exec(), Optional.empty());
    }

    /** Who may exec, by way of other identities and rights as well, from the objects: what the command asks. */
    @Benchmark
    public List<WhoCan> withEscalation() {
        return Escalation.of(Rbac.of(snapshot), AdmissionVerdicts.NONE).whoCan(exec(), Optional.empty());
    }

    /** The same for one namespace, of roles and bindings already indexed. */
    @Benchmark
    public List<WhoCan> oneNamespace() {
        return rbac.whoCan(exec(), Optional.of("n7"));
    }

    private static Action exec() {
        return Action.named("exec").orElseThrow();
    }
}
