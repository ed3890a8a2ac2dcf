package io.zta.verify;

import io.zta.Posture;
import io.zta.finding.Claim;
import io.zta.intent.Subject;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import io.zta.verify.PostureDifference.Fate;
import io.zta.verify.PostureDifference.Rendered;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Compares two postures: what each renders is put in the place of what the other does, and both clusters are compared. */
final class PostureComparison {
    private static final String ABSENT = "absent";

    private final Posture old;
    private final Posture now;
    private final Snapshot oldObjects;
    private final Snapshot newObjects;

    PostureComparison(Posture old, Posture now) {
        this.old = old;
        this.now = now;
        this.oldObjects = old.manifests().snapshot();
        this.newObjects = now.manifests().snapshot();
    }

    /** On a cluster, where the findings of both postures are compared too. */
    PostureDifference on(Snapshot cluster) {
        Snapshot base = without(cluster);
        Snapshot before = joined(base, oldObjects);
        Snapshot after = joined(base, newObjects);
        return difference(new Comparison().of(old, now, before, after));
    }

    /** On the pods that the postures speak of, and one of each namespace that they do not. */
    PostureDifference alone() {
        Snapshot pods = PostureSketch.of(List.of(old, now));
        return difference(new Comparison().of(List.of(), joined(pods, oldObjects), joined(pods, newObjects)));
    }

    private PostureDifference difference(Difference ways) {
        return new PostureDifference(ways, beyond(old, now), beyond(now, old), objects());
    }

    /** What one posture claims and another does not. */
    private static List<String> beyond(Posture one, Posture other) {
        List<String> claims = new ArrayList<>();
        for (Claim claim : Claim.values()) {
            if (Verifier.makes(one, claim) && !Verifier.makes(other, claim)) {
                claims.add(claim.id() + ": " + claim.text());
            }
        }
        Set<Subject> kept = new LinkedHashSet<>(other.noExec());
        if (Verifier.makes(other, Claim.CONTAINER_ENTRY)) {
            one.noExec().stream()
                    .filter(subject -> !kept.contains(subject))
                    .forEach(subject -> claims.add(Claim.CONTAINER_ENTRY.id() + " of " + subject));
        }
        Set<String> there = new LinkedHashSet<>(other.namespaces());
        one.namespaces().stream()
                .filter(namespace -> !there.contains(namespace))
                .forEach(namespace -> claims.add("every claim about namespace " + namespace));
        return claims;
    }

    private Snapshot without(Snapshot cluster) {
        Set<String> own = Stream.concat(oldObjects.resources(), newObjects.resources())
                .map(PostureComparison::identity)
                .collect(Collectors.toSet());
        List<Resource> kept = cluster.resources()
                .filter(object ->
                        !own.contains(identity(object)) || object.type().equals(GroupKind.NAMESPACE))
                .map(object -> object.type().equals(GroupKind.NAMESPACE) ? unlabelled(object) : object)
                .toList();
        return cluster.holding(kept);
    }

    /** A namespace is shared with others: only the labels that a posture renders are its own. */
    private Resource unlabelled(Resource namespace) {
        Set<String> rendered = Stream.of(oldObjects, newObjects)
                .flatMap(objects -> objects.find(GroupKind.NAMESPACE, "", namespace.name()).stream())
                .flatMap(object -> object.labels().keySet().stream())
                .collect(Collectors.toSet());
        Map<String, Node> labels =
                new LinkedHashMap<>(namespace.tree().at("metadata", "labels").fields());
        labels.keySet().removeAll(rendered);
        return labelled(namespace, labels);
    }

    private static Resource labelled(Resource namespace, Map<String, Node> labels) {
        Map<String, Node> metadata =
                new LinkedHashMap<>(namespace.tree().get("metadata").fields());
        metadata.put("labels", Node.object(labels));
        Map<String, Node> tree = new LinkedHashMap<>(namespace.tree().fields());
        tree.put("metadata", Node.object(metadata));
        return new Resource(
                namespace.type(),
                namespace.apiVersion(),
                namespace.namespace(),
                namespace.name(),
                Node.object(tree),
                namespace.origin());
    }

    private static Snapshot joined(Snapshot base, Snapshot objects) {
        List<Resource> more = objects.resources()
                .map(object -> {
                    Optional<Resource> there = object.type().equals(GroupKind.NAMESPACE)
                            ? base.find(GroupKind.NAMESPACE, "", object.name())
                            : Optional.empty();
                    return there.map(namespace -> {
                                Map<String, Node> labels = new LinkedHashMap<>(namespace
                                        .tree()
                                        .at("metadata", "labels")
                                        .fields());
                                labels.putAll(
                                        object.tree().at("metadata", "labels").fields());
                                return labelled(namespace, labels);
                            })
                            .orElse(object);
                })
                .toList();
        return base.with(more);
    }

    private static String identity(Resource object) {
        return object.type() + "|" + object.namespace() + "|" + object.name();
    }

    private List<Rendered> objects() {
        Map<String, Resource> before = byIdentity(oldObjects);
        Map<String, Resource> after = byIdentity(newObjects);
        Map<String, Rendered> differing = new TreeMap<>();
        before.forEach((identity, object) -> {
            Resource other = after.get(identity);
            if (other == null) {
                differing.put(
                        identity, new Rendered(Fate.REMOVED, object.display().strip(), List.of()));
                return;
            }
            List<String> fields = new ArrayList<>();
            compare("", content(object), content(other), fields);
            if (!fields.isEmpty()) {
                differing.put(
                        identity, new Rendered(Fate.CHANGED, object.display().strip(), fields));
            }
        });
        after.forEach((identity, object) -> {
            if (!before.containsKey(identity)) {
                differing.put(
                        identity, new Rendered(Fate.ADDED, object.display().strip(), List.of()));
            }
        });
        return List.copyOf(differing.values());
    }

    private static Map<String, Resource> byIdentity(Snapshot objects) {
        Map<String, Resource> byIdentity = new TreeMap<>();
        objects.resources().forEach(object -> byIdentity.put(identity(object), object));
        return byIdentity;
    }

    /** Without the annotations that say which call asked for it. */
    private static Node content(Resource object) {
        Map<String, Node> metadata =
                new LinkedHashMap<>(object.tree().get("metadata").fields());
        metadata.remove("annotations");
        Map<String, Node> tree = new LinkedHashMap<>(object.tree().fields());
        tree.put("metadata", Node.object(metadata));
        return Node.object(tree);
    }

    private static void compare(String path, Node one, Node other, List<String> fields) {
        if (one.equals(other)) {
            return;
        }
        if (one.isObject() && other.isObject()) {
            Set<String> names = new LinkedHashSet<>(one.fields().keySet());
            names.addAll(other.fields().keySet());
            names.forEach(
                    name -> compare(path.isEmpty() ? name : path + "." + name, one.get(name), other.get(name), fields));
        } else if (one.isArray() && other.isArray()) {
            for (int i = 0; i < Math.max(one.size(), other.size()); i++) {
                compare(path + "[" + i + "]", one.item(i), other.item(i), fields);
            }
        } else {
            fields.add(path + ": " + text(one) + " -> " + text(other));
        }
    }

    private static String text(Node node) {
        return node.isAbsent() ? ABSENT : node.toString();
    }
}
