package io.zta.snapshot;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a live cluster: one discovery call for each API group that matters, then paginated lists, one series for each
 * kind. The number of calls depends on kinds and pages only.
 */
final class LiveReader {
    private static final int PAGE = 500;

    /** The groups that are read whole, with the kinds of each that verdicts can depend on. */
    private static final Map<String, Set<String>> WANTED = wanted();

    private final KubernetesClient client;
    private final List<Resource> resources = new ArrayList<>();
    private final List<Damage> damages = new ArrayList<>();
    private final Set<GroupKind> unread = new TreeSet<>();
    private final List<ListedKind> served = new ArrayList<>();

    private LiveReader(KubernetesClient client) {
        this.client = client;
    }

    private static Map<String, Set<String>> wanted() {
        Map<String, Set<String>> wanted = new TreeMap<>();
        wanted.put(
                "",
                Set.of("Namespace", "Pod", "Service", "ServiceAccount", "ConfigMap", "Node", "ReplicationController"));
        wanted.put("apps", Set.of("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"));
        wanted.put("batch", Set.of("Job", "CronJob"));
        wanted.put("networking.k8s.io", Set.of("NetworkPolicy", "Ingress"));
        wanted.put("policy.networking.k8s.io", Set.of());
        wanted.put("rbac.authorization.k8s.io", Set.of());
        wanted.put("admissionregistration.k8s.io", Set.of());
        wanted.put("apiregistration.k8s.io", Set.of());
        wanted.put("discovery.k8s.io", Set.of("EndpointSlice"));
        wanted.put("cilium.io", Set.of("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"));
        for (String group : List.of("crd.projectcalico.org", "projectcalico.org")) {
            wanted.put(group, Set.of("NetworkPolicy", "GlobalNetworkPolicy", "GlobalNetworkSet", "NetworkSet", "Tier"));
        }
        for (String group : List.of(
                "security.istio.io",
                "networking.istio.io",
                "telemetry.istio.io",
                "extensions.istio.io",
                "gateway.networking.k8s.io",
                "templates.gatekeeper.sh",
                "constraints.gatekeeper.sh",
                "kyverno.io",
                "policies.kyverno.io",
                "zta.io")) {
            wanted.put(group, Set.of());
        }
        return wanted;
    }

    static Snapshot read(KubernetesClient client) {
        LiveReader reader = new LiveReader(client);
        reader.discover();
        reader.served.forEach(reader::readKind);
        return Snapshot.assembleLive(reader.resources, reader.damages, reader.unread);
    }

    static List<ListedKind> kinds(KubernetesClient client) {
        LiveReader reader = new LiveReader(client);
        reader.discover();
        return List.copyOf(reader.served);
    }

    private void discover() {
        Map<String, String> versions = new LinkedHashMap<>();
        versions.put("", "/api/v1");
        Node groups;
        try {
            groups = get("/apis");
        } catch (KubernetesClientException e) {
            throw new SnapshotException(
                    "The API server at " + client.getMasterUrl() + " does not answer: " + e.getMessage()
                            + ". Check the kubeconfig and that the server is up.",
                    e);
        }
        for (Node group : groups.get("groups").items()) {
            String preferred = group.at("preferredVersion", "groupVersion").textOr("");
            versions.put(group.get("name").textOr(""), "/apis/" + preferred);
        }
        WANTED.forEach((group, kinds) -> {
            String path = versions.get(group);
            if (path != null) {
                discoverGroup(group, path, kinds);
            }
        });
    }

    private void discoverGroup(String group, String path, Set<String> kinds) {
        Node discovered;
        try {
            discovered = get(path);
        } catch (KubernetesClientException e) {
            damages.add(new Damage(
                    new Origin(path, 0, 0),
                    "the kinds of API group \"" + group + "\" cannot be read: " + status(e),
                    "check that its API service is available"));
            return;
        }
        for (Node resource : discovered.get("resources").items()) {
            String name = resource.get("name").textOr("");
            String kind = resource.get("kind").textOr("");
            if (!name.contains("/")
                    && (kinds.isEmpty() || kinds.contains(kind))
                    && resource.get("verbs").texts().contains("list")) {
                served.add(new ListedKind(
                        new GroupKind(group, kind),
                        path.replaceFirst("^/apis?/", ""),
                        name,
                        resource.get("namespaced").isTrue(),
                        resource.get("verbs").texts().contains("watch")));
            }
        }
    }

    private void readKind(ListedKind listed) {
        GroupKind type = listed.type();
        String apiVersion = listed.apiVersion();
        String path = listed.path();
        String next = "";
        do {
            Node page;
            try {
                page = get(path + "?limit=" + PAGE + next);
            } catch (KubernetesClientException e) {
                unread.add(type);
                damages.add(new Damage(
                        new Origin(path, 0, 0),
                        type + " cannot be listed: " + status(e),
                        "let this user list them, or verdicts that depend on them stay Unknown"));
                return;
            }
            for (Node item : page.get("items").items()) {
                LinkedHashMap<String, Node> fields = new LinkedHashMap<>();
                fields.put("apiVersion", Node.text(apiVersion));
                fields.put("kind", Node.text(type.kind()));
                fields.putAll(item.fields());
                resources.add(Resource.of(Node.ofOwned(fields, 0, 0), new Origin("cluster", 0, 0)));
            }
            String token = page.at("metadata", "continue").textOr("");
            next = token.isEmpty() ? "" : "&continue=" + URLEncoder.encode(token, StandardCharsets.UTF_8);
        } while (!next.isEmpty());
    }

    private Node get(String uri) {
        @Nullable String text = client.raw(uri);
        if (text == null) {
            throw new KubernetesClientException("404 not found: " + uri);
        }
        ManifestReader.Result result = ManifestReader.read("cluster.json", text);
        if (result.documents().size() != 1) {
            throw new KubernetesClientException("the answer to " + uri + " is not one JSON object");
        }
        return result.documents().get(0).node();
    }

    private static String status(KubernetesClientException e) {
        return e.getStatus() != null && e.getStatus().getMessage() != null
                ? e.getStatus().getMessage()
                : String.valueOf(e.getMessage());
    }
}
