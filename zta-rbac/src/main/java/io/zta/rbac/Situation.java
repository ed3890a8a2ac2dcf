package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.intent.Subject;
import io.zta.rbac.Gate.Passage;
import io.zta.rbac.Holder.Held;
import io.zta.rbac.Privilege.Part;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What every step of an escalation is judged by: rights, admission, and which objects there are. Not thread-safe. */
final class Situation {
    private final Rbac rbac;
    private final Gate gate;
    private final PodSamples samples;
    private final Set<String> removed;
    private final Set<String> namespaces = new TreeSet<>();
    private final Map<String, Set<String>> accounts = new TreeMap<>();
    private final Map<String, Set<String>> tokenSecrets = new TreeMap<>();
    private final Set<String> policies = new TreeSet<>();

    Situation(Rbac rbac, AdmissionVerdicts admission) {
        this(rbac, new Gate(admission), new PodSamples(rbac.snapshot()), Set.of());
        Snapshot snapshot = rbac.snapshot();
        namespaces.addAll(snapshot.namespaces());
        namespaces.add("kube-system");
        rbac.bindings().stream()
                .map(Binding::namespace)
                .filter(name -> !name.isEmpty())
                .forEach(namespaces::add);
        for (Subject subject : rbac.unsortedSubjects()) {
            if (subject.kind() == Subject.Kind.SERVICE_ACCOUNT) {
                knowAccount(subject);
            }
        }
        for (Resource secret : snapshot.resources(GroupKind.SECRET)) {
            String account = secret.annotations().getOrDefault("kubernetes.io/service-account.name", "");
            if (secret.tree().get("type").textOr("").equals("kubernetes.io/service-account-token")
                    && !account.isEmpty()) {
                tokenSecrets
                        .computeIfAbsent(secret.namespace(), key -> new TreeSet<>())
                        .add(secret.name() + "=" + account);
            }
        }
        for (GroupKind kind : List.of(
                GroupKind.VALIDATING_ADMISSION_POLICY,
                GroupKind.VALIDATING_ADMISSION_POLICY_BINDING,
                GroupKind.VALIDATING_WEBHOOK_CONFIGURATION)) {
            snapshot.resources(kind).forEach(policy -> policies.add(policy.name()));
        }
    }

    private Situation(Rbac rbac, Gate gate, PodSamples samples, Set<String> removed) {
        this.rbac = rbac;
        this.gate = gate;
        this.samples = samples;
        this.removed = removed;
    }

    private Situation copy(Gate otherGate, Set<String> otherRemoved) {
        Situation copy = new Situation(rbac, otherGate, samples, otherRemoved);
        copy.namespaces.addAll(namespaces);
        copy.accounts.putAll(accounts);
        copy.tokenSecrets.putAll(tokenSecrets);
        copy.policies.addAll(policies);
        return copy;
    }

    /** The same where these bindings and rules are gone. */
    Situation without(Set<String> elements) {
        return copy(gate, elements);
    }

    /** The same where somebody took the admission policies away. */
    Situation withoutAdmission() {
        return copy(new Gate(AdmissionVerdicts.NONE), removed);
    }

    /** Makes a service account known that no binding names, so that somebody can become it. */
    void knowAccount(Subject account) {
        namespaces.add(account.namespace());
        accounts.computeIfAbsent(account.namespace(), key -> new TreeSet<>()).add(account.name());
    }

    Rbac rbac() {
        return rbac;
    }

    Gate gate() {
        return gate;
    }

    PodSamples samples() {
        return samples;
    }

    Holder holder(Place place) {
        return new Holder(rbac, place, removed);
    }

    Set<String> namespaces() {
        return namespaces;
    }

    /** Names of admission policies, their bindings and webhooks. */
    Set<String> policies() {
        return policies;
    }

    /** Service accounts of a namespace that bindings name, and {@code default}, which stands for all others. */
    Set<String> accountsIn(String namespace) {
        Set<String> names = new TreeSet<>(accounts.getOrDefault(namespace, Set.of()));
        names.add("default");
        return names;
    }

    /** Secrets with a token in a namespace, {@code NAME=ACCOUNT}. */
    Set<String> tokenSecretsIn(String namespace) {
        return tokenSecrets.getOrDefault(namespace, Set.of());
    }

    /** Whether a live cluster was read, whose Secrets are never looked at. */
    boolean secretsUnread() {
        return rbac.snapshot().resources(GroupKind.NAMESPACE).stream()
                .anyMatch(namespace -> namespace.origin().source().equals("cluster"));
    }

    /** The namespaces a grant counts in; {@code "*"} for all together where admission does not tell them apart. */
    Set<String> placesOf(Held held) {
        if (!held.scope().isEmpty()) {
            return Set.of(held.scope());
        }
        return gate.isAbsent() ? Set.of("*") : namespaces;
    }

    /** What admission makes of the use of a privilege by a grant, in a namespace, for some name it is good for. */
    Passage passage(Holder holder, Privilege privilege, Held held, String namespace, Set<String> names) {
        if (gate.isAbsent()) {
            return Passage.FREE;
        }
        Set<String> asked = held.named() ? held.rule().names() : names;
        Optional<Passage> best = Optional.empty();
        for (Part part : privilege.parts()) {
            if (Privilege.gives(held.rule(), part)) {
                for (String name : asked) {
                    Passage one = gate.ask(holder.identity(), part.in(namespace, name));
                    best = Optional.of(best.map(earlier -> earlier.or(one)).orElse(one));
                }
            }
        }
        return best.orElse(Passage.FREE);
    }

    Passage passage(Holder holder, Privilege privilege, Held held, String namespace) {
        return passage(holder, privilege, held, namespace, Set.of(""));
    }

    /** What admission makes of these pods, the most welcome of them; with a doubt where it refuses even plain ones. */
    Passage pods(Identity identity, String namespace, List<Node> pods) {
        Attributes create = Attributes.of("create", "", "pods", namespace, "");
        Passage best = new Passage(false, List.of(), List.of(), List.of());
        for (Node pod : pods) {
            best = best.or(gate.ask(identity, create, Optional.of(pod)));
        }
        return best;
    }

    /** What admission makes of workloads with these pods, the most welcome of them: new ones, or harmless ones changed. */
    Passage workloads(Identity identity, Held held, String namespace, List<Node> pods) {
        if (gate.isAbsent()) {
            return Passage.FREE;
        }
        Passage best = new Passage(false, List.of(), List.of(), List.of());
        for (Part part : Privilege.WORKLOAD_WRITE.parts()) {
            if (!Privilege.gives(held.rule(), part)) {
                continue;
            }
            boolean creates = part.verb().equals("create");
            String name =
                    creates ? "" : held.rule().names().stream().findFirst().orElse("zta-sample");
            for (Node pod : pods) {
                Node plain = samples.plain(namespace, "default").get(0);
                best = best.or(gate.ask(
                        identity,
                        part.in(namespace, name),
                        Optional.of(PodSamples.workload(part, namespace, pod)),
                        creates ? Optional.empty() : Optional.of(PodSamples.workload(part, namespace, plain))));
                if (best.isCertain()) {
                    return best;
                }
            }
        }
        return best;
    }

    /** The doubt that no pod is known that admission lets through, so that none can be varied. */
    static Doubt noModel(Identity identity, String namespace) {
        return Doubt.of(
                "admission refuses every pod of " + identity.user() + " in " + namespace
                        + " that was tried: whether it would let through one that it should not is not known",
                "add a running pod of the namespace to the snapshot, as it is after injection");
    }
}
