package io.zta.verify.whatif;

import io.zta.finding.Evidence;
import io.zta.snapshot.Node;
import io.zta.snapshot.Origin;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One change to one object of a snapshot. Immutable; equal to another that says the same.
 *
 * <p>A field is told by the very node that was read, so edits of one object do not shift each other's places in lists.
 */
public final class Edit {
    /** What is done. */
    public enum Action {
        /** The object, or one of its fields, is taken away. */
        REMOVE,
        /** A field gets another value. */
        SET,
        /** The object is made; where it is there already, its fields are set as in an apply. */
        PUT,
        /** What could not be read is taken to hold nothing. */
        DISREGARD
    }

    private final Action action;
    private final Optional<Resource> object;
    private final String path;
    private final Node field;
    private final Node value;

    private Edit(Action action, Optional<Resource> object, String path, Node field, Node value) {
        this.action = action;
        this.object = object;
        this.path = path;
        this.field = field;
        this.value = value;
    }

    /** Takes an object away. */
    static Edit remove(Resource object) {
        return new Edit(Action.REMOVE, Optional.of(object), "", Node.missing(), Node.missing());
    }

    /** Takes a field away, or an item of a list; {@code path} is only how it is called. */
    static Edit remove(Resource object, String path, Node field) {
        return new Edit(Action.REMOVE, Optional.of(object), path, field, Node.missing());
    }

    /** Gives a field that is there another value. */
    static Edit set(Resource object, String path, Node field, Node value) {
        return new Edit(Action.SET, Optional.of(object), path, field, value);
    }

    /** Makes an object, or sets its fields where it is there. */
    static Edit put(Resource object) {
        return new Edit(Action.PUT, Optional.of(object), "", Node.missing(), Node.missing());
    }

    /** Takes what could not be read to hold nothing. */
    static Edit disregardUnread() {
        return new Edit(Action.DISREGARD, Optional.empty(), "", Node.missing(), Node.missing());
    }

    /** What is done. */
    public Action action() {
        return action;
    }

    /** The object, {@code Kind namespace/name}; empty for what could not be read. */
    public String object() {
        return object.map(known -> known.display().strip()).orElse("");
    }

    /** The field, such as {@code spec.ingress[0]}; empty for the object as a whole. */
    public String path() {
        return path;
    }

    /** Where the object or field stands; {@link Origin#MEMORY} for what is to be made. */
    public Origin origin() {
        return action == Action.PUT
                ? Origin.MEMORY
                : object.map(known -> known.originOf(field)).orElse(Origin.MEMORY);
    }

    /** What is taken away or set, as evidence quotes it: the field's value, or what the object asks for. */
    public Evidence evidence() {
        Node quoted = path.isEmpty() ? content() : field;
        return new Evidence(object(), path, quoted.toString(), origin());
    }

    /** The value that is set, or what the object that is made holds beside its name; empty when something is removed. */
    public Optional<String> value() {
        return switch (action) {
            case SET -> Optional.of(value.toString());
            case PUT -> Optional.of(content().toString());
            case REMOVE, DISREGARD -> Optional.empty();
        };
    }

    private Node content() {
        Map<String, Node> rest = new LinkedHashMap<>(
                object.map(Resource::tree).orElse(Node.missing()).fields());
        rest.keySet().removeAll(List.of("apiVersion", "kind", "metadata", "status"));
        return rest.size() == 1 ? rest.values().iterator().next() : Node.object(rest);
    }

    /** A snapshot with the edit made. The one given stays as it is. */
    public Snapshot applyTo(Snapshot snapshot) {
        if (object.isEmpty()) {
            return Snapshot.of(snapshot.resources().toList());
        }
        Resource known = object.get();
        Optional<Resource> now = known.name().isEmpty()
                ? snapshot.resources(known.type()).stream().findFirst() // the audit policy, which is a file
                : snapshot.find(known.type(), known.namespace(), known.name());
        if (action == Action.PUT) {
            Node tree = now.map(there -> joined(there.tree(), known.tree())).orElse(known.tree());
            return snapshot.with(List.of(with(now.orElse(known), tree)));
        }
        if (now.isEmpty()) {
            return snapshot;
        }
        if (path.isEmpty()) {
            return snapshot.without(now.get());
        }
        Node replaced = replaced(now.get().tree(), field, value);
        return snapshot.with(List.of(with(now.get(), replaced)));
    }

    /** A snapshot with all these edits made: what is taken away first, so that what is made stays. */
    static Snapshot applied(List<Edit> edits, Snapshot snapshot) {
        Snapshot edited = snapshot;
        for (Edit edit : edits) {
            edited = edit.action == Action.PUT ? edited : edit.applyTo(edited);
        }
        for (Edit edit : edits) {
            edited = edit.action == Action.PUT ? edit.applyTo(edited) : edited;
        }
        return edited;
    }

    private static Resource with(Resource object, Node tree) {
        return new Resource(
                object.type(), object.apiVersion(), object.namespace(), object.name(), tree, object.origin());
    }

    /** The tree with another node in the place of one, or with none where the other is missing. */
    @SuppressWarnings("ReferenceEquality") // an equal node may stand beside the one that is meant
    private static Node replaced(Node tree, Node one, Node other) {
        if (tree == one) {
            return other;
        }
        if (tree.isObject()) {
            Map<String, Node> fields = new LinkedHashMap<>();
            tree.fields().forEach((name, child) -> {
                Node kept = replaced(child, one, other);
                if (kept.kind() != Node.Kind.MISSING) {
                    fields.put(name, kept);
                }
            });
            return fields.equals(tree.fields()) ? tree : Node.object(fields);
        }
        if (tree.isArray()) {
            List<Node> items = new ArrayList<>();
            for (Node child : tree.items()) {
                Node kept = replaced(child, one, other);
                if (kept.kind() != Node.Kind.MISSING) {
                    items.add(kept);
                }
            }
            return items.equals(tree.items()) ? tree : Node.array(items);
        }
        return tree;
    }

    /** As an apply joins them: objects field by field, all else from the one that is applied. */
    private static Node joined(Node there, Node applied) {
        if (!there.isObject() || !applied.isObject()) {
            return applied;
        }
        Map<String, Node> fields = new LinkedHashMap<>(there.fields());
        applied.fields().forEach((name, value) -> fields.merge(name, value, Edit::joined));
        return Node.object(fields);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Edit that && key().equals(that.key());
    }

    @Override
    public int hashCode() {
        return key().hashCode();
    }

    private List<Object> key() {
        return List.of(action, object(), path, value, object.map(Resource::type));
    }

    /** The edit as a clause: {@code remove spec.ingress[0] of NetworkPolicy shop/open}. */
    @Override
    public String toString() {
        return switch (action) {
            case REMOVE -> "remove " + (path.isEmpty() ? object() : path + " of " + object());
            case SET ->
                added().map(more -> "add " + more + " to " + path + " of " + object())
                        .orElseGet(() -> "set " + path + " of " + object() + " to " + value);
            case PUT -> "apply " + object();
            case DISREGARD -> "what could not be read holds nothing";
        };
    }

    /** What a list gets more; empty where it is no list, or loses something. */
    private Optional<String> added() {
        List<Node> more = new ArrayList<>(value.items());
        boolean grows = value.isArray() && more.containsAll(field.items());
        more.removeAll(field.items());
        return grows ? Optional.of(Node.array(more).toString()) : Optional.empty();
    }

    /** The object as it was read, or as it is to be; none for what could not be read. */
    Optional<Resource> resource() {
        return object;
    }
}
