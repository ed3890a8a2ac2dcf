package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.zta.Posture;
import io.zta.verify.probe.Ground.NoPod;
import io.zta.verify.probe.Shot.Hit;
import io.zta.verify.probe.Shot.Want;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Test 1: what opens a TCP connection to protected ports. Connections alone are asked for, so that the answer is the network
 * policies', whatever the mesh would do with what follows.
 */
final class NetworkTest {
    private static final String LISTENER = "listener";
    private static final String DENIED = "denied";
    private final Posture posture;
    private final Options options;
    private final Ground ground;
    private final List<Target> targets;
    private final List<Check> checks = new ArrayList<>();
    private boolean unenforced;

    private NetworkTest(Posture posture, Options options, Ground ground, List<Target> targets) {
        this.posture = posture;
        this.options = options;
        this.ground = ground;
        this.targets = targets;
    }

    /** The sources, with the words for them. */
    static Map<Source, String> sources(Posture posture, Options options) {
        Map<Source, String> sources = new LinkedHashMap<>();
        sources.put(
                Source.plain("stranger", options.namespace(), Map.of()), "a pod of namespace " + options.namespace());
        if (!allowsNeighbours(posture)) {
            for (String namespace : posture.namespaces()) {
                sources.put(
                        Source.uncaptured("neighbour", namespace),
                        "a pod of the protected namespace " + namespace + ", past its own sidecar");
            }
        }
        return sources;
    }

    private static boolean allowsNeighbours(Posture posture) {
        return posture.intents(io.zta.intent.Intent.Allow.class).stream()
                .anyMatch(allow -> allow.from().labels().isEmpty()
                        && allow.from()
                                .namespace()
                                .map(posture.namespaces()::contains)
                                .orElse(true));
    }

    /** The pod that the policies let in because of its labels: the positive control. */
    static Optional<Source> control(Posture posture, Options options) {
        return options.gatewayDouble()
                ? posture.gateway().map(gateway -> Source.plain("admitted", gateway.namespace(), gateway.labels()))
                : Optional.empty();
    }

    static List<Check> run(Posture posture, Options options, Ground ground, List<Target> targets) throws NoPod {
        return new NetworkTest(posture, options, ground, targets).run();
    }

    private List<Check> run() throws NoPod {
        List<Integer> ports =
                targets.stream().map(Target::port).distinct().sorted().toList();
        List<Integer> listening = ports.isEmpty() ? List.of(8080) : ports;
        String open = ground.listen(Source.plain(LISTENER, options.namespace(), Map.of()), listening, false);
        String closed = ground.listen(Source.plain(DENIED, options.namespace(), Map.of()), listening, true);

        Map<Source, Job> jobs = new LinkedHashMap<>();
        Map<Source, String> refusals = new LinkedHashMap<>();
        Map<Source, String> sources = sources(posture, options);
        for (Source source : sources.keySet()) {
            try {
                jobs.put(source, ground.ask(source, shots(listening, open, closed)));
            } catch (NoPod e) {
                refusals.put(source, e.why());
            }
        }
        Map<String, Hit> admitted = admitted();
        for (Map.Entry<Source, String> source : sources.entrySet()) {
            judge(source.getKey(), source.getValue(), jobs, refusals, admitted);
        }
        return checks;
    }

    private List<Shot> shots(List<Integer> ports, String open, String closed) {
        List<Shot> shots = new ArrayList<>();
        ports.forEach(port -> shots.add(Shot.tcp(LISTENER + ":" + port, open, port, Want.OPEN)));
        shots.add(Shot.tcp(DENIED, closed, ports.get(0), Want.CLOSED));
        for (Target target : targets) {
            shots.add(Shot.tcp(target.id(), target.ip(), target.port(), Want.CLOSED));
            // A sidecar of the source's own would take what goes to a Service; the pod address is asked for anyway.
            target.service()
                    .ifPresent(way -> shots.add(Shot.tcp("service:" + target.id(), way.ip(), way.port(), Want.CLOSED)));
        }
        targets.stream()
                .filter(Target::sidecar)
                .map(Target::ip)
                .distinct()
                .forEach(ip -> Target.SIDECAR_PORTS.forEach(
                        port -> shots.add(Shot.tcp("sidecar:" + ip + ":" + port, ip, port, Want.CLOSED))));
        return shots;
    }

    private Map<String, Hit> admitted() {
        Optional<Source> control = control(posture, options);
        if (control.isEmpty()) {
            return Map.of();
        }
        try {
            List<Shot> shots = targets.stream()
                    .map(target -> Shot.tcp(target.id(), target.ip(), target.port(), Want.OPEN))
                    .toList();
            return shots.isEmpty() ? Map.of() : ground.answers(ground.ask(control.get(), shots));
        } catch (NoPod e) {
            checks.add(new Check(
                    0,
                    "network/control",
                    "the positive control of test 1",
                    Answer.ALLOWED,
                    Answer.INCONCLUSIVE,
                    e.why()));
            return Map.of();
        }
    }

    private void judge(
            Source source, String who, Map<Source, Job> jobs, Map<Source, String> refusals, Map<String, Hit> admitted) {
        String prefix = "network/" + source.name() + "/";
        Map<String, Hit> hits;
        try {
            Job job = jobs.get(source);
            if (job == null) {
                throw new NoPod(refusals.getOrDefault(source, "not started"), false);
            }
            hits = ground.answers(job);
        } catch (NoPod e) {
            checks.add(new Check(1, prefix + "pod", who + " asks", Answer.DENIED, Answer.INCONCLUSIVE, e.why()));
            return;
        }
        if (source.name().equals("stranger")) {
            enforcement(hits);
        }
        for (Target target : targets) {
            Hit own = hits.getOrDefault(LISTENER + ":" + target.port(), Hit.MISSING);
            Hit let = admitted.getOrDefault(target.id(), Hit.MISSING);
            add(prefix + target.id(), who + " connects to " + target.display(), hits.get(target.id()), own, let);
            if (target.service().isPresent()) {
                add(
                        prefix + "service:" + target.id(),
                        who + " connects to Service " + target.namespace() + "/"
                                + target.service().get().name() + ":"
                                + target.service().get().port(),
                        hits.get("service:" + target.id()),
                        own,
                        let);
            }
        }
        hits.forEach((id, hit) -> {
            if (id.startsWith("sidecar:")) {
                // Always served where there is a sidecar: being shut out of the port beside it is the control.
                boolean reached = hits.entrySet().stream()
                        .anyMatch(entry -> entry.getKey().startsWith(LISTENER)
                                && entry.getValue().open());
                checks.add(new Check(
                        1,
                        prefix + id,
                        who + " connects to the sidecar's own port " + id.substring("sidecar:".length()),
                        Answer.DENIED,
                        hit.open() || reached && !unenforced ? hit.answer() : Answer.INCONCLUSIVE,
                        hit.raw() + (unenforced ? "; this network enforces no policy of our own" : "")));
            }
        });
    }

    private void add(String id, String what, @org.jspecify.annotations.Nullable Hit hit, Hit own, Hit admitted) {
        Hit seen = hit == null ? Hit.MISSING : hit;
        boolean egressClosed = posture.asks(io.zta.intent.Intent.DenyEgress.class) && id.contains("/neighbour/");
        Answer answer = seen.answer();
        String detail = "source: " + seen.raw() + "; control, the same source to a listener of our own: " + own.raw()
                + "; control, a pod with the gateway's labels to the same port: " + admitted.raw();
        if (answer == Answer.DENIED && (!(own.open() || egressClosed) || !admitted.open())) {
            answer = Answer.INCONCLUSIVE;
            detail += own.open() || egressClosed
                    ? ": nobody was seen to reach this port, so nobody being shut out proves nothing"
                    : ": the source reaches nothing at all";
        }
        if (answer == Answer.DENIED && unenforced) {
            answer = Answer.INCONCLUSIVE;
            detail += ": this network enforces no policy of our own, so it was something else that kept it silent";
        }
        checks.add(new Check(1, id, what, Answer.DENIED, answer, detail));
    }

    private void enforcement(Map<String, Hit> hits) {
        Hit denied = hits.getOrDefault(DENIED, Hit.MISSING);
        unenforced = denied.open();
        boolean reaches = hits.entrySet().stream()
                .anyMatch(entry ->
                        entry.getKey().startsWith(LISTENER) && entry.getValue().open());
        String detail = denied.open()
                ? "a NetworkPolicy that denies everything let " + denied.raw()
                        + " through to a listener of our own: this cluster's network does not enforce policies here,"
                        + " or another policy opens namespace " + options.namespace()
                : "the denied listener: " + denied.raw() + "; the same listener without a policy: "
                        + (reaches ? "open" : "not reached");
        Answer answer = denied.answer() == Answer.DENIED && !reaches ? Answer.INCONCLUSIVE : denied.answer();
        checks.add(new Check(
                0, "network/enforcement", "the network enforces a deny-all policy", Answer.DENIED, answer, detail));
    }
}
