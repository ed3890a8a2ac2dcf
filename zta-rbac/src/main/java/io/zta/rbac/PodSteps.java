package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.rbac.Gate.Passage;
import io.zta.rbac.Holder.Held;
import io.zta.snapshot.Node;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Steps through pods: run as a service account, be root on a node, have containers injected into pods of others. */
final class PodSteps {
    /** Who creates the pods of a workload, as admission sees it. */
    private static final Identity CONTROLLER = Identity.serviceAccount("kube-system", "replicaset-controller");

    private final Situation situation;
    private final Place from;
    private final Holder holder;
    private final List<Step> steps = new ArrayList<>();
    private final Set<String> done = new HashSet<>();

    private PodSteps(Situation situation, Place from, Holder holder) {
        this.situation = situation;
        this.from = from;
        this.holder = holder;
    }

    static List<Step> of(Situation situation, Place from, Holder holder) {
        PodSteps all = new PodSteps(situation, from, holder);
        all.create(Privilege.POD_CREATE, "pods");
        all.create(Privilege.WORKLOAD_WRITE, "workloads");
        all.nodes();
        all.inject();
        all.tokensOfEntered();
        return all.steps;
    }

    private void create(Privilege privilege, String what) {
        for (Held held : holder.grants(privilege)) {
            for (String namespace : situation.placesOf(held)) {
                Function<List<Node>, Passage> request = pods -> privilege == Privilege.POD_CREATE
                        ? Passage.FREE
                        : situation.workloads(holder.identity(), held, namespace, pods);
                Identity creator = privilege == Privilege.POD_CREATE ? holder.identity() : CONTROLLER;
                runAs(namespace, held, what, creator, request);
                host(namespace, held, what, creator, request);
            }
        }
    }

    private void runAs(
            String namespace, Held held, String what, Identity creator, Function<List<Node>, Passage> request) {
        if (situation.gate().isAbsent()) {
            add(
                    Place.accounts(namespace),
                    "API-create",
                    "creates " + what + " that run as any service account of " + IdentitySteps.place(namespace),
                    List.of(held.grant()),
                    Passage.FREE);
            return;
        }
        for (String account : situation.accountsIn(namespace)) {
            List<Node> pods = situation.samples().plain(namespace, account);
            Passage passage = request.apply(pods).and(situation.pods(creator, namespace, pods));
            if (passage.open()) {
                Subject subject = Subject.serviceAccount(namespace, account);
                add(
                        Place.of(subject),
                        "API-create",
                        "creates " + what + " that run as " + subject,
                        List.of(held.grant()),
                        passage);
            }
        }
    }

    private void host(String scope, Held held, String what, Identity creator, Function<List<Node>, Passage> request) {
        for (String namespace : scope.equals("*") ? situation.namespaces() : Set.of(scope)) {
            List<Grant> grants = new ArrayList<>(List.of(held.grant()));
            Passage passage = situation.gate().isAbsent()
                    ? Passage.FREE
                    : request.apply(situation.samples().onHost(namespace));
            String way = "creates privileged " + what + " in namespace " + namespace + ": root on their node";
            if (situation.samples().podSecurityRefusesHost(namespace)) {
                List<Held> relabel = relabel(namespace);
                if (relabel.isEmpty()) {
                    volumes(namespace, held, what);
                    continue;
                }
                grants.add(relabel.get(0).grant());
                way = "takes the Pod Security label off namespace " + namespace + " and " + way;
            }
            passage = passage.and(hostPods(creator, namespace));
            if (passage.open()) {
                add(Place.of(Place.Kind.HOST), "API-hostpod", way, grants, passage);
                if (passage.isCertain() && scope.equals("*")) {
                    return;
                }
            }
        }
    }

    private Passage hostPods(Identity creator, String namespace) {
        if (situation.gate().isAbsent()) {
            return Passage.FREE;
        }
        Passage onHost = situation.pods(creator, namespace, situation.samples().onHost(namespace));
        if (onHost.open()) {
            return onHost;
        }
        boolean known = situation
                .pods(creator, namespace, situation.samples().plain(namespace, "default"))
                .open();
        return known ? onHost : new Passage(true, List.of(), List.of(Situation.noModel(creator, namespace)), List.of());
    }

    private List<Held> relabel(String namespace) {
        Node unlabelled =
                Node.object(java.util.Map.of("metadata", Node.object(java.util.Map.of("name", Node.text(namespace)))));
        return holder.grants(Privilege.NAMESPACE_WRITE).stream()
                .filter(held -> held.binding().countsIn(namespace))
                .filter(held -> !held.named() || held.rule().names().contains(namespace))
                .filter(held -> situation
                        .gate()
                        .ask(
                                holder.identity(),
                                Attributes.of("update", "", "namespaces", namespace, namespace),
                                java.util.Optional.of(unlabelled))
                        .open())
                .toList();
    }

    /** A hostPath volume is no part of the pod that claims it, so Pod Security lets it through. */
    private void volumes(String namespace, Held held, String what) {
        for (Held volume : holder.grants(Privilege.VOLUME_CREATE)) {
            Passage passage = situation.passage(holder, Privilege.VOLUME_CREATE, volume, "");
            if (passage.open() && done.add("volume")) {
                add(
                        Place.of(Place.Kind.HOST),
                        "API-hostpod",
                        "creates a hostPath volume and " + what + " in namespace " + namespace + " that mount it",
                        List.of(volume.grant(), held.grant()),
                        passage);
            }
        }
    }

    /** The kubelet asked directly: no admission policy sees it. */
    private void nodes() {
        for (Held held : holder.grants(Privilege.NODE_PROXY)) {
            add(
                    Place.of(Place.Kind.HOST),
                    "API-node",
                    "has the kubelet run commands in any pod of its node",
                    List.of(held.grant()),
                    Passage.FREE);
        }
    }

    private void inject() {
        for (Held held : holder.grants(Privilege.MUTATE)) {
            add(
                    Place.of(Place.Kind.INJECTED),
                    "API-webhook",
                    "has a webhook or mutating policy of its own put containers into new pods",
                    List.of(held.grant()),
                    Passage.FREE);
        }
    }

    /** Inside a container one reads the token of its service account. */
    private void tokensOfEntered() {
        for (Privilege privilege : List.of(Privilege.EXEC_POST, Privilege.ATTACH_POST, Privilege.EPHEMERAL)) {
            for (Held held : holder.grants(privilege)) {
                for (String namespace : held.scope().isEmpty() ? situation.namespaces() : Set.of(held.scope())) {
                    Set<String> accounts = situation.samples().accountsUsedIn(namespace);
                    if (accounts.isEmpty()) {
                        continue;
                    }
                    Passage passage = situation.passage(holder, privilege, held, namespace, holder.enterNames());
                    for (String account : accounts) {
                        if (passage.open() && done.add(namespace + "/" + account)) {
                            Subject subject = Subject.serviceAccount(namespace, account);
                            String bypass = EntrySteps.bypass(privilege);
                            add(
                                    Place.of(subject),
                                    bypass,
                                    "reads the token of " + subject + " in a container of one of its pods",
                                    List.of(held.grant()),
                                    passage);
                        }
                    }
                }
            }
        }
    }

    private void add(Place to, String bypass, String what, List<Grant> grants, Passage passage) {
        steps.add(new Step(from, to, bypass, what, grants, passage.notes(), passage.doubts()));
    }
}
