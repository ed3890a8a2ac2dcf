package io.zta.verify.whatif;

import io.zta.finding.Evidence;
import io.zta.finding.Hop;
import io.zta.network.AddressRange;
import io.zta.network.Options;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.verify.internal.Json;
import io.zta.verify.proof.Path;
import io.zta.verify.proof.Paths;
import io.zta.verify.whatif.Pivot.Turn;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Finds what would stop a connection that gets through, or let through one that is stopped. */
final class FlowWhatIf {
    private static final int ALTERNATIVES = 3;
    private static final int ROUNDS = 3;

    private final Snapshot snapshot;
    private final Path path;
    private final Optional<Pod> from;
    private final Optional<Pod> to;

    private FlowWhatIf(Snapshot snapshot, Path path) {
        this.snapshot = snapshot;
        this.path = path;
        List<Pod> pods = Pods.of(snapshot).all();
        this.from = named(pods, path.from());
        this.to = named(pods, path.to());
    }

    private static Optional<Pod> named(List<Pod> pods, String name) {
        return pods.stream()
                .filter(pod -> ("Pod " + pod.display()).equals(name))
                .findFirst();
    }

    static Pivot of(Snapshot snapshot, Path path) {
        return new FlowWhatIf(snapshot, path).pivot();
    }

    private Pivot pivot() {
        String about = path.from() + " -> " + path.to() + " " + path.port();
        if (path.outcome() == Path.Outcome.UNKNOWN) {
            return new Pivot(about, word(path), List.of(), path.doubts(), 0);
        }
        boolean open = path.outcome() == Path.Outcome.STOPPED;
        Snapshot near = near();
        List<Edit> candidates = candidates(path, open);
        for (int round = 0; round < ROUNDS && !turned(near, candidates, open); round++) {
            // What stands behind the first obstacle shows once that is gone.
            Set<Edit> more = new LinkedHashSet<>(candidates);
            again(Edit.applied(gentle(candidates), near)).ifPresent(next -> more.addAll(candidates(next, open)));
            candidates = List.copyOf(more);
        }
        Search search = new Search(edits -> turned(near, edits, open) && turned(snapshot, edits, open));
        List<Turn> turns = new ArrayList<>();
        for (Edit edit : search.singles(candidates, ALTERNATIVES)) {
            turns.add(turn(List.of(edit), true));
        }
        if (turns.isEmpty()) {
            List<Edit> all = candidates;
            search.few(all, open ? gentle(all) : all)
                    .or(() -> search.few(List.of(), all))
                    .ifPresent(found -> turns.add(turn(found.edits(), found.least())));
        }
        return new Pivot(about, word(path), turns, List.of(), search.tried());
    }

    /** Without removals of NetworkPolicies: these only add up, so what lets in need not take any away. */
    private static List<Edit> gentle(List<Edit> edits) {
        return edits.stream()
                .filter(edit -> !(edit.action() == Edit.Action.REMOVE
                        && edit.object().startsWith(GroupKind.NETWORK_POLICY.kind() + " ")))
                .toList();
    }

    private Turn turn(List<Edit> edits, boolean least) {
        String after =
                again(Edit.applied(edits, snapshot)).map(FlowWhatIf::word).orElse("unknown");
        return new Turn(edits, after, least, "");
    }

    /** The same question of the edited snapshot; none where it can't be put any more. */
    private Optional<Path> again(Snapshot edited) {
        try {
            return Optional.of(
                    Paths.of(edited, Options.DEFAULT).explain(end(path.from()), end(path.to()), path.port()));
        } catch (IllegalArgumentException gone) {
            return Optional.empty();
        }
    }

    private boolean turned(Snapshot before, List<Edit> edits, boolean open) {
        return again(Edit.applied(edits, before))
                .map(now -> open ? now.reaches() : now.outcome() == Path.Outcome.STOPPED)
                .orElse(false);
    }

    private static String end(String name) {
        return name.startsWith("Pod ") ? name.substring("Pod ".length()) : name;
    }

    /** The snapshot without pods and workloads that are no end of the connection: the answer does not hang on them. */
    private Snapshot near() {
        Set<Resource> ends = new LinkedHashSet<>();
        from.ifPresent(pod -> ends.add(pod.resource()));
        to.ifPresent(pod -> ends.add(pod.resource()));
        Set<GroupKind> running = Set.of(
                GroupKind.POD,
                GroupKind.DEPLOYMENT,
                GroupKind.REPLICA_SET,
                GroupKind.STATEFUL_SET,
                GroupKind.DAEMON_SET,
                GroupKind.JOB,
                GroupKind.CRON_JOB,
                GroupKind.REPLICATION_CONTROLLER);
        return snapshot.holding(snapshot.resources()
                .filter(object -> !running.contains(object.type()) || ends.contains(object))
                .toList());
    }

    private List<Edit> candidates(Path seen, boolean open) {
        Set<Edit> edits = new LinkedHashSet<>();
        Candidates quoted = new Candidates(snapshot);
        List<Evidence> fields = seen.hops().stream()
                .map(Hop::because)
                .flatMap(Optional::stream)
                .distinct()
                .toList();
        if (open) {
            edits.addAll(letIn());
        }
        fields.forEach(field -> edits.addAll(quoted.fields(field)));
        if (!open) {
            edits.addAll(shutOut());
        }
        fields.forEach(field -> edits.addAll(quoted.objects(field)));
        return List.copyOf(edits);
    }

    /** The narrowest objects that let this connection through, for each place that may stop it. */
    private List<Edit> letIn() {
        List<Edit> edits = new ArrayList<>();
        if (to.isPresent()) {
            edits.add(policy("let-in", to.get(), "Ingress", "ingress", "from", peer(from, path.from())));
        }
        if (from.isPresent()) {
            edits.add(policy("let-out", from.get(), "Egress", "egress", "to", peer(to, path.to())));
        }
        if (from.isPresent() && to.isPresent()) {
            String account = "cluster.local/ns/" + from.get().namespace() + "/sa/"
                    + from.get().serviceAccount();
            edits.add(authorization(
                    "let-in", to.get(), "ALLOW", Optional.of(Json.object("principals", List.of(account)))));
        }
        if (to.isPresent()) {
            edits.add(authorization("let-all-in", to.get(), "ALLOW", Optional.empty()));
            edits.add(mesh(
                    "PeerAuthentication",
                    "let-in",
                    to.get(),
                    Json.object(
                            "selector", Json.object("matchLabels", labels(to.get())),
                            "mtls", Json.object("mode", "STRICT"),
                            "portLevelMtls", Json.object(port(), Json.object("mode", "PERMISSIVE")))));
        }
        return edits;
    }

    /** Objects that shut a port or a pod, the narrower first. */
    private List<Edit> shutOut() {
        List<Edit> edits = new ArrayList<>();
        if (to.isEmpty()) {
            from.ifPresent(pod -> edits.add(policy("shut", pod, "Egress", "", "", Optional.empty())));
            return edits;
        }
        Pod target = to.get();
        from.map(pod -> Json.object("namespaces", List.of(pod.namespace())))
                .ifPresent(source -> edits.add(authorization("shut", target, "DENY", Optional.of(source))));
        edits.add(mesh(
                "PeerAuthentication",
                "shut",
                target,
                Json.object(
                        "selector",
                        Json.object("matchLabels", labels(target)),
                        "mtls",
                        Json.object("mode", "STRICT"))));
        edits.add(policy("shut", target, "Ingress", "", "", Optional.empty()));
        return edits;
    }

    private Edit authorization(String verb, Pod target, String action, Optional<Map<String, Object>> source) {
        Map<String, Object> rule = Json.object(
                "from", source.map(from -> List.of(Json.object("source", from))),
                "to", List.of(Json.object("operation", Json.object("ports", List.of(port())))));
        return mesh(
                "AuthorizationPolicy",
                verb,
                target,
                Json.object(
                        "selector",
                        Json.object("matchLabels", labels(target)),
                        "action",
                        action,
                        "rules",
                        List.of(rule)));
    }

    private String port() {
        return Integer.toString(path.port().first());
    }

    private Edit mesh(String kind, String verb, Pod target, Map<String, Object> spec) {
        return object("security.istio.io/v1", kind, verb, target, spec);
    }

    private Edit policy(
            String verb, Pod pod, String type, String field, String side, Optional<Map<String, Object>> peer) {
        Map<String, Object> spec =
                Json.object("podSelector", Json.object("matchLabels", labels(pod)), "policyTypes", List.of(type));
        peer.ifPresent(other -> spec.put(
                field,
                List.of(Json.object(
                        side,
                        List.of(other),
                        "ports",
                        List.of(Json.object(
                                "protocol",
                                path.port().protocol().name(),
                                "port",
                                path.port().first()))))));
        return object("networking.k8s.io/v1", "NetworkPolicy", verb, pod, spec);
    }

    private static Optional<Map<String, Object>> peer(Optional<Pod> pod, String addresses) {
        if (pod.isPresent()) {
            return Optional.of(Json.object(
                    "namespaceSelector",
                    Json.object(
                            "matchLabels",
                            Json.object("kubernetes.io/metadata.name", pod.get().namespace())),
                    "podSelector",
                    Json.object("matchLabels", labels(pod.get()))));
        }
        String first = addresses.substring(0, Math.max(0, addresses.indexOf('-')));
        for (int bits = 0; bits <= 128; bits++) {
            String block = first + "/" + bits;
            if (AddressRange.parse(block).map(Object::toString).equals(Optional.of(addresses))) {
                return Optional.of(Json.object("ipBlock", Json.object("cidr", block)));
            }
        }
        return Optional.empty();
    }

    private static Edit object(String apiVersion, String kind, String verb, Pod pod, Map<String, Object> spec) {
        String json = Json.compact(Json.object(
                "apiVersion", apiVersion,
                "kind", kind,
                "metadata", Json.object("name", verb + "-" + pod.workload().name(), "namespace", pod.namespace()),
                "spec", spec));
        return Edit.put(
                Snapshot.ofText("proposed", json).resources().findFirst().orElseThrow());
    }

    private static Map<String, String> labels(Pod pod) {
        Map<String, String> labels = new TreeMap<>(pod.labels());
        labels.keySet().removeIf(name -> Pods.isGiven(name) || name.contains("istio.io/"));
        return labels;
    }

    private static String word(Path path) {
        return path.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
