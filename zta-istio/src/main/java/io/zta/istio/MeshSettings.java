package io.zta.istio;

import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** What the ConfigMap {@code istio} says for the whole mesh, and Istio's defaults where the snapshot has none. */
final class MeshSettings {
    private static final String DEFAULT_ROOT = "istio-system";

    private final Optional<Resource> source;
    private final Node mesh;
    private final List<Doubt> doubts;
    private final List<String> trustDomains;

    private MeshSettings(Optional<Resource> source, Node mesh, List<Doubt> doubts) {
        this.source = source;
        this.mesh = mesh;
        this.doubts = List.copyOf(doubts);
        List<String> domains = new ArrayList<>();
        domains.add(mesh.get("trustDomain").textOr("cluster.local"));
        domains.addAll(mesh.get("trustDomainAliases").texts());
        this.trustDomains = List.copyOf(domains);
    }

    static MeshSettings of(Snapshot snapshot) {
        List<Resource> found = snapshot.resources(GroupKind.CONFIG_MAP).stream()
                .filter(map -> map.name().equals("istio") || map.name().startsWith("istio-"))
                .filter(map -> map.tree().at("data", "mesh").isPresent())
                .toList();
        List<Doubt> doubts = new ArrayList<>();
        if (found.isEmpty()) {
            return new MeshSettings(Optional.empty(), Node.missing(), doubts);
        }
        Resource chosen = found.stream()
                .filter(map -> map.name().equals("istio") && map.namespace().equals(DEFAULT_ROOT))
                .findFirst()
                .orElse(found.get(0));
        Optional<Node> tree = Text.tree(chosen.tree().at("data", "mesh").textOr(""));
        if (tree.isEmpty()) {
            doubts.add(new Doubt(
                    chosen.display() + " holds a mesh configuration that can't be read",
                    "correct data.mesh of " + chosen.display(),
                    chosen.origin()));
        }
        if (tree.filter(mesh -> mesh.get("configSources").size() > 0).isPresent()) {
            doubts.add(new Doubt(
                    "istiod reads its policies from what configSources names, not from the cluster alone",
                    "leave configSources out of " + chosen.display(),
                    chosen.origin()));
        }
        if (found.size() > 1) {
            doubts.add(new Doubt(
                    "there are several mesh configurations; which one the sidecars get depends on their revision",
                    "give a snapshot with one control plane",
                    chosen.origin()));
        }
        return new MeshSettings(Optional.of(chosen), tree.orElse(Node.missing()), doubts);
    }

    /** Reasons not to rely on these settings. */
    List<Doubt> doubts() {
        return doubts;
    }

    /** Whether the snapshot has a mesh configuration. */
    boolean known() {
        return source.isPresent();
    }

    /** The namespace whose policies act in every namespace. */
    String rootNamespace() {
        return mesh.get("rootNamespace").textOr(DEFAULT_ROOT);
    }

    /** The revision of the control plane: it passes by objects that are labelled for another. */
    String revision() {
        return source.map(map -> map.labels()
                        .getOrDefault(
                                "istio.io/rev",
                                map.name().startsWith("istio-") ? map.name().substring("istio-".length()) : "default"))
                .filter(name -> !name.isEmpty())
                .orElse("default");
    }

    /** Whether an address is istiod's: in the root namespace, or the one that the mesh's own default names. */
    boolean isControlPlane(String address) {
        return address.equals(mesh.at("defaultConfig", "discoveryAddress").textOr(""))
                || address.matches("istiod(-[a-z0-9-]+)?\\." + Pattern.quote(rootNamespace()) + "\\.svc(\\..+)?:15012");
    }

    /** A default for proxies that is not known to be harmless. */
    Optional<Evidence> oddDefault() {
        Node config = mesh.get("defaultConfig");
        return source.flatMap(map -> ProxyStart.odd(config, this)
                .map(name -> Evidence.of(map, "data.mesh.defaultConfig." + name, config.get(name))));
    }

    /** What has to hold beside what the snapshot shows, for what these settings say. */
    List<String> assumptions() {
        List<String> all = new ArrayList<>();
        if (source.isEmpty()) {
            all.add("The mesh's root namespace is " + DEFAULT_ROOT
                    + " and its other settings are Istio's defaults: the snapshot has no ConfigMap istio.");
        }
        if (trustDomains.size() > 1) {
            all.add("Who has an identity of the trust domains " + trustDomains.subList(1, trustDomains.size())
                    + ", aliases of the mesh's own, is who has it in " + trustDomains.get(0) + ".");
        }
        if (mesh.get("caCertificates").size() > 0) {
            all.add("Nobody outside the trusted base holds the keys of caCertificates in the mesh's configuration.");
        }
        return all;
    }

    /** The local trust domain first, then its aliases. */
    List<String> trustDomains() {
        return trustDomains;
    }

    /** The kind of an external authorizer: {@code envoyExtAuthzHttp}, {@code envoyExtAuthzGrpc}, or empty for none. */
    Optional<String> authorizer(String name) {
        for (Node provider : mesh.get("extensionProviders").items()) {
            if (provider.get("name").textOr("").equals(name)) {
                return provider.fields().keySet().stream()
                        .filter(field -> field.startsWith("envoyExtAuthz"))
                        .findFirst();
            }
        }
        return Optional.empty();
    }

    /** What keeps istiod from looking at a namespace; empty where it does look. */
    Optional<Evidence> undiscovered(String namespace, Map<String, String> labels) {
        Node selectors = mesh.get("discoverySelectors");
        if (selectors.size() == 0 || source.isEmpty()) {
            return Optional.empty();
        }
        boolean seen = selectors.items().stream()
                .map(Selector::of)
                .anyMatch(selector -> selector.unreadable().isEmpty() && selector.matches(labels));
        return seen || namespace.equals(rootNamespace())
                ? Optional.empty()
                : Optional.of(Evidence.of(source.get(), "data.mesh.discoverySelectors", selectors.toString()));
    }

    /** What keeps proxies from choosing mTLS by themselves; empty where they do, which is the default. */
    Optional<Evidence> withoutAutomaticMtls() {
        Node automatic = mesh.get("enableAutoMtls");
        return automatic.isPresent() && automatic.toString().equals("false")
                ? source.map(map -> Evidence.of(map, "data.mesh.enableAutoMtls", "false"))
                : Optional.empty();
    }

    /** The default for how inbound traffic is captured, {@code REDIRECT} unless set. */
    String interceptionMode() {
        return mesh.at("defaultConfig", "interceptionMode").textOr("REDIRECT");
    }
}
