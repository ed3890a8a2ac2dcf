package io.zta.rbac.admission;

import io.zta.rbac.AdmissionVerdicts.Operation;
import io.zta.rbac.AdmissionVerdicts.Request;
import io.zta.rbac.Authorizer;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.AbstractMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What an admission expression sees of a request. What is not known fails when it is read, and is noted: an expression that
 * comes to a value without it has that value all the same. Used by one thread.
 */
final class CelInput {
    private final Map<String, Object> bound = new HashMap<>();
    private final Set<String> unknown = new TreeSet<>();
    private final Set<String> touched = new TreeSet<>();

    private CelInput() {}

    static CelInput of(Request request, Authorizer authorizer, Snapshot snapshot, Map<String, String> variables) {
        CelInput input = new CelInput();
        input.object("object", request.object(), request.operation() == Operation.DELETE);
        input.object(
                "oldObject",
                request.old(),
                request.operation() == Operation.CREATE || request.operation() == Operation.CONNECT);
        input.bound.put("request", input.request(request));
        input.namespace(request, snapshot);
        CelAuthorizer asker = CelAuthorizer.of(authorizer, request.identity());
        input.bound.put("authorizer", asker);
        input.bound.put(
                "authorizer.requestResource", new CelAuthorizer(authorizer, request.identity(), request.attributes()));
        input.unknown.add("params");
        input.bound.put("variables", new Lazy(variables.keySet(), name -> input.variable(name, variables)));
        return input;
    }

    /** The same input with a parameter object. */
    CelInput with(Resource params) {
        unknown.remove("params");
        bound.put("params", value(params.tree()));
        return this;
    }

    /** What unknown things were read since this input was made; empty if none. */
    String unknownTouched() {
        return String.join(" and ", touched);
    }

    Optional<Object> resolve(String name) {
        if (unknown.contains(name)) {
            throw missing(name.equals("params") ? "the policy's parameters" : "the content of the object");
        }
        return Optional.ofNullable(bound.get(name));
    }

    private IllegalStateException missing(String what) {
        touched.add(what);
        return new IllegalStateException(what + " is not known");
    }

    private void object(String name, Optional<Node> content, boolean none) {
        if (content.isPresent()) {
            bound.put(name, value(content.get()));
        } else if (none) {
            bound.put(name, dev.cel.common.values.NullValue.NULL_VALUE);
        } else {
            unknown.add(name);
        }
    }

    private void namespace(Request request, Snapshot snapshot) {
        String name = request.attributes().namespace();
        if (name.isEmpty() || request.attributes().resource().equals("namespaces")) {
            bound.put("namespaceObject", dev.cel.common.values.NullValue.NULL_VALUE);
            return;
        }
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("name", name);
        metadata.put("labels", new LinkedHashMap<String, Object>(snapshot.namespaceLabels(name)));
        Optional<Resource> object = snapshot.find(GroupKind.NAMESPACE, "", name);
        object.ifPresent(found -> {
            Node node = found.tree().get("metadata");
            if (node.get("annotations").isPresent()) {
                metadata.put("annotations", value(node.get("annotations")));
            }
            node.get("deletionTimestamp").text().ifPresent(text -> metadata.put("deletionTimestamp", text));
        });
        Map<String, Object> namespace = new LinkedHashMap<>();
        namespace.put("metadata", metadata);
        namespace.put("status", Map.of("phase", metadata.containsKey("deletionTimestamp") ? "Terminating" : "Active"));
        bound.put("namespaceObject", namespace);
    }

    private Map<String, Object> request(Request request) {
        var attributes = request.attributes();
        Map<String, Object> user = new LinkedHashMap<>();
        user.put("username", request.identity().user());
        user.put("groups", java.util.List.copyOf(request.identity().groups()));
        Map<String, Object> known = new LinkedHashMap<>();
        known.put("operation", request.operation().name());
        // The API server leaves out what is empty: an expression that reads it without has() fails.
        Map.of(
                        "namespace", attributes.namespace(),
                        "name", attributes.name(),
                        "subResource", attributes.subresource())
                .forEach((field, value) -> {
                    if (!value.isEmpty()) {
                        known.put(field, value);
                    }
                });
        known.put("resource", Map.of("group", attributes.group(), "version", "v1", "resource", attributes.resource()));
        known.put("userInfo", new Partial(user, Set.of("uid", "extra"), "the user's uid and extra fields"));
        known.put("dryRun", false);
        return new Partial(
                known,
                Set.of("uid", "options", "kind", "requestKind", "requestResource", "requestSubResource"),
                "fields of the request that the analysis does not know");
    }

    private Object variable(String name, Map<String, String> variables) {
        String expression = variables.get(name);
        if (expression == null) {
            throw new IllegalStateException("there is no variable " + name);
        }
        CelEngine.Outcome outcome = CelEngine.evaluate(expression, this);
        if (outcome instanceof CelEngine.Outcome.Value value) {
            return value.value();
        }
        if (outcome instanceof CelEngine.Outcome.Unclear unclear) {
            if (touched.isEmpty()) {
                touched.add("variables." + name + ", and " + unclear.why());
            }
            throw new IllegalStateException("variables." + name + " is not known");
        }
        throw new IllegalStateException("variables." + name + " fails");
    }

    /** A value as CEL has it. */
    static Object value(Node node) {
        return switch (node.kind()) {
            case OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                node.fields().forEach((key, field) -> {
                    if (field.isPresent()) { // the API server drops nulls
                        map.put(key, value(field));
                    }
                });
                yield map;
            }
            case ARRAY -> node.items().stream().map(CelInput::value).toList();
            case SCALAR -> scalar(node);
            case NULL, MISSING -> dev.cel.common.values.NullValue.NULL_VALUE;
        };
    }

    private static Object scalar(Node node) {
        if (node.isInteger()) {
            return Long.parseLong(node.textOr("0"));
        }
        if (node.bool().isPresent()) {
            return node.bool().get();
        }
        String text = node.textOr("");
        if (!node.isQuoted() && text.matches("[-+]?[0-9]*\\.[0-9]+([eE][-+]?[0-9]+)?")) {
            return Double.parseDouble(text);
        }
        return text;
    }

    /** Computes each value when it is first asked for. */
    private static final class Lazy extends AbstractMap<String, Object> {
        private final Set<String> names;
        private final Function<String, Object> compute;
        private final Map<String, Object> done = new HashMap<>();
        private final Map<String, IllegalStateException> failed = new HashMap<>();

        Lazy(Set<String> names, Function<String, Object> compute) {
            this.names = names;
            this.compute = compute;
        }

        @Override
        public boolean containsKey(Object key) {
            return names.contains(String.valueOf(key));
        }

        @Override
        public Object get(Object key) {
            String name = String.valueOf(key);
            Object value = done.get(name);
            if (value == null) {
                IllegalStateException failure = failed.get(name);
                if (failure != null) {
                    throw failure;
                }
                try {
                    value = compute.apply(name);
                } catch (IllegalStateException e) {
                    failed.put(name, e);
                    throw e;
                }
                done.put(name, value);
            }
            return value;
        }

        @Override
        public Set<Entry<String, Object>> entrySet() {
            throw new UnsupportedOperationException("variables are asked for by name");
        }
    }

    /** A map of which some fields are not known. */
    private final class Partial extends AbstractMap<String, Object> {
        private final Map<String, Object> known;
        private final Set<String> unknownKeys;
        private final String what;

        Partial(Map<String, Object> known, Set<String> unknownKeys, String what) {
            this.known = known;
            this.unknownKeys = unknownKeys;
            this.what = what;
        }

        @Override
        public boolean containsKey(Object key) {
            if (unknownKeys.contains(String.valueOf(key))) {
                throw missing(what);
            }
            return known.containsKey(key);
        }

        @Override
        @SuppressWarnings("NullAway") // null stands for "no such key", as in every map
        public Object get(Object key) {
            if (unknownKeys.contains(String.valueOf(key))) {
                throw missing(what);
            }
            return known.get(key);
        }

        @Override
        public Set<Entry<String, Object>> entrySet() {
            return known.entrySet();
        }
    }
}
