package io.zta.verify.watch;

import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The objects of the cluster as last read and as watches changed them since. Thread-safe. */
final class ClusterState {
    private record Key(GroupKind type, String namespace, String name) implements Comparable<Key> {
        static Key of(Resource resource) {
            return new Key(resource.type(), resource.namespace(), resource.name());
        }

        @Override
        public int compareTo(Key other) {
            int byType = type.compareTo(other.type);
            int byNamespace = byType != 0 ? byType : namespace.compareTo(other.namespace);
            return byNamespace != 0 ? byNamespace : name.compareTo(other.name);
        }
    }

    private final Map<Key, Resource> objects = new TreeMap<>();
    private final Set<String> causes = new LinkedHashSet<>();
    private Snapshot base = Snapshot.of(List.of());
    /** What was heard while everything is being read: the answer may be older. Null while nothing is read. */
    private @Nullable Map<Key, Optional<Resource>> meanwhile;

    /** From now on until {@link #replace}, what is heard goes over what is read. */
    synchronized void reading() {
        meanwhile = new LinkedHashMap<>();
    }

    synchronized void replace(Snapshot read) {
        base = read;
        Map<Key, Resource> before = new TreeMap<>(objects);
        objects.clear();
        read.resources().forEach(resource -> objects.put(Key.of(resource), resource));
        if (meanwhile != null) {
            meanwhile.forEach((key, now) ->
                    now.ifPresentOrElse(resource -> objects.put(key, resource), () -> objects.remove(key)));
            meanwhile = null;
        }
        if (!before.isEmpty()) {
            objects.forEach((key, now) -> note(before.remove(key), now));
            before.values().forEach(was -> causes.add(was.display() + " gone"));
        }
    }

    /** Takes a change; whether it is one that a verdict could depend on. */
    synchronized boolean put(Resource resource) {
        Key key = Key.of(resource);
        if (meanwhile != null) {
            meanwhile.put(key, Optional.of(resource));
        }
        return note(objects.put(key, resource), resource);
    }

    synchronized boolean remove(Resource resource) {
        Key key = Key.of(resource);
        if (meanwhile != null) {
            meanwhile.put(key, Optional.empty());
        }
        boolean was = objects.remove(key) != null;
        if (was) {
            causes.add(resource.display() + " gone");
        }
        return was;
    }

    private boolean note(@Nullable Resource before, Resource now) {
        if (before == null) {
            causes.add(now.display() + " new");
            return true;
        }
        if (content(before).equals(content(now))) {
            return false;
        }
        causes.add(now.display() + " changed");
        return true;
    }

    /** Without what every write changes and no verdict reads. */
    private static Node content(Resource resource) {
        Map<String, Node> fields = new LinkedHashMap<>(resource.tree().fields());
        Map<String, Node> metadata =
                new LinkedHashMap<>(resource.tree().get("metadata").fields());
        metadata.remove("resourceVersion");
        metadata.remove("managedFields");
        fields.put("metadata", Node.object(metadata));
        return Node.object(fields);
    }

    synchronized Snapshot snapshot() {
        return base.holding(new ArrayList<>(objects.values()));
    }

    /** What changed since it was last asked. */
    synchronized List<String> causes() {
        List<String> since = List.copyOf(causes);
        causes.clear();
        return since;
    }
}
