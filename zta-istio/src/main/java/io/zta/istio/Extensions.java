package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Objects that change what a sidecar does in ways that are recognised and not evaluated: EnvoyFilters, plugins, Sidecars
 * with ingress listeners, and namespaces that istiod does not look at.
 */
final class Extensions {
    private static final List<GroupKind> POLICIES =
            List.of(GroupKind.PEER_AUTHENTICATION, GroupKind.AUTHORIZATION_POLICY, GroupKind.REQUEST_AUTHENTICATION);

    private final Snapshot snapshot;
    private final MeshSettings settings;
    private final List<Resource> ofOtherRevisions = new ArrayList<>();

    Extensions(Snapshot snapshot, MeshSettings settings) {
        this.snapshot = snapshot;
        this.settings = settings;
        for (GroupKind kind : POLICIES) {
            for (Resource policy : snapshot.resources(kind)) {
                if (!revision(policy).equals(settings.revision())) {
                    ofOtherRevisions.add(policy);
                }
            }
        }
    }

    private String revision(Resource policy) {
        return policy.labels().getOrDefault("istio.io/rev", settings.revision());
    }

    List<Doubt> doubts(Pod pod) {
        List<Doubt> doubts = new ArrayList<>();
        filters(pod)
                .forEach(filter -> doubts.add(new Doubt(
                        filter.display() + " changes the sidecar of " + pod.display() + ", which is not evaluated",
                        "remove it, or read what it patches by hand",
                        filter.origin())));
        for (GroupKind kind : List.of(Kinds.WASM_PLUGIN, Kinds.TRAFFIC_EXTENSION)) {
            for (Resource plugin : snapshot.resources(kind)) {
                if (WorkloadSelectors.applies(plugin, pod, settings.rootNamespace()) != Truth.NO) {
                    doubts.add(new Doubt(
                            plugin.display() + " runs code of its own in the sidecar of " + pod.display()
                                    + ", which is not evaluated",
                            "remove it, or read what it does by hand",
                            plugin.origin()));
                }
            }
        }
        for (Resource sidecar : sidecars(pod)) {
            Node ingress = sidecar.spec().get("ingress");
            if (ingress.size() > 0) {
                doubts.add(new Doubt(
                        sidecar.display() + " has listeners of its own (spec.ingress) for " + pod.display()
                                + ", which are not evaluated",
                        "remove spec.ingress",
                        sidecar.originOf(ingress)));
            }
        }
        for (Resource policy : ofOtherRevisions) {
            if (near(policy, pod)) {
                doubts.add(new Doubt(
                        policy.display() + " is labelled istio.io/rev: " + revision(policy)
                                + ", and the control plane of revision " + settings.revision() + " passes it by",
                        "take the label off",
                        policy.origin()));
            }
        }
        settings.undiscovered(pod.namespace(), snapshot.namespaceLabels(pod.namespace()))
                .ifPresent(evidence -> doubts.add(new Doubt(
                        "istiod does not look at namespace " + pod.namespace() + " (" + evidence
                                + "), so policies may not act there",
                        "include the namespace in meshConfig.discoverySelectors",
                        evidence.origin())));
        return doubts;
    }

    /** EnvoyFilters that may change what comes into a pod. */
    List<Resource> filters(Pod pod) {
        return snapshot.resources(Kinds.ENVOY_FILTER).stream()
                .filter(filter -> near(filter, pod) && selected(filter.spec().get("workloadSelector"), "labels", pod))
                .filter(filter -> filter.spec().get("targetRefs").size() == 0)
                .filter(filter ->
                        filter.spec().get("configPatches").items().stream().anyMatch(Extensions::inbound))
                .toList();
    }

    /** Whether a patch may change what comes in: a listener more, whatever its context, may lead to the application. */
    private static boolean inbound(Node patch) {
        String context = patch.at("match", "context").textOr("ANY");
        String what = patch.get("applyTo").textOr("");
        return switch (context) {
            case "GATEWAY" -> what.equals("BOOTSTRAP");
            case "SIDECAR_OUTBOUND" -> Set.of("LISTENER", "BOOTSTRAP", "").contains(what);
            default -> true;
        };
    }

    /** The patch of a filter that takes authorization or token checks out; empty where none plainly does. */
    static Optional<Evidence> removal(Resource filter) {
        List<Node> patches = filter.spec().get("configPatches").items();
        for (int i = 0; i < patches.size(); i++) {
            String text = patches.get(i).toString();
            boolean removes = patches.get(i).at("patch", "operation").textOr("").equals("REMOVE");
            if (removes && (text.contains("rbac") || text.contains("jwt_authn") || text.contains("ext_authz"))) {
                return Optional.of(Evidence.of(filter, "spec.configPatches[" + i + "]", patches.get(i)));
            }
        }
        return Optional.empty();
    }

    private List<Resource> sidecars(Pod pod) {
        return snapshot.resources(Kinds.SIDECAR).stream()
                .filter(sidecar ->
                        near(sidecar, pod) && selected(sidecar.spec().get("workloadSelector"), "labels", pod))
                .toList();
    }

    private boolean near(Resource resource, Pod pod) {
        return resource.namespace().equals(settings.rootNamespace())
                || resource.namespace().equals(pod.namespace());
    }

    private static boolean selected(Node selector, String field, Pod pod) {
        Map<String, String> labels = selector.get(field).textMap();
        return pod.labels().entrySet().containsAll(labels.entrySet());
    }
}
