package io.zta.istio;

import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import java.util.Map;
import java.util.Optional;

/** Istio's own selectors: {@code matchLabels} alone, and {@code targetRefs}, which do not act on sidecars. */
final class WorkloadSelectors {
    private static final String GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";

    private WorkloadSelectors() {}

    /** The labels of a selector, none for one that selects everything; empty where it can't be read. */
    static Optional<Map<String, String>> labels(Node selector) {
        if (selector.isAbsent()) {
            return Optional.of(Map.of());
        }
        Node labels = selector.get("matchLabels");
        boolean readable = selector.isObject()
                && selector.fields().keySet().stream().allMatch("matchLabels"::equals)
                && (labels.isAbsent() || labels.isObject());
        return readable ? Optional.of(labels.textMap()) : Optional.empty();
    }

    /** Whether an AuthorizationPolicy, RequestAuthentication or plugin of that namespace acts on a pod. */
    static Truth applies(Resource policy, Pod pod, String root) {
        if (!policy.namespace().equals(root) && !policy.namespace().equals(pod.namespace())) {
            return Truth.NO;
        }
        Node refs = policy.spec().get("targetRefs");
        Node ref = policy.spec().get("targetRef");
        String gateway = pod.labels().get(GATEWAY_NAME);
        if (refs.size() > 0 || ref.size() > 0) {
            boolean attached = gateway != null
                    && policy.namespace().equals(pod.namespace())
                    && (refs.size() > 0 ? refs.items() : java.util.List.of(ref))
                            .stream()
                                    .anyMatch(target -> target.get("kind")
                                                    .textOr("")
                                                    .equals("Gateway")
                                            && target.get("name").textOr("").equals(gateway));
            return Truth.of(attached);
        }
        return labels(policy.spec().get("selector"))
                .map(labels -> Truth.of(pod.labels().entrySet().containsAll(labels.entrySet())))
                .orElse(Truth.UNKNOWN);
    }
}
