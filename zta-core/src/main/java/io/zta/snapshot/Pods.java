package io.zta.snapshot;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * All pods of a snapshot by workload. A workload whose pods are in the snapshot is known by these; one without is known by
 * its template, which stands for several where a selector asks for labels that its controller gives to each. Ended pods are
 * left out. Immutable.
 */
public final class Pods {
    private static final List<GroupKind> CONTROLLERS = List.of(
            GroupKind.CRON_JOB,
            GroupKind.DEPLOYMENT,
            GroupKind.STATEFUL_SET,
            GroupKind.DAEMON_SET,
            GroupKind.VIRTUAL_MACHINE,
            GroupKind.REPLICATION_CONTROLLER,
            GroupKind.REPLICA_SET,
            GroupKind.JOB);

    private static final Set<String> KINDS =
            CONTROLLERS.stream().map(GroupKind::kind).collect(Collectors.toSet());

    /** Groups whose objects make no pods, or make them of none of the containers they speak of. */
    private static final List<String> WITHOUT_PODS = List.of(".k8s.io", ".istio.io", "cilium.io", "projectcalico.org");

    /** What a change of leaves the pods as they are; a workload may be owned by an object of any other kind. */
    private static final Set<GroupKind> UNRELATED = Set.of(GroupKind.NETWORK_POLICY);

    private final Map<Class<?>, Object> derived = new ConcurrentHashMap<>();
    private final List<Pod> all;
    private final Map<WorkloadRef, List<Pod>> byWorkload;
    private final GivenLabels given;
    private final List<Resource> unread;
    private final Map<String, List<Pod>> byNamespace = new HashMap<>();

    private Pods(Map<WorkloadRef, List<Pod>> pods, GivenLabels given, List<Resource> unread) {
        this.given = given;
        this.unread = List.copyOf(unread);
        Map<WorkloadRef, List<Pod>> sorted = new TreeMap<>(pods);
        sorted.replaceAll((ref, list) -> List.copyOf(list));
        this.byWorkload = Collections.unmodifiableMap(sorted);
        List<Pod> everyone = new ArrayList<>();
        sorted.forEach((ref, list) -> {
            everyone.addAll(list);
            byNamespace
                    .computeIfAbsent(ref.namespace(), name -> new ArrayList<>())
                    .addAll(list);
        });
        this.all = Collections.unmodifiableList(everyone);
    }

    /** The pods of a snapshot, found once for each snapshot. */
    public static Pods of(Snapshot snapshot) {
        Pods kept = snapshot.derived(Pods.class, UNRELATED, Pods::find);
        return kept.given.asksLike(GivenLabels.of(snapshot))
                ? kept
                : snapshot.derived(Anew.class, it -> new Anew(find(it))).pods();
    }

    /** The pods of a snapshot whose policies ask for other labels that controllers give than those of the one before. */
    private record Anew(Pods pods) {}

    /**
     * What follows from the pods alone, kept with them: the pods of a snapshot stay the same when other objects change.
     *
     * @param type the class of the answer, by which it is kept
     * @param derivation works it out, always in the same way for that class
     */
    public <T> T derived(Class<T> type, Function<? super Pods, ? extends T> derivation) {
        return type.cast(derived.computeIfAbsent(type, key -> derivation.apply(this)));
    }

    private static Pods find(Snapshot snapshot) {
        Map<WorkloadRef, List<Pod>> pods = new HashMap<>();
        Map<WorkloadRef, WorkloadRef> owners = owners(snapshot);
        Set<WorkloadRef> outer = new HashSet<>();
        for (GroupKind type : List.of(GroupKind.DEPLOYMENT, GroupKind.VIRTUAL_MACHINE)) {
            snapshot.resources(type).forEach(resource -> outer.add(self(resource)));
        }
        for (Resource resource : snapshot.resources(GroupKind.POD)) {
            if (!Pod.ended(resource)) {
                WorkloadRef ref = workload(resource, owners, outer);
                List<Pod> siblings = pods.computeIfAbsent(ref, fresh -> new ArrayList<>());
                siblings.add(running(resource, ref, siblings));
            }
        }
        Map<WorkloadRef, List<Pod>> templates = new HashMap<>();
        GivenLabels given = GivenLabels.of(snapshot);
        for (GroupKind type : CONTROLLERS) {
            for (Resource resource : snapshot.resources(type)) {
                WorkloadRef ref = self(resource);
                WorkloadRef outermost = outermost(ref, owners);
                // an owner of a kind whose template is not read is known by that of what it owns
                boolean speaks = ref.equals(outermost) || !KINDS.contains(outermost.kind());
                if (speaks && !pods.containsKey(outermost)) {
                    List<Pod> found = template(resource, outermost, given);
                    if (!found.isEmpty()) {
                        templates
                                .computeIfAbsent(outermost, fresh -> new ArrayList<>())
                                .addAll(found);
                    }
                }
            }
        }
        pods.putAll(templates);
        return new Pods(pods, given, unread(snapshot, pods.keySet()));
    }

    private static List<Resource> unread(Snapshot snapshot, Set<WorkloadRef> known) {
        List<Resource> unread = new ArrayList<>();
        for (GroupKind type : snapshot.counts().keySet()) {
            if (!type.group().isEmpty()
                    && !CONTROLLERS.contains(type)
                    && WITHOUT_PODS.stream().noneMatch(type.group()::endsWith)) {
                for (Resource resource : snapshot.resources(type)) {
                    if (holdsContainers(resource.spec(), 8) && !known.contains(self(resource))) {
                        unread.add(resource);
                    }
                }
            }
        }
        return unread;
    }

    private static boolean holdsContainers(Node node, int depth) {
        if (node.get("containers").item(0).get("image").isScalar()) {
            return true;
        }
        return depth > 0
                && (node.fields().values().stream().anyMatch(field -> holdsContainers(field, depth - 1))
                        || node.items().stream().anyMatch(item -> holdsContainers(item, depth - 1)));
    }

    private static WorkloadRef self(Resource resource) {
        String name = resource.name().isEmpty()
                ? resource.tree().at("metadata", "generateName").textOr("")
                : resource.name();
        return new WorkloadRef(resource.namespace(), name, resource.type().kind());
    }

    /** Controllers that are owned by another that is in the snapshot, with their owner. */
    private static Map<WorkloadRef, WorkloadRef> owners(Snapshot snapshot) {
        Map<WorkloadRef, WorkloadRef> owners = new LinkedHashMap<>();
        for (GroupKind type : CONTROLLERS) {
            for (Resource resource : snapshot.resources(type)) {
                controller(resource)
                        .filter(owner -> snapshot.find(
                                        GroupKind.of(
                                                owner.get("apiVersion").textOr(""),
                                                owner.get("kind").textOr("")),
                                        resource.namespace(),
                                        owner.get("name").textOr(""))
                                .isPresent())
                        .ifPresent(owner -> owners.put(self(resource), named(owner, resource)));
            }
        }
        return owners;
    }

    /** The reference to the owner that manages an object. Others only say with whom it is to be deleted. */
    private static Optional<Node> controller(Resource resource) {
        for (Node owner : resource.tree().get("metadata").get("ownerReferences").items()) {
            if (owner.get("controller").isTrue()) {
                return Optional.of(owner);
            }
        }
        return Optional.empty();
    }

    private static WorkloadRef named(Node owner, Resource owned) {
        return new WorkloadRef(
                owned.namespace(),
                owner.get("name").textOr(""),
                owner.get("kind").textOr("Pod"));
    }

    private static WorkloadRef outermost(WorkloadRef start, Map<WorkloadRef, WorkloadRef> owners) {
        WorkloadRef ref = start;
        for (int depth = 0; depth < 8 && owners.containsKey(ref); depth++) {
            ref = owners.get(ref);
        }
        return ref;
    }

    private static WorkloadRef workload(
            Resource resource, Map<WorkloadRef, WorkloadRef> owners, Set<WorkloadRef> outer) {
        return controller(resource)
                .map(owner -> named(owner, resource))
                .filter(owner -> !owner.kind().equals("Node"))
                .map(owner -> outermost(above(owner, resource, outer), owners))
                .orElseGet(() -> self(resource));
    }

    private static Pod running(Resource resource, WorkloadRef ref, List<Pod> siblings) {
        List<String> ips = new ArrayList<>();
        for (Node ip : resource.tree().at("status", "podIPs").items()) {
            ip.get("ip").text().ifPresent(ips::add);
        }
        if (ips.isEmpty()) {
            resource.tree()
                    .at("status", "podIP")
                    .text()
                    .filter(ip -> !ip.isEmpty())
                    .ifPresent(ips::add);
        }
        Optional<Pod> sibling = siblings.isEmpty() ? Optional.empty() : Optional.of(siblings.get(siblings.size() - 1));
        return new Pod(
                ref,
                resource,
                self(resource).name(),
                shared(resource, "labels", sibling, Pod::labels),
                shared(resource, "annotations", sibling, Pod::annotations),
                resource.spec(),
                ips,
                false);
    }

    /** The texts of a field of metadata: the sibling's own map where it has the same, as pods of one workload mostly do. */
    private static Map<String, String> shared(
            Resource resource, String field, Optional<Pod> sibling, Function<Pod, Map<String, String>> texts) {
        Node node = resource.tree().at("metadata", field);
        return sibling.filter(
                        other -> other.resource().tree().at("metadata", field).equals(node))
                .map(texts)
                .orElseGet(node::textMap);
    }

    /**
     * The owner's own owner where the object between is not in the snapshot: the Deployment behind a ReplicaSet, told by the
     * hash the controller appends, or the VirtualMachine of an instance, which has its name. Where that is not there either,
     * the pod goes by what its owner reference says.
     */
    private static WorkloadRef above(WorkloadRef owner, Resource pod, Set<WorkloadRef> outer) {
        String hash = pod.tree().at("metadata", "labels", "pod-template-hash").textOr("");
        WorkloadRef above = owner;
        if (owner.kind().equals("ReplicaSet") && !hash.isEmpty() && owner.name().endsWith("-" + hash)) {
            String name = owner.name().substring(0, owner.name().length() - hash.length() - 1);
            above = new WorkloadRef(owner.namespace(), name, "Deployment");
        } else if (owner.kind().equals("VirtualMachineInstance")) {
            above = new WorkloadRef(owner.namespace(), owner.name(), "VirtualMachine");
        }
        return outer.contains(above) ? above : owner;
    }

    private static List<Pod> template(Resource resource, WorkloadRef workload, GivenLabels given) {
        Node template = templateOf(resource);
        if (!template.isObject()) {
            return List.of();
        }
        String name = self(resource).name();
        List<Pod> pods = new ArrayList<>();
        for (GivenLabels.Given pod : given.of(resource, name)) {
            Map<String, String> labels =
                    new LinkedHashMap<>(template.at("metadata", "labels").textMap());
            if (resource.type().equals(GroupKind.VIRTUAL_MACHINE)) { // what KubeVirt puts on the pod of every machine
                labels.put("kubevirt.io", "virt-launcher");
                labels.put("vm.kubevirt.io/name", name);
            }
            labels.putAll(pod.labels());
            pods.add(new Pod(
                    workload,
                    resource,
                    pod.name(),
                    labels,
                    template.at("metadata", "annotations").textMap(),
                    template.get("spec"),
                    List.of(),
                    true));
        }
        return pods;
    }

    /** Whether a label is one that controllers give to the pods they make, whatever their template says. */
    public static boolean isGiven(String label) {
        return GivenLabels.KEYS.contains(label);
    }

    /** All pods, by workload. */
    public List<Pod> all() {
        return all;
    }

    /** The pods of each workload, sorted by workload; every list has at least one. */
    public Map<WorkloadRef, List<Pod>> byWorkload() {
        return byWorkload;
    }

    /**
     * Objects that speak of containers and are of a kind whose template is not read (a Rollout, a Knative Service), where the
     * snapshot holds nothing they made: what their pods would be is not known.
     */
    public List<Resource> unread() {
        return unread;
    }

    /** Those of a namespace. */
    public List<Resource> unreadIn(String namespace) {
        return unread.stream()
                .filter(workload -> workload.namespace().equals(namespace))
                .toList();
    }

    /** The template of a workload's pods as written; absent where it has none. */
    public static Node templateOf(Resource workload) {
        return workload.type().equals(GroupKind.CRON_JOB)
                ? workload.spec().at("jobTemplate", "spec", "template")
                : workload.spec().get("template");
    }

    /** The pods of a namespace, by workload. */
    public List<Pod> in(String namespace) {
        return Collections.unmodifiableList(byNamespace.getOrDefault(namespace, List.of()));
    }
}
