package io.zta.verify.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a plan was made on: the objects it writes, and the policies beside them, with their resourceVersions. */
final class Basis {
    static final String ABSENT = "absent";

    /** Policies that join those of the posture, so that one more or one less makes another plan. */
    private static final List<GroupKind> POLICIES = List.of(
            GroupKind.NETWORK_POLICY,
            GroupKind.PEER_AUTHENTICATION,
            GroupKind.REQUEST_AUTHENTICATION,
            GroupKind.AUTHORIZATION_POLICY);

    private Basis() {}

    static String key(ObjectRef ref) {
        return ref.apiVersion() + "|" + ref.kind() + "|" + ref.namespace() + "|" + ref.name();
    }

    private static ObjectRef ref(String key) {
        String[] parts = key.split("\\|", -1);
        return new ObjectRef(parts[0], parts[1], parts[2], parts[3]);
    }

    static Map<String, String> of(Posture posture, List<Step> steps, Snapshot before) {
        Map<String, String> basis = new TreeMap<>();
        for (GroupKind type : POLICIES) {
            for (String namespace : posture.namespaces()) {
                for (Resource resource : before.resources(type, namespace)) {
                    ObjectNode object = Json.of(resource);
                    basis.put(key(Json.ref(object)), Json.metadata(object, "resourceVersion"));
                }
            }
        }
        for (Step step : steps) {
            for (Change change : step.changes()) {
                Optional<Resource> live = before.find(
                        change.object().type(),
                        change.object().namespace(),
                        change.object().name());
                String version = live.map(Json::of)
                        .map(object -> Json.metadata(object, "resourceVersion"))
                        .orElse(ABSENT);
                basis.put(key(change.object()), version);
            }
        }
        return basis;
    }

    /** Every object of the collections that a plan touches, one list for each kind and namespace. */
    static Map<ObjectRef, ObjectNode> read(Api api, Plan plan) {
        Set<ObjectRef> collections = new TreeSet<>();
        for (String key : plan.basis().keySet()) {
            ObjectRef ref = ref(key);
            collections.add(new ObjectRef(ref.apiVersion(), ref.kind(), ref.namespace(), ""));
        }
        Map<ObjectRef, ObjectNode> live = new TreeMap<>();
        for (ObjectRef collection : collections) {
            String query = collection.kind().equals("Namespace")
                            && plan.posture().namespaces().size() == 1
                    ? "fieldSelector="
                            + Api.encode("metadata.name="
                                    + plan.posture().namespaces().get(0))
                    : "";
            for (ObjectNode object :
                    api.list(collection.apiVersion(), collection.kind(), collection.namespace(), query)) {
                live.put(Json.ref(object), object);
            }
        }
        return live;
    }

    /** What is another than when the plan was made, one line each. */
    static List<String> moved(Plan plan, Map<ObjectRef, ObjectNode> live) {
        List<String> moved = new ArrayList<>();
        plan.basis().forEach((key, version) -> {
            ObjectRef ref = ref(key);
            String now = Optional.ofNullable(live.get(ref))
                    .map(object -> Json.metadata(object, "resourceVersion"))
                    .orElse(ABSENT);
            if (!now.equals(version)) {
                moved.add(ref + ": was " + shown(version) + ", is " + shown(now));
            }
        });
        live.forEach((ref, object) -> {
            if (POLICIES.contains(ref.type())
                    && plan.posture().namespaces().contains(ref.namespace())
                    && !plan.basis().containsKey(key(ref))) {
                moved.add(ref + ": was absent, is there");
            }
        });
        return moved;
    }

    private static String shown(String version) {
        return version.equals(ABSENT) ? version : "resourceVersion " + version;
    }
}
