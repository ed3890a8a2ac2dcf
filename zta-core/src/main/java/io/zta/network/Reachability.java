package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.finding.Hop;
import io.zta.intent.Port;
import io.zta.network.Policy.Tier;
import io.zta.network.Row.Level;
import io.zta.snapshot.Damage;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Who reaches whom by NetworkPolicies and the tiers around them. Pure and thread-safe; start at {@link #of(Snapshot)}.
 *
 * <p>Pods that no policy can tell apart are one class, policies are sets of classes, and rows are formed when somebody asks
 * for them: the work grows with kinds of pods and not with pods. The rules are those of docs/semantics/network.md.
 */
public final class Reachability {
    private static final Set<GroupKind> DECISIVE =
            Set.of(GroupKind.POD, GroupKind.NAMESPACE, GroupKind.NETWORK_POLICY, GroupKind.DEPLOYMENT);

    private final Snapshot base;
    /** What changed since, by id: a snapshot that has it is made when somebody asks for it. */
    private final Map<String, Resource> changes;

    private final Options options;
    private final Universe universe;
    private final Map<String, List<Policy>> policies;
    private final Matcher matcher;
    private final PortTable ports;
    private final Rows rows;
    private final Map<String, List<Doubt>> refused;
    private final List<Doubt> doubts;
    private @Nullable Map<String, Pod> byName;
    private @Nullable Snapshot changed;
    private @Nullable Admissions admissions;

    private Reachability(
            Snapshot base,
            Map<String, Resource> changes,
            Options options,
            Universe universe,
            Map<String, List<Policy>> policies,
            Matcher matcher,
            PortTable ports,
            Rows rows,
            Map<String, List<Doubt>> refused) {
        this.base = base;
        this.changes = changes;
        this.options = options;
        this.universe = universe;
        this.policies = policies;
        this.matcher = matcher;
        this.ports = ports;
        this.rows = rows;
        this.refused = refused;
        this.doubts = doubts(base, refused);
    }

    /** Reads the policies of a snapshot, assuming nothing of the network plugin; once for each snapshot. */
    public static Reachability of(Snapshot snapshot) {
        return snapshot.derived(Reachability.class, it -> read(it, Options.DEFAULT));
    }

    /** Reads the policies of a snapshot, for a plugin that behaves so. */
    public static Reachability of(Snapshot snapshot, Options options) {
        return options.equals(Options.DEFAULT) ? of(snapshot) : read(snapshot, options);
    }

    private static Reachability read(Snapshot snapshot, Options options) {
        Map<String, List<Policy>> policies = new LinkedHashMap<>();
        snapshot.counts().keySet().forEach(type -> {
            if (isPolicy(type)) {
                snapshot.resources(type).forEach(resource -> policies.put(id(resource), read(resource)));
            }
        });
        Map<AddressRange, Map<String, String>> nodes = Universe.nodes(snapshot);
        List<Policy> all = policies.values().stream().flatMap(List::stream).toList();
        Universe.Vocabulary words = Universe.Vocabulary.of(all, List.copyOf(nodes.keySet()));
        Universe universe = new Universe(snapshot, words);
        Matcher matcher = new Matcher(universe, options, nodes);
        PortTable ports = new PortTable();
        Rows rows = new Rows(universe, matcher, ports, options, all);
        Map<String, List<Doubt>> refused = new LinkedHashMap<>();
        snapshot.resources(GroupKind.NETWORK_POLICY).forEach(policy -> refuse(policy, refused));
        return new Reachability(snapshot, Map.of(), options, universe, policies, matcher, ports, rows, refused);
    }

    /** Notes why an API server would refuse a policy as a whole, in place of what was noted of the one before. */
    private static void refuse(Resource policy, Map<String, List<Doubt>> refused) {
        List<Doubt> found = BareLabels.ofPolicy(policy);
        if (found.isEmpty()) {
            refused.remove(id(policy));
        } else {
            refused.put(id(policy), found);
        }
    }

    private static boolean isPolicy(GroupKind type) {
        return type.equals(GroupKind.NETWORK_POLICY)
                || TierReader.KINDS.contains(type)
                || ForeignReader.recognises(type);
    }

    private static List<Policy> read(Resource resource) {
        if (resource.type().equals(GroupKind.NETWORK_POLICY)) {
            return PolicyReader.read(resource);
        }
        return TierReader.KINDS.contains(resource.type())
                ? List.of(TierReader.read(resource))
                : ForeignReader.read(resource);
    }

    private static String id(Resource resource) {
        String name = resource.name().isEmpty() ? "\u0000" + resource.origin() : resource.name();
        return resource.type() + "|" + resource.namespace() + "|" + name;
    }

    /**
     * The same cluster with further objects; one of the same kind, namespace and name replaces the one that is here. A
     * changed NetworkPolicy that speaks of known labels and addresses costs the rows it touches; all else starts anew.
     */
    public Reachability with(Collection<Resource> changed) {
        List<Policy> removed = new ArrayList<>();
        List<Policy> added = new ArrayList<>();
        Map<String, List<Policy>> after = new LinkedHashMap<>(policies);
        Map<String, Resource> all = new LinkedHashMap<>(changes);
        for (Resource resource : changed) {
            if (!resource.type().equals(GroupKind.NETWORK_POLICY)) {
                return of(snapshot().with(changed), options);
            }
            List<Policy> fresh = read(resource);
            List<Policy> before = after.put(id(resource), fresh);
            if (before != null && !added.removeAll(before)) {
                removed.addAll(before);
            }
            added.addAll(fresh);
            all.put(id(resource), resource);
        }
        Universe.Vocabulary words = Universe.Vocabulary.of(added, List.of());
        Universe.Vocabulary gone = Universe.Vocabulary.of(removed, List.of());
        if (speakOfGivenLabels(words)
                || !universe.vocabulary().covers(words, universe.atoms())
                || speakOfGivenLabels(gone)
                || takeIpv6Away(gone, words)) {
            return of(snapshot().with(changed), options);
        }
        Map<String, List<Doubt>> stillRefused = new LinkedHashMap<>(refused);
        changed.forEach(policy -> refuse(policy, stillRefused));
        return replacing(base, all, after, removed, added, stillRefused);
    }

    /** The same cluster without one object. */
    public Reachability without(Resource gone) {
        List<Policy> removed = policies.getOrDefault(id(gone), List.of());
        Universe.Vocabulary words = Universe.Vocabulary.of(removed, List.of());
        if (removed.isEmpty()
                || !gone.type().equals(GroupKind.NETWORK_POLICY)
                || speakOfGivenLabels(words)
                || takeIpv6Away(words, Universe.Vocabulary.of(List.of(), List.of()))) {
            return of(snapshot().without(gone), options);
        }
        Map<String, List<Policy>> after = new LinkedHashMap<>(policies);
        after.remove(id(gone));
        Map<String, List<Doubt>> stillRefused = new LinkedHashMap<>(refused);
        stillRefused.remove(id(gone));
        return replacing(snapshot().without(gone), Map.of(), after, removed, List.of(), stillRefused);
    }

    /** Whether it hangs on these policies which pods a template is taken for. */
    private static boolean speakOfGivenLabels(Universe.Vocabulary words) {
        return words.labels().stream().anyMatch(Pods::isGiven);
    }

    /** Whether perhaps nothing speaks of IPv6 any more, which then is no part of the address space. */
    private boolean takeIpv6Away(Universe.Vocabulary removed, Universe.Vocabulary added) {
        return !universe.podsHaveV6()
                && added.blocks().stream().noneMatch(AddressRange::isV6)
                && removed.blocks().stream().anyMatch(AddressRange::isV6);
    }

    private Reachability replacing(
            Snapshot since,
            Map<String, Resource> changed,
            Map<String, List<Policy>> after,
            List<Policy> removed,
            List<Policy> added,
            Map<String, List<Doubt>> stillRefused) {
        Rows fresh = rows.replacing(removed, added);
        Reachability next =
                new Reachability(since, changed, options, universe, after, matcher, ports, fresh, stillRefused);
        synchronized (this) {
            if (admissions != null) {
                next.admissions = admissions.after(fresh, rows.selectedBy(removed, added));
            }
        }
        matcher.forget(removed);
        return next;
    }

    /** What was read. */
    public synchronized Snapshot snapshot() {
        if (changed == null) {
            changed = changes.isEmpty() ? base : base.with(changes.values());
        }
        return changed;
    }

    /** Which classes let which in, worked out once. */
    synchronized Admissions admissions() {
        if (admissions == null) {
            admissions = Admissions.of(rows, universe.classCount());
        }
        return admissions;
    }

    /** How the network plugin was taken to behave. */
    public Options options() {
        return options;
    }

    /** The pods, by which connections are asked for. */
    public Pods pods() {
        return universe.pods();
    }

    /** The pieces of the address space that policies tell apart, in order; all of it where none does. */
    public List<AddressRange> externalRanges() {
        return universe.atoms().pieces();
    }

    /**
     * What can pass from one pod to another, or to itself, which nothing can forbid.
     *
     * @throws IllegalArgumentException if a pod is not of this snapshot
     */
    public Connection between(Pod from, Pod to) {
        if (samePod(from, to)) {
            return new Connection(PortSet.ALL, PortSet.ALL, PortSet.ALL, List.of());
        }
        int source = classOf(from);
        int target = classOf(to);
        boolean node = options.nodes() == Options.Nodes.ALLOWED && from.hostNetwork();
        String fromNode = node ? from.spec().get("nodeName").textOr("") : "";
        String toNode = node ? to.spec().get("nodeName").textOr("") : "";
        boolean unknownNode = fromNode.isEmpty() || toNode.isEmpty();
        int[] answer = new int[3];
        for (Level level : Level.values()) {
            boolean through = node && (unknownNode ? level != Level.SURE : fromNode.equals(toNode));
            int let = through
                    ? PortTable.ALL
                    : rows.row(target, Direction.INGRESS).at(level)[source];
            answer[level.ordinal()] =
                    ports.intersect(rows.row(source, Direction.EGRESS).at(level)[target], let);
        }
        return connection(answer, () -> {
            List<Doubt> reasons = doubts(source, Direction.EGRESS);
            reasons.addAll(doubts(target, Direction.INGRESS));
            if (node && unknownNode) {
                reasons.add(Doubt.of(
                        "whether " + from.display() + " runs on the node of " + to.display() + " is not known",
                        "give a snapshot of running pods"));
            }
            return reasons;
        });
    }

    /** Whether a pod certainly lets in nothing of another, whatever that one's own side lets out. */
    boolean isShutTo(Pod from, Pod to) {
        return doubts.isEmpty()
                && !from.hostNetwork()
                && !samePod(from, to)
                && rows.row(classOf(to), Direction.INGRESS).possible()[classOf(from)] == PortTable.NONE;
    }

    /**
     * The first pod, in the order of {@link #pods()}, that gets to a port of another as far as the policies could be read.
     * Pods on a node's network are left out, and so is the other pod itself.
     */
    public Optional<Pod> firstToReach(Pod target, Port.Protocol protocol, int port) {
        int to = classOf(target);
        long[] asked = Bits.none(universe.classCount());
        long[] in = Bits.none(universe.classCount());
        List<Pod> all = pods().all();
        for (int i = 0; i < all.size(); i++) {
            int from = universe.classOf(i);
            if (!Bits.has(asked, from)) {
                Bits.set(asked, from);
                boolean host = universe.classes().get(from).hostNetwork();
                if (!host && ports.set(connection(from, to, Level.BEST)).contains(protocol, port)) {
                    Bits.set(in, from);
                }
            }
            if (Bits.has(in, from) && !all.get(i).equals(target)) {
                return Optional.of(all.get(i));
            }
        }
        return Optional.empty();
    }

    /** Whether both are one object. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean samePod(Pod a, Pod b) {
        return a == b || !a.fromTemplate() && !b.fromTemplate() && a.resource() == b.resource();
    }

    /** What can pass from every one of these addresses to a pod; possible is what can pass from any of them. */
    public Connection fromAddresses(AddressRange range, Pod to) {
        int target = classOf(to);
        return external(range, rows.row(target, Direction.INGRESS), doubts(target, Direction.INGRESS));
    }

    /** What can pass from a pod to every one of these addresses; possible is what can pass to any of them. */
    public Connection toAddresses(Pod from, AddressRange range) {
        int source = classOf(from);
        return external(range, rows.row(source, Direction.EGRESS), doubts(source, Direction.EGRESS));
    }

    private Connection external(AddressRange range, Row row, List<Doubt> local) {
        int[] answer = {PortTable.ALL, PortTable.ALL, PortTable.NONE};
        boolean any = false;
        for (int i = 0; i < universe.atoms().size(); i++) {
            if (universe.atoms().pieces().get(i).overlaps(range)) {
                any = true;
                int end = universe.classCount() + i;
                answer[0] = ports.intersect(answer[0], row.sure()[end]);
                answer[1] = ports.intersect(answer[1], row.best()[end]);
                answer[2] = ports.union(answer[2], row.possible()[end]);
            }
        }
        if (!any) { // IPv6, of which nothing here speaks: a block of IPv4 does not let it through
            Connection rest = external(AddressRange.ALL_V4, row, local);
            boolean everything = rest.sure().equals(PortSet.ALL) && rows.isUnfiltered(row);
            List<Doubt> reasons = new ArrayList<>(doubts());
            reasons.addAll(local);
            reasons.add(Doubt.of(
                    "no policy, pod or node speaks of IPv6, so whether a rule for everyone or for IPv4 lets " + range
                            + " through was not told apart",
                    "give a snapshot with the addresses of pods"));
            return everything || rest.possible().isEmpty()
                    ? rest
                    : new Connection(PortSet.NONE, rest.expected(), rest.possible(), reasons);
        }
        return connection(answer, () -> local);
    }

    /** What a pod's own side lets out to another pod, whatever that one lets in. */
    Connection leaving(Pod from, Pod to) {
        return side(from, to, Direction.EGRESS);
    }

    /** What a pod's own side lets in from another pod, whatever that one lets out. */
    Connection arriving(Pod from, Pod to) {
        return side(to, from, Direction.INGRESS);
    }

    private Connection side(Pod own, Pod other, Direction direction) {
        int pods = classOf(own);
        int end = classOf(other);
        Row row = rows.row(pods, direction);
        int[] answer = {row.sure()[end], row.best()[end], row.possible()[end]};
        return connection(answer, () -> doubts(pods, direction));
    }

    /** One pod of each kind: those that policies can't tell apart, of one workload, labels and service account. */
    List<Pod> kinds(List<Pod> pods) {
        Map<String, Pod> kinds = new LinkedHashMap<>();
        for (Pod pod : pods) {
            String key = pod.workload() + "|" + classOf(pod) + "|" + new TreeMap<>(pod.labels()) + "|"
                    + pod.serviceAccount();
            kinds.putIfAbsent(key, pod);
        }
        return List.copyOf(kinds.values());
    }

    /** What can pass from the node that a pod runs on. */
    public Connection fromNode(Pod to) {
        if (options.nodes() == Options.Nodes.ALLOWED) {
            return new Connection(PortSet.ALL, PortSet.ALL, PortSet.ALL, List.of());
        }
        return fromAddresses(AddressRange.ALL_V4, to);
    }

    /** A connection, with the reasons why it is not certain where it is not. */
    private Connection connection(int[] answer, Supplier<List<Doubt>> reasons) {
        boolean readable = doubts.isEmpty();
        PortSet sure = readable ? ports.set(answer[0]) : PortSet.NONE;
        PortSet possible = readable ? ports.set(answer[2]) : PortSet.ALL;
        if (sure.equals(possible)) {
            return new Connection(sure, ports.set(answer[1]), possible, List.of());
        }
        Set<Doubt> all = new LinkedHashSet<>(doubts);
        all.addAll(reasons.get());
        return new Connection(sure, ports.set(answer[1]), possible, List.copyOf(all));
    }

    /** Why nothing can be told for sure: documents that could not be read, kinds that could not be listed. */
    public List<Doubt> doubts() {
        return doubts;
    }

    private static List<Doubt> doubts(Snapshot snapshot, Map<String, List<Doubt>> refused) {
        List<Doubt> doubts = new ArrayList<>();
        for (Damage damage : snapshot.damages()) {
            doubts.add(new Doubt(damage.problem(), damage.remedy(), damage.origin()));
        }
        for (GroupKind type : snapshot.unread()) {
            if (DECISIVE.contains(type) || isPolicy(type)) {
                doubts.add(Doubt.of(type + " could not be listed", "let this user list them"));
            }
        }
        refused.values().forEach(doubts::addAll);
        return List.copyOf(doubts);
    }

    /** Why the row of a class is not certain; the caller owns the list. */
    List<Doubt> doubts(int pods, Direction direction) {
        List<Doubt> doubts = new ArrayList<>();
        List<Policy> beside = new ArrayList<>();
        for (Policy policy : rows.selecting(pods)) {
            if (policy.rules(direction).isEmpty() && policy.isReadable()) {
                continue;
            }
            doubts.addAll(policy.problems());
            if (policy.tier() == Tier.UNLISTED) {
                String type = direction == Direction.INGRESS ? "Ingress" : "Egress";
                doubts.add(new Doubt(
                        policy.resource().display() + ": it has rules for " + type
                                + ", which its policyTypes leaves out: whether they count depends on the network plugin",
                        "add " + type + " to policyTypes, or take the rules out",
                        policy.resource().originOf(policy.resource().spec().get(direction.field()))));
            }
            for (Policy other : beside) {
                if (policy.isBeside(other)) {
                    boolean kinds = policy.joinsTiers() != other.joinsTiers();
                    doubts.add(new Doubt(
                            policy.resource().display()
                                    + (kinds ? " stands in the tier of " : " has the priority of ")
                                    + other.resource().display() + ", and which of the two wins is not defined",
                            kinds ? "keep to one of the kinds" : "give each policy of a tier a priority of its own",
                            policy.resource().origin()));
                }
            }
            beside.add(policy);
            if (policy.isOfTier() && options.tiers() == Options.Tiers.UNKNOWN) {
                doubts.add(new Doubt(
                        "whether " + policy.resource().display() + " is enforced depends on the network plugin",
                        "name a plugin that is known to enforce policy.networking.k8s.io, or to ignore it",
                        policy.resource().origin()));
            }
            for (Rule rule : policy.rules(direction).orElse(List.of())) {
                if (rows.needsSidecars(policy, rule, pods, direction)) {
                    doubts.add(new Doubt(
                            policy.resource().display() + ": whether " + rule.path()
                                    + " finds a port that a sidecar among the init containers names depends on the"
                                    + " network plugin",
                            "give the port's number, or name the plugin",
                            policy.resource().originOf(rule.node())));
                }
                if (rule.peers().stream().anyMatch(peer -> peer.kind() == Rule.Peer.Kind.DOMAINS)) {
                    doubts.add(new Doubt(
                            policy.resource().display() + ": which addresses the names of " + rule.path()
                                    + " stand for is not in a snapshot, so it was taken to let out to every address",
                            "give the addresses as networks",
                            policy.resource().originOf(rule.node())));
                } else if (policy.isReadable() && !matcher.match(policy, rule).isCertain()) {
                    doubts.add(new Doubt(
                            policy.resource().display() + ": whether " + rule.path()
                                    + " matches pods by their address depends on the network plugin and on addresses "
                                    + "that are not all known",
                            "name the plugin, and give a snapshot of running pods",
                            policy.resource().originOf(rule.node())));
                }
            }
        }
        return doubts;
    }

    int classOf(Pod pod) {
        OptionalInt known = universe.classOf(pod);
        if (known.isPresent()) {
            return known.getAsInt();
        }
        Pod same = byName().get(pod.workload() + "/" + pod.name());
        if (same == null) {
            throw new IllegalArgumentException(
                    "Pod " + pod.display() + " is not of this snapshot. Take pods from Reachability.pods().");
        }
        return classOf(same);
    }

    private synchronized Map<String, Pod> byName() {
        if (byName == null) {
            Map<String, Pod> names = new HashMap<>();
            pods().all().forEach(pod -> names.put(pod.workload() + "/" + pod.name(), pod));
            byName = names;
        }
        return byName;
    }

    Universe universe() {
        return universe;
    }

    Rows rows() {
        return rows;
    }

    Matcher matcher() {
        return matcher;
    }

    PortTable ports() {
        return ports;
    }

    /** All policies, in the order read. */
    List<Policy> policies() {
        return policies.values().stream().flatMap(List::stream).toList();
    }

    /** The number of the port set that passes from one end to another; pods of one node see each other's host. */
    int connection(int from, int to, Level level) {
        int out = universe.isClass(from) ? rows.row(from, Direction.EGRESS).at(level)[to] : PortTable.ALL;
        if (out == PortTable.NONE || !universe.isClass(to)) {
            return out;
        }
        return ports.intersect(out, entering(from, to, level));
    }

    int entering(int from, int to, Level level) {
        if (universe.isClass(from) && options.nodes() == Options.Nodes.ALLOWED) {
            PodClass source = universe.classes().get(from);
            PodClass target = universe.classes().get(to);
            if (source.hostNetwork()
                    && (level == Level.SURE ? source.sharesNode(target) : source.mayShareNode(target))) {
                return PortTable.ALL;
            }
        }
        return rows.row(to, Direction.INGRESS).at(level)[from];
    }

    /** What decides whether a pod's own side lets a connection out. */
    List<Hop> leaving(Pod from, String to) {
        return Explanation.leaving(this, from, to);
    }

    /**
     * What decides a connection, policy by policy; between the first pods where names stand for several.
     *
     * @throws IllegalArgumentException if a name means nothing
     */
    public Explanation explain(String from, String to, Port port) {
        return explainEach(from, to, port).get(0);
    }

    /**
     * What decides a connection, for each pair of pods that the names stand for: those of a workload or behind a Service
     * need not be alike.
     *
     * @param from a pod or workload as {@code namespace/name}, or addresses as {@code 203.0.113.0/24}
     * @param to a pod, a workload or a Service
     * @param port the port asked for
     * @return at least one
     * @throws IllegalArgumentException if a name means nothing; the message says what can be named
     */
    public List<Explanation> explainEach(String from, String to, Port port) {
        return Explanation.each(this, from, to, port);
    }
}
