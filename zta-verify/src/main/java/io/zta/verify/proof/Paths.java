package io.zta.verify.proof;

import static java.util.Comparator.comparing;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Hop;
import io.zta.intent.Port;
import io.zta.istio.Client;
import io.zta.istio.Mesh;
import io.zta.istio.MeshVerdict;
import io.zta.network.Connection;
import io.zta.network.Explanation;
import io.zta.network.Options;
import io.zta.network.Reachability;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.WorkloadRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Follows connections through network and mesh. Immutable and thread-safe; pure.
 *
 * <p>A pod can always leave its own sidecar aside and speak plaintext, so each source is judged in plaintext as well as with
 * its mTLS identity: a connection reaches the application when either way does.
 */
public final class Paths {
    private static final String STOPPED = "the connection is stopped by network policies";

    private final Reachability reachability;
    private final Mesh mesh;
    private final List<String> issuers;

    private Paths(Reachability reachability, Mesh mesh, List<String> issuers) {
        this.reachability = reachability;
        this.mesh = mesh;
        this.issuers = issuers;
    }

    /** The paths of a snapshot, for a network plugin that behaves so. */
    public static Paths of(Snapshot snapshot, Options options) {
        TreeSet<String> issuers = new TreeSet<>();
        for (Resource authentication : snapshot.resources(GroupKind.REQUEST_AUTHENTICATION)) {
            for (Node rule : authentication.spec().get("jwtRules").items()) {
                rule.get("issuer").text().ifPresent(issuers::add);
            }
        }
        return new Paths(Reachability.of(snapshot, options), Mesh.of(snapshot), List.copyOf(issuers));
    }

    /**
     * Follows one connection. Where names stand for several pods that are not alike, the answer is that of the pair that
     * lets most through, and says so.
     *
     * @param from a pod or workload as {@code namespace/name}, or addresses as {@code 203.0.113.0/24}
     * @param to a pod, a workload or a Service
     * @param port the port asked for
     * @throws IllegalArgumentException if there is nothing of that name; the message says what can be named
     */
    public Path explain(String from, String to, Port port) {
        List<Path> all = reachability.explainEach(from, to, port).stream()
                .map(this::follow)
                .toList();
        Path most = all.stream().min(comparing(path -> rank(path.outcome()))).orElseThrow();
        Optional<Path> other =
                all.stream().filter(path -> path.outcome() != most.outcome()).findFirst();
        if (other.isEmpty()) {
            return most;
        }
        List<Hop> hops = new ArrayList<>();
        hops.add(
                Hop.of("these names stand for pods that are not alike, and this is the way of those that get furthest; "
                        + other.get().from() + " -> " + other.get().to() + ": "
                        + other.get().outcome().display()));
        hops.addAll(most.hops());
        return new Path(most.from(), most.to(), most.port(), most.outcome(), hops, most.doubts());
    }

    private Path follow(Explanation network) {
        List<Hop> hops = new ArrayList<>(network.steps());
        Optional<Pod> target = pod(network.to());
        if (network.state() == Connection.State.DENIED) {
            hops.add(Hop.of(STOPPED));
            if (target.isPresent() && network.port().protocol() == Port.Protocol.TCP) {
                hops.add(Hop.of("without them it would go on so:"));
                mesh(network, target.get(), hops, new ArrayList<>());
            }
            return path(network, Path.Outcome.STOPPED, hops, List.of());
        }
        List<Doubt> doubts = new ArrayList<>();
        if (network.state() == Connection.State.UNKNOWN) {
            doubts.addAll(network.connection().reasons());
        }
        if (target.isEmpty() || network.port().protocol() != Port.Protocol.TCP) {
            hops.add(Hop.of(
                    target.isEmpty()
                            ? "outside the cluster no sidecar takes the connection"
                            : "no sidecar takes " + network.port().protocol()));
            return path(network, doubts.isEmpty() ? Path.Outcome.REACHES : Path.Outcome.UNKNOWN, hops, doubts);
        }
        Path.Outcome outcome = mesh(network, target.get(), hops, doubts);
        if (network.state() == Connection.State.UNKNOWN && outcome != Path.Outcome.STOPPED) {
            outcome = Path.Outcome.UNKNOWN;
        }
        return path(network, outcome, hops, outcome == Path.Outcome.UNKNOWN ? doubts : List.of());
    }

    private Path.Outcome mesh(Explanation network, Pod target, List<Hop> hops, List<Doubt> doubts) {
        int port = network.port().first();
        Path.Outcome outcome = attempt("in plaintext", target, port, Client.plaintext(), hops, doubts);
        Optional<Client> meshed = pod(network.from())
                .map(mesh::client)
                .filter(client -> client.principal().isPresent());
        if (meshed.isPresent()) {
            Client client = meshed.get();
            String as = "with mTLS as " + client.principal().orElse("");
            outcome = better(outcome, attempt(as, target, port, client, hops, doubts));
            if (outcome == Path.Outcome.STOPPED) {
                outcome = withToken(as, target, port, client, hops, doubts);
            }
        }
        return outcome;
    }

    private Path.Outcome withToken(String as, Pod target, int port, Client client, List<Hop> hops, List<Doubt> doubts) {
        Path.Outcome outcome = Path.Outcome.STOPPED;
        for (String issuer : issuers) {
            Client bearer = new Client(
                    client.principal(), Optional.of(Client.Token.of(issuer)), client.address(), client.request());
            Path.Outcome answer = attempt(as + " and a token of " + issuer, target, port, bearer, hops, doubts);
            outcome = better(outcome, answer == Path.Outcome.REACHES ? Path.Outcome.REACHES_WITH_TOKEN : answer);
        }
        return outcome;
    }

    private Path.Outcome attempt(String how, Pod target, int port, Client client, List<Hop> hops, List<Doubt> doubts) {
        MeshVerdict verdict = mesh.decide(target, port, client);
        String at = how + " at the sidecar of Pod " + target.display() + ": ";
        return verdict.match(
                allowed -> {
                    add(hops, at + "let through", allowed.because());
                    return Path.Outcome.REACHES;
                },
                denied -> {
                    add(hops, at + denied.reason(), denied.because());
                    return Path.Outcome.STOPPED;
                },
                unknown -> {
                    add(hops, at + "unknown", unknown.because());
                    doubts.addAll(unknown.doubts());
                    return Path.Outcome.UNKNOWN;
                });
    }

    private static void add(List<Hop> hops, String what, List<Evidence> because) {
        if (because.isEmpty()) {
            hops.add(Hop.of(what));
        }
        for (int i = 0; i < because.size(); i++) {
            hops.add(Hop.of(i == 0 ? what : "and", because.get(i)));
        }
    }

    /** The answer that lets more through; what is unknown hides a denial and not a way in. */
    private static Path.Outcome better(Path.Outcome first, Path.Outcome second) {
        return rank(first) <= rank(second) ? first : second;
    }

    private static int rank(Path.Outcome outcome) {
        return switch (outcome) {
            case REACHES -> 0;
            case REACHES_WITH_TOKEN -> 1;
            case UNKNOWN -> 2;
            case STOPPED -> 3;
        };
    }

    private static Path path(Explanation network, Path.Outcome outcome, List<Hop> hops, List<Doubt> doubts) {
        return new Path(network.from(), network.to(), network.port(), outcome, hops, doubts);
    }

    private Optional<Pod> pod(String name) {
        return reachability.pods().all().stream()
                .filter(pod -> ("Pod " + pod.display()).equals(name))
                .findFirst();
    }

    /**
     * Who else reaches a workload: the answer to "only these may reach it".
     *
     * @param target the workload, {@code namespace/name}
     * @param port a TCP port of its pods
     * @param allowed the workloads that may, {@code namespace/name}
     * @return the paths of all other workloads, of the target's own replicas and of the outside world that reach one of its
     *     pods or may reach it, one for each workload, sorted by source; empty when the statement is proven. The node that a
     *     pod runs on, its own loopback and pods that somebody could make are left aside
     * @throws IllegalArgumentException if a name means nothing, or if one of the allowed does not reach the target: then
     *     the statement would hold of a workload that nobody reaches
     */
    public List<Path> othersThanMayReach(String target, int port, List<String> allowed) {
        for (String one : allowed) {
            Path path = explain(one, target, Port.tcp(port));
            if (path.outcome() == Path.Outcome.STOPPED) {
                throw new IllegalArgumentException(one + " itself does not reach " + target + " on port " + port + ": "
                        + path.hops().stream()
                                .map(Hop::what)
                                .filter(STOPPED::equals)
                                .findFirst()
                                .orElse(path.hops().get(path.hops().size() - 1).what())
                        + ".");
            }
        }
        TreeMap<String, Path> others = new TreeMap<>();
        for (String source : sources(allowed)) {
            Path path = explain(source, target, Port.tcp(port));
            if (path.outcome() != Path.Outcome.STOPPED && !isLoopback(path)) {
                others.put(source, path);
            }
        }
        return List.copyOf(others.values());
    }

    private boolean isLoopback(Path path) {
        return path.from().equals(path.to())
                && pod(path.from()).filter(pod -> !pod.fromTemplate()).isPresent();
    }

    /** All workloads but these, the target's own replicas included, and the addresses that policies tell apart. */
    private List<String> sources(List<String> allowed) {
        List<String> sources = new ArrayList<>();
        for (WorkloadRef workload : reachability.pods().byWorkload().keySet()) {
            String name = workload.namespace() + "/" + workload.name();
            if (!allowed.contains(name) && !allowed.contains(workload.toString())) {
                sources.add(workload.toString());
            }
        }
        reachability.externalRanges().forEach(range -> sources.add(range.toString()));
        return sources;
    }
}
