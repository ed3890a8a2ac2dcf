package io.zta.verify.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zta.Posture;
import io.zta.rbac.Identity;
import io.zta.snapshot.Snapshot;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What gates know of the cluster beside its objects.
 *
 * @param applier who plans, as the API server sees it; empty on a snapshot
 * @param leaseHolder who holds the appliers' Lease
 * @param inventoryRefusal the API server's words where it would not take an inventory; empty where it would
 */
record Cluster(Optional<Identity> applier, Optional<String> leaseHolder, Optional<String> inventoryRefusal) {
    /** Nothing but a snapshot is known. */
    static Cluster unknown() {
        return new Cluster(Optional.empty(), Optional.empty(), Optional.empty());
    }

    static Cluster of(Api api, Snapshot before, Posture posture) {
        return new Cluster(self(api), ApplierLease.holder(api), inventory(api, before, posture));
    }

    private static Optional<Identity> self(Api api) {
        ObjectNode review = Json.MAPPER.createObjectNode();
        review.put("apiVersion", "authentication.k8s.io/v1").put("kind", "SelfSubjectReview");
        Api.Answer answer = api.send(
                "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "application/json", Json.text(review));
        if (!answer.ok()) {
            return Optional.empty();
        }
        JsonNode info = answer.body().path("status").path("userInfo");
        Set<String> groups = new TreeSet<>();
        info.path("groups").forEach(group -> groups.add(group.asText()));
        return Optional.of(new Identity(info.path("username").asText(), groups));
    }

    private static Optional<String> inventory(Api api, Snapshot before, Posture posture) {
        boolean there = before.namespaces().contains(Inventory.NAMESPACE);
        ObjectNode map = Json.MAPPER.createObjectNode().put("apiVersion", "v1").put("kind", "ConfigMap");
        map.putObject("metadata")
                .put("name", "zta-inventory-" + Inventory.key(posture.id()) + "-dry-run")
                .put(
                        "namespace",
                        there ? Inventory.NAMESPACE : posture.namespaces().get(0));
        if (!there) {
            ObjectNode namespace =
                    Json.MAPPER.createObjectNode().put("apiVersion", "v1").put("kind", "Namespace");
            namespace.putObject("metadata").put("name", Inventory.NAMESPACE);
            Api.Answer answer = api.create(namespace, true);
            return answer.ok() || answer.conflict()
                    ? Optional.empty()
                    : Optional.of("namespace " + Inventory.NAMESPACE + ": " + answer.message());
        }
        Api.Answer answer = api.apply(map, true, false);
        return answer.ok()
                ? Optional.empty()
                : Optional.of("ConfigMap in " + Inventory.NAMESPACE + ": " + answer.message());
    }

    /** As evidence prints it. */
    static List<String> lines(Identity identity) {
        return List.of(identity.user() + " of " + String.join(", ", identity.groups()));
    }
}
