package io.zta.snapshot;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is known of a cluster at one moment: its objects as they were written, and what could not be read.
 *
 * <p>Immutable and thread-safe. Only {@link #of(KubernetesClient)} touches a cluster. A snapshot of a directory is taken to
 * be the whole cluster: a kind of which it holds no object has none, unless a {@link Damage} says otherwise.
 */
public final class Snapshot {
    private final Map<GroupKind, List<Resource>> byType;
    private final Map<GroupKind, Map<String, Resource>> byName;
    private final List<Damage> damages;
    private final int foreignDocuments;
    private final Set<GroupKind> unread;
    private final Map<GroupKind, Map<String, List<Resource>>> byNamespace = new ConcurrentHashMap<>();
    private final Map<Class<?>, Derived> derived = new ConcurrentHashMap<>();
    private volatile @Nullable Set<String> namespaces;

    private Snapshot(Collection<Resource> resources, List<Damage> damages, int foreign, Set<GroupKind> unread) {
        Map<GroupKind, List<Resource>> types = new TreeMap<>();
        Map<GroupKind, Map<String, Resource>> names = new TreeMap<>();
        List<Damage> problems = new ArrayList<>(damages);
        for (Resource resource : resources) {
            Map<String, Resource> known = names.computeIfAbsent(resource.type(), type -> new LinkedHashMap<>());
            Resource earlier = known.putIfAbsent(key(resource), resource);
            if (earlier != null) {
                if (!earlier.tree().equals(resource.tree())) {
                    problems.add(new Damage(
                            resource.origin(),
                            resource.display() + " stands here and differently in " + earlier.origin(),
                            "keep one of the two: which one the cluster would hold cannot be told"));
                }
                continue;
            }
            types.computeIfAbsent(resource.type(), type -> new ArrayList<>()).add(resource);
        }
        types.replaceAll((type, list) -> List.copyOf(list));
        this.byType = types;
        this.byName = names;
        this.damages = List.copyOf(problems);
        this.foreignDocuments = foreign;
        this.unread = Collections.unmodifiableSet(new TreeSet<>(unread));
    }

    private Snapshot(
            Map<GroupKind, List<Resource>> byType,
            Map<GroupKind, Map<String, Resource>> byName,
            List<Damage> damages,
            int foreign,
            Set<GroupKind> unread) {
        this.byType = byType;
        this.byName = byName;
        this.damages = List.copyOf(damages);
        this.foreignDocuments = foreign;
        this.unread = Collections.unmodifiableSet(new TreeSet<>(unread));
    }

    /**
     * Reads a file, or all {@code .yaml}, {@code .yml} and {@code .json} files below a directory. {@code List} objects
     * are taken apart, unknown kinds kept; what is damaged is in {@link #damages()} and costs only its own document.
     *
     * @throws SnapshotException if nothing is at that path
     */
    public static Snapshot of(Path path) {
        if (!Files.exists(path)) {
            throw new SnapshotException("There is no file or directory " + path
                    + ". Name a YAML or JSON file, or a directory that holds some.");
        }
        try {
            List<Path> files = ManifestReader.files(path);
            Stream<Path> stream = files.size() > 4 ? files.parallelStream() : files.stream();
            return assemble(stream.map(ManifestReader::read).toList());
        } catch (IOException e) {
            throw new SnapshotException("Cannot list " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads text as a file of that name would be read.
     *
     * @param source the name that findings give for the text
     * @param yaml YAML or JSON, of any number of documents
     */
    public static Snapshot ofText(String source, String yaml) {
        return assemble(List.of(ManifestReader.read(source, yaml)));
    }

    /** The snapshot that holds exactly these objects. */
    public static Snapshot of(Collection<Resource> resources) {
        return new Snapshot(resources, List.of(), 0, Set.of());
    }

    /**
     * Reads a live cluster with a constant number of paginated list calls for each kind. Reads, writes nothing. Never
     * reads the content of Secrets. A kind that may not be listed is in {@link #unread()} and in {@link #damages()}.
     *
     * @throws SnapshotException if the API server does not answer
     */
    public static Snapshot of(KubernetesClient client) {
        return LiveReader.read(client);
    }

    /**
     * The kinds that {@link #of(KubernetesClient)} lists in this cluster, in the order it does. Reads, writes nothing. A
     * kind of an API group that does not answer is not in it.
     *
     * @throws SnapshotException if the API server does not answer
     */
    public static List<ListedKind> kinds(KubernetesClient client) {
        return LiveReader.kinds(client);
    }

    static Snapshot assembleLive(List<Resource> resources, List<Damage> damages, Set<GroupKind> unread) {
        return new Snapshot(resources, damages, 0, unread);
    }

    private static Snapshot assemble(List<ManifestReader.Result> results) {
        List<Resource> resources = new ArrayList<>();
        List<Damage> damages = new ArrayList<>();
        int foreign = 0;
        for (ManifestReader.Result result : results) {
            damages.addAll(result.damages());
            for (ManifestReader.Document document : result.documents()) {
                foreign += Unpacking.unpack(document.node(), document.origin(), resources, damages);
            }
        }
        return new Snapshot(resources, damages, foreign, Set.of());
    }

    /** This snapshot with further objects; one of the same kind, namespace and name replaces the one that is here. */
    public Snapshot with(Collection<Resource> more) {
        return with(more, damages, foreignDocuments, unread);
    }

    /** This snapshot with the objects of another, which replace their like; damages of both are kept. */
    public Snapshot with(Snapshot other) {
        List<Damage> both = new ArrayList<>(damages);
        both.addAll(other.damages);
        Set<GroupKind> unreadByBoth = new TreeSet<>(unread);
        unreadByBoth.addAll(other.unread);
        return with(other.resources().toList(), both, foreignDocuments + other.foreignDocuments, unreadByBoth);
    }

    /** Shares the lists of kinds of which nothing comes. */
    private Snapshot with(Collection<Resource> more, List<Damage> problems, int foreign, Set<GroupKind> unreadThen) {
        Map<GroupKind, Map<String, Resource>> names = new TreeMap<>(byName);
        Set<GroupKind> changed = new HashSet<>();
        for (Resource resource : more) {
            GroupKind type = resource.type();
            if (changed.add(type)) {
                names.put(type, new LinkedHashMap<>(byName.getOrDefault(type, Map.of())));
            }
            names.getOrDefault(type, Map.of()).put(key(resource), resource);
        }
        return sharing(names, changed, problems, foreign, unreadThen);
    }

    /** Shares with this snapshot the objects of kinds that did not change, and what does not depend on those that did. */
    private Snapshot sharing(
            Map<GroupKind, Map<String, Resource>> names,
            Set<GroupKind> changed,
            List<Damage> problems,
            int foreign,
            Set<GroupKind> unreadThen) {
        Map<GroupKind, List<Resource>> types = new TreeMap<>(byType);
        for (GroupKind type : changed) {
            Map<String, Resource> left = names.getOrDefault(type, Map.of());
            if (left.isEmpty()) {
                types.remove(type);
                names.remove(type);
            } else {
                types.put(type, List.copyOf(left.values()));
            }
        }
        Snapshot after = new Snapshot(types, names, problems, foreign, unreadThen);
        derived.forEach((type, answer) -> {
            if (answer.outlives(changed)) {
                after.derived.put(type, answer);
            }
        });
        return after;
    }

    /** A snapshot of these objects instead, that could not read what this one could not. */
    public Snapshot holding(Collection<Resource> instead) {
        return new Snapshot(instead, damages, foreignDocuments, unread);
    }

    /** This snapshot without the object of that kind, namespace and name. */
    public Snapshot without(Resource gone) {
        GroupKind type = gone.type();
        Map<String, Resource> left = new LinkedHashMap<>(byName.getOrDefault(type, Map.of()));
        if (left.remove(key(gone)) == null) {
            return this;
        }
        Map<GroupKind, Map<String, Resource>> names = new TreeMap<>(byName);
        names.put(type, left);
        return sharing(names, Set.of(type), damages, foreignDocuments, unread);
    }

    /** What tells an object of a kind apart. */
    private static String key(Resource resource) {
        return resource.name().isEmpty()
                ? "\u0000" + resource.origin() // generateName, or a file of the control plane's without a name
                : resource.namespace() + "/" + resource.name();
    }

    /** All objects, by kind, in the order read within a kind. */
    public Stream<Resource> resources() {
        return byType.values().stream().flatMap(List::stream);
    }

    /** The objects of a kind, in the order read. */
    public List<Resource> resources(GroupKind type) {
        return byType.getOrDefault(type, List.of());
    }

    /** The objects of a kind in a namespace, in the order read. */
    public List<Resource> resources(GroupKind type, String namespace) {
        return byNamespace
                .computeIfAbsent(
                        type,
                        kind -> resources(kind).stream()
                                .collect(Collectors.groupingBy(Resource::namespace, Collectors.toUnmodifiableList())))
                .getOrDefault(namespace, List.of());
    }

    /**
     * What follows from this snapshot alone, such as its pods: worked out when it is first asked for, by whichever thread
     * asks, and kept as long as the snapshot is. So several questions about one snapshot read it once.
     *
     * @param type the class of the answer, by which it is kept
     * @param derivation works it out, always in the same way for that class; must not ask for its own class
     */
    public <T> T derived(Class<T> type, Function<? super Snapshot, ? extends T> derivation) {
        return type.cast(
                derived.computeIfAbsent(type, key -> new Derived(Set.of())).of(this, derivation));
    }

    /**
     * The same for what does not depend on some kinds: kept also with the snapshots that {@link #with(Collection)} and
     * {@link #without} make of this one, as long as objects of these kinds alone change.
     *
     * @param unrelated kinds that the derivation does not look at
     */
    <T> T derived(Class<T> type, Set<GroupKind> unrelated, Function<? super Snapshot, ? extends T> derivation) {
        return type.cast(
                derived.computeIfAbsent(type, key -> new Derived(unrelated)).of(this, derivation));
    }

    /** One answer, which is not worked out under the lock of the map of them all: one may ask for another. */
    private static final class Derived {
        private final Set<GroupKind> unrelated;
        private @Nullable Object answer;

        /** An answer that does not depend on these kinds. */
        Derived(Set<GroupKind> unrelated) {
            this.unrelated = unrelated;
        }

        /** Whether the answer is the same after objects of some kinds changed. */
        boolean outlives(Set<GroupKind> changed) {
            return !unrelated.isEmpty() && unrelated.containsAll(changed);
        }

        synchronized Object of(Snapshot snapshot, Function<? super Snapshot, ?> derivation) {
            if (answer == null) {
                answer = derivation.apply(snapshot);
            }
            return answer;
        }
    }

    /** The object of that kind, namespace (empty for cluster-scoped kinds) and name. */
    public Optional<Resource> find(GroupKind type, String namespace, String name) {
        return Optional.ofNullable(byName.getOrDefault(type, Map.of()).get(namespace + "/" + name));
    }

    /** The kinds there are objects of, with their number. */
    public Map<GroupKind, Integer> counts() {
        Map<GroupKind, Integer> counts = new TreeMap<>();
        byType.forEach((type, list) -> counts.put(type, list.size()));
        return counts;
    }

    /** Names of all namespaces: those that have an object, and those that other objects are in. */
    public Set<String> namespaces() {
        Set<String> known = namespaces;
        if (known == null) {
            known = Collections.unmodifiableSet(findNamespaces());
            namespaces = known;
        }
        return known;
    }

    private Set<String> findNamespaces() {
        Set<String> names = new TreeSet<>();
        resources().forEach(resource -> {
            String name = resource.type().equals(GroupKind.NAMESPACE) ? resource.name() : resource.namespace();
            if (!name.isEmpty()) {
                names.add(name);
            }
        });
        return names;
    }

    /**
     * The labels of a namespace, with {@code kubernetes.io/metadata.name}, which the API server sets on every one. A
     * namespace that has no object of its own has that label alone.
     */
    public Map<String, String> namespaceLabels(String namespace) {
        Map<String, String> labels = new TreeMap<>(
                find(GroupKind.NAMESPACE, "", namespace).map(Resource::labels).orElse(Map.of()));
        labels.put("kubernetes.io/metadata.name", namespace);
        return labels;
    }

    /** What could not be read, in the order found. Verdicts that depend on it are Unknown. */
    public List<Damage> damages() {
        return damages;
    }

    /** Kinds of a live cluster that could not be listed. */
    public Set<GroupKind> unread() {
        return unread;
    }

    /** The number of documents that are no Kubernetes objects (neither apiVersion nor kind), which were left alone. */
    public int foreignDocuments() {
        return foreignDocuments;
    }

    /** Whether nothing at all was read. */
    public boolean isEmpty() {
        return byType.isEmpty();
    }
}
