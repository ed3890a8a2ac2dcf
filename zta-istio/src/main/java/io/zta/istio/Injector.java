package io.zta.istio;

import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Istio's injector as the snapshot shows it: its webhooks, and its ConfigMaps with the image it puts in. Answers whether a
 * pod made of a template would get a sidecar.
 */
final class Injector {
    private static final Set<String> NEVER =
            Set.of("kube-system", "kube-public", "kube-node-lease", "local-path-storage");

    private final Snapshot snapshot;
    private final List<Resource> maps;
    private final List<Node> values = new ArrayList<>();
    private final List<Node> configs = new ArrayList<>();
    private final List<Resource> webhooks;

    Injector(Snapshot snapshot) {
        this.snapshot = snapshot;
        this.maps = snapshot.resources(GroupKind.CONFIG_MAP).stream()
                .filter(map -> map.name().equals("istio-sidecar-injector")
                        || map.name().startsWith("istio-sidecar-injector-"))
                .toList();
        for (Resource map : maps) {
            Text.tree(map.tree().at("data", "values").textOr("")).ifPresent(values::add);
            Text.tree(map.tree().at("data", "config").textOr("")).ifPresent(configs::add);
        }
        this.webhooks = snapshot.resources(GroupKind.MUTATING_WEBHOOK_CONFIGURATION).stream()
                .filter(resource ->
                        resource.tree().get("webhooks").items().stream().anyMatch(Injector::injects))
                .toList();
    }

    private static boolean injects(Node webhook) {
        return webhook.at("clientConfig", "service", "path").textOr("").startsWith("/inject")
                || webhook.at("clientConfig", "url").textOr("").contains("/inject");
    }

    /** Whether the snapshot holds an injector ConfigMap that can be read. */
    boolean known() {
        return !values.isEmpty();
    }

    /** A setting of {@code global.proxy}, the first that is there. */
    String proxySetting(String name, String otherwise) {
        return values.stream()
                .map(value -> value.at("global", "proxy", name))
                .filter(Node::isPresent)
                .map(node -> node.textOr(otherwise))
                .findFirst()
                .orElse(otherwise);
    }

    /** Whether Istio's CNI plugin captures in place of an init container; empty where it can't be told. */
    Optional<Boolean> cni() {
        if (values.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(values.stream()
                .anyMatch(value -> value.at("pilot", "cni", "enabled").isTrue()
                        || value.at("istio_cni", "enabled").isTrue()));
    }

    /** Images that the injector puts in, as far as the ConfigMaps say; empty where they don't. */
    Set<String> images() {
        Set<String> images = new TreeSet<>();
        for (Node value : values) {
            Node global = value.get("global");
            for (String part : List.of("proxy", "proxy_init")) {
                String name = global.at(part, "image").textOr("proxyv2");
                if (name.contains("/")) {
                    images.add(name);
                    continue;
                }
                String base = global.get("hub").textOr("") + "/" + name + ":"
                        + global.get("tag").textOr("");
                images.add(base);
                List.of("distroless", "debug").forEach(type -> images.add(base + "-" + type));
                global.get("variant")
                        .text()
                        .filter(type -> !type.isEmpty())
                        .ifPresent(type -> images.add(base + "-" + type));
            }
        }
        return images;
    }

    /** Whether a pod of a template gets a sidecar when it is created. */
    Capture injected(Pod pod) {
        Evidence self = Evidence.of(pod.resource(), "", "the template of " + pod.workload());
        if (pod.hostNetwork()) {
            return Capture.open(
                    "MESH-nosidecar",
                    "pods on the node's network get no sidecar",
                    Evidence.of(pod.resource(), "spec.hostNetwork", pod.spec().get("hostNetwork")));
        }
        if (NEVER.contains(pod.namespace())) {
            return Capture.open("MESH-nosidecar", "Istio never injects into namespace " + pod.namespace(), self);
        }
        Map<String, String> namespace = snapshot.namespaceLabels(pod.namespace());
        Capture called = webhooks.isEmpty() ? byLabels(pod, namespace) : byWebhooks(pod, namespace);
        return called.is(Capture.State.CAPTURED) ? byPod(pod, called) : called;
    }

    private Capture byWebhooks(Pod pod, Map<String, String> namespace) {
        boolean doubtful = false;
        for (Resource configuration : webhooks) {
            List<Node> hooks = configuration.tree().get("webhooks").items();
            for (int i = 0; i < hooks.size(); i++) {
                Node hook = hooks.get(i);
                Selector namespaces = Selector.of(hook.get("namespaceSelector"));
                Selector objects = Selector.of(hook.get("objectSelector"));
                boolean unreadable = namespaces.unreadable().isPresent()
                        || objects.unreadable().isPresent();
                if (!injects(hook)
                        || !unreadable && !(namespaces.matches(namespace) && objects.matches(pod.labels()))) {
                    continue;
                }
                if (unreadable
                        || hook.get("matchConditions").size() > 0
                        || hook.get("failurePolicy").textOr("Fail").equals("Ignore")) {
                    doubtful = true;
                    continue;
                }
                return Capture.captured(
                        "the injector's webhook matches",
                        Evidence.of(configuration, "webhooks[" + i + "].name", hook.get("name")));
            }
        }
        Evidence labels = namespaceEvidence(pod.namespace(), namespace);
        return doubtful
                ? Capture.unknown(
                        "MESH-nosidecar",
                        "whether the injector's webhook acts on " + pod.display() + " depends on matchConditions, on a"
                                + " selector that can't be read, or on failurePolicy Ignore",
                        labels)
                : Capture.open(
                        "MESH-nosidecar",
                        "no injector webhook matches the namespace's and the pod's labels",
                        labels,
                        Evidence.of(pod.resource(), "labels", pod.labels().toString()));
    }

    /** The selectors that Istio installs, for a snapshot that holds no webhook. */
    private Capture byLabels(Pod pod, Map<String, String> namespace) {
        String injection = namespace.get("istio-injection");
        String revision = namespace.get("istio.io/rev");
        Evidence labels = namespaceEvidence(pod.namespace(), namespace);
        if (injection != null) {
            return injection.equals("enabled")
                    ? Capture.captured("the namespace is labelled for injection", labels)
                    : Capture.open(
                            "MESH-nosidecar",
                            "the namespace's label istio-injection=" + injection
                                    + " turns injection off, whatever the pod says",
                            labels);
        }
        String chosen = revision != null ? revision : pod.labels().get("istio.io/rev");
        if (chosen != null) {
            return chosen.equals("default")
                    ? Capture.captured("the revision default injects", labels)
                    : Capture.unknown(
                            "MESH-nosidecar",
                            "the snapshot holds no webhook, so whether a control plane serves revision " + chosen
                                    + " can't be told",
                            labels);
        }
        return "true".equals(pod.labels().get("sidecar.istio.io/inject"))
                ? Capture.captured(
                        "the pod asks for injection",
                        Evidence.of(pod.resource(), "labels.sidecar.istio.io/inject", "true"))
                : Capture.open(
                        "MESH-nosidecar",
                        "nothing asks for injection: the namespace has neither the label"
                                + " istio-injection=enabled nor istio.io/rev",
                        labels);
    }

    private Evidence namespaceEvidence(String namespace, Map<String, String> labels) {
        return snapshot.find(GroupKind.NAMESPACE, "", namespace)
                .map(resource ->
                        Evidence.of(resource, "metadata.labels", resource.tree().at("metadata", "labels")))
                .orElse(new Evidence(
                        "Namespace " + namespace, "metadata.labels", labels.toString(), io.zta.snapshot.Origin.MEMORY));
    }

    /** What the injector itself decides once it is called: label before annotation, then its policy and selectors. */
    private Capture byPod(Pod pod, Capture called) {
        String asked = pod.labels()
                .getOrDefault("sidecar.istio.io/inject", pod.annotations().getOrDefault("sidecar.istio.io/inject", ""));
        if (asked.equals("false")) {
            return Capture.open(
                    "MESH-nosidecar",
                    "the pod opts out of injection",
                    Evidence.of(
                            pod.resource(),
                            (pod.labels().containsKey("sidecar.istio.io/inject") ? "labels" : "annotations")
                                    + ".sidecar.istio.io/inject",
                            "false"));
        }
        if (asked.equals("true")) {
            return called;
        }
        for (int i = 0; i < configs.size(); i++) {
            Node config = configs.get(i);
            Resource map = maps.get(Math.min(i, maps.size() - 1));
            for (String list : List.of("neverInjectSelector", "alwaysInjectSelector")) {
                for (Node selector : config.get(list).items()) {
                    Selector read = Selector.of(selector);
                    if (read.isEverything()) {
                        continue;
                    }
                    if (read.unreadable().isPresent() || read.matches(pod.labels())) {
                        return list.startsWith("always") && read.unreadable().isEmpty()
                                ? called
                                : Capture.open(
                                        "MESH-nosidecar",
                                        "the injector's neverInjectSelector matches",
                                        Evidence.of(map, "data.config." + list, selector.toString()));
                    }
                }
            }
            if (!config.get("policy").textOr("enabled").equals("enabled")) {
                return Capture.open(
                        "MESH-nosidecar",
                        "the injector's policy is not enabled",
                        Evidence.of(
                                map, "data.config.policy", config.get("policy").toString()));
            }
            List<String> templates = config.get("defaultTemplates").texts();
            if (!templates.isEmpty() && !templates.equals(List.of("sidecar"))) {
                return Capture.unknown(
                        "MESH-config",
                        "the injector uses templates of its own: " + templates,
                        Evidence.of(map, "data.config.defaultTemplates", templates.toString()));
            }
        }
        return called;
    }
}
