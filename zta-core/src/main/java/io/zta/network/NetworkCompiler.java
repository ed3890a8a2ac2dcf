package io.zta.network;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPortBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpec;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpecBuilder;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Marks;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.Port;
import io.zta.intent.Workload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32;

/** Turns the network intents of a posture into NetworkPolicies and Pod Security labels. Pure. */
final class NetworkCompiler {
    static final String METADATA_NAME = "kubernetes.io/metadata.name";
    private static final String POD_SECURITY = "pod-security.kubernetes.io/";

    private final Posture posture;
    private final List<Compiled> compiled = new ArrayList<>();

    private NetworkCompiler(Posture posture) {
        this.posture = posture;
    }

    static List<Compiled> compile(Posture posture) {
        NetworkCompiler compiler = new NetworkCompiler(posture);
        for (String namespace : posture.namespaces()) {
            compiler.podSecurity(namespace);
            if (posture.asks(Intent.DenyDirectAccess.class)) {
                compiler.ingress(namespace);
            }
            if (posture.asks(Intent.DenyEgress.class)) {
                compiler.egress(namespace);
            }
        }
        return compiler.compiled;
    }

    /** Warnings cost nothing; a level is enforced only where asked, since a sidecar's istio-init breaks all of them. */
    private void podSecurity(String namespace) {
        Map<String, String> labels = new TreeMap<>();
        List<String> calls = new ArrayList<>();
        posture.intent(Intent.DenyDirectAccess.class).ifPresent(intent -> {
            labels.put(POD_SECURITY + "warn", "baseline");
            labels.put(POD_SECURITY + "audit", "baseline");
            calls.add(intent.call());
        });
        Optional<Intent.EnforcePodSecurity> enforced = posture.intent(Intent.EnforcePodSecurity.class);
        enforced.ifPresent(intent -> {
            for (String mode : List.of("warn", "audit", "enforce")) {
                labels.put(POD_SECURITY + mode, intent.level().key());
            }
            calls.add(intent.call());
        });
        if (!labels.isEmpty()) {
            Namespace object = new NamespaceBuilder()
                    .withNewMetadata()
                    .withName(namespace)
                    .withLabels(labels)
                    .endMetadata()
                    .build();
            Marks.annotate(object.getMetadata(), posture, String.join(",", calls));
            compiled.add(new Compiled(object, Phase.NETWORK, enforced.isPresent()));
        }
    }

    private void ingress(String namespace) {
        String call = new Intent.DenyDirectAccess().call();
        add("default-deny", namespace, call, true, spec(posture.workloads(), "Ingress"));
        posture.gateway().ifPresent(gateway -> {
            List<Port> asked = posture.ports();
            List<Port> ports = asked.isEmpty()
                    ? List.of(
                            Port.tcpRange(1, Posture.SIDECAR_PORTS.first() - 1),
                            Port.tcpRange(Posture.SIDECAR_PORTS.last() + 1, 65535))
                    : asked;
            List<String> calls = new ArrayList<>(List.of(call));
            posture.intent(Intent.Through.class).ifPresent(intent -> calls.add(intent.call()));
            posture.intent(Intent.OnPorts.class).ifPresent(intent -> calls.add(intent.call()));
            NetworkPolicySpec spec = spec(posture.workloads(), "Ingress");
            spec.setIngress(List.of(new NetworkPolicyIngressRuleBuilder()
                    .withFrom(peer(gateway.namespace(), gateway.labels()))
                    .withPorts(ports(ports))
                    .build()));
            add("allow-gateway", namespace, String.join(",", calls), false, spec);
        });
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            if (allow.to().namespaceOr(namespace).equals(namespace)) {
                NetworkPolicySpec spec = spec(both(posture.workloads(), allow.to()), "Ingress");
                spec.setIngress(List.of(new NetworkPolicyIngressRuleBuilder()
                        .withFrom(peer(
                                allow.from().namespaceOr(namespace),
                                allow.from().labels()))
                        .withPorts(ports(allow.ports()))
                        .build()));
                add("allow-from-" + slug(allow.from(), allow), namespace, allow.call(), false, spec);
            }
        }
    }

    private void egress(String namespace) {
        String call = new Intent.DenyEgress().call();
        add("default-deny-egress", namespace, call, true, spec(posture.workloads(), "Egress"));
        allowTo(
                "allow-dns",
                namespace,
                call,
                posture.workloads(),
                peer("kube-system", Map.of("k8s-app", "kube-dns")),
                List.of(Port.udp(53), Port.tcp(53)));
        allowTo(
                "allow-istiod",
                namespace,
                call,
                posture.workloads(),
                peer("istio-system", Map.of("app", "istiod")),
                List.of(Port.tcpRange(15010, 15014)));
        for (Intent.AllowTo to : posture.intents(Intent.AllowTo.class)) {
            allowTo(
                    "allow-to-" + slug(to.to(), to),
                    namespace,
                    to.call(),
                    posture.workloads(),
                    peer(to.to().namespaceOr(namespace), to.to().labels()),
                    to.ports());
        }
        for (Intent.AllowToAddresses to : posture.intents(Intent.AllowToAddresses.class)) {
            NetworkPolicyPeer block = new NetworkPolicyPeerBuilder()
                    .withNewIpBlock()
                    .withCidr(to.cidr())
                    .endIpBlock()
                    .build();
            allowTo("allow-to-addresses-" + hash(to), namespace, to.call(), posture.workloads(), block, to.ports());
        }
        // What may come in from a protected namespace must be let out there too, or allowFrom would open half a way.
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            for (String target : posture.namespaces()) {
                if (allow.from().namespaceOr(target).equals(namespace)
                        && allow.to().namespaceOr(target).equals(target)) {
                    String suffix = target.equals(namespace) ? "" : "-" + target;
                    allowTo(
                            "allow-out-" + slug(allow.from(), allow) + suffix,
                            namespace,
                            allow.call(),
                            both(posture.workloads(), allow.from()),
                            peer(target, both(posture.workloads(), allow.to()).labels()),
                            allow.ports());
                }
            }
        }
    }

    private void allowTo(
            String name, String namespace, String call, Workload from, NetworkPolicyPeer to, List<Port> ports) {
        NetworkPolicySpec spec = spec(from, "Egress");
        spec.setEgress(List.of(new NetworkPolicyEgressRuleBuilder()
                .withTo(to)
                .withPorts(ports(ports))
                .build()));
        add(name, namespace, call, false, spec);
    }

    private static Workload both(Workload protectedOnes, Workload narrower) {
        Map<String, String> labels = new TreeMap<>(protectedOnes.labels());
        labels.putAll(narrower.labels());
        return new Workload(Optional.empty(), labels, Optional.empty());
    }

    private static NetworkPolicySpec spec(Workload pods, String type) {
        return new NetworkPolicySpecBuilder()
                .withPodSelector(labels(pods.labels()))
                .withPolicyTypes(type)
                .build();
    }

    private static LabelSelector labels(Map<String, String> labels) {
        LabelSelectorBuilder selector = new LabelSelectorBuilder();
        return labels.isEmpty()
                ? selector.build()
                : selector.withMatchLabels(new TreeMap<>(labels)).build();
    }

    /** Both selectors in one entry: a pod of that namespace that wears the labels, and not either of the two. */
    private static NetworkPolicyPeer peer(String namespace, Map<String, String> labels) {
        NetworkPolicyPeerBuilder peer =
                new NetworkPolicyPeerBuilder().withNamespaceSelector(labels(Map.of(METADATA_NAME, namespace)));
        return labels.isEmpty()
                ? peer.build()
                : peer.withPodSelector(labels(labels)).build();
    }

    private static List<NetworkPolicyPort> ports(List<Port> ports) {
        List<NetworkPolicyPort> list = new ArrayList<>();
        for (Port port : ports) {
            NetworkPolicyPortBuilder entry = new NetworkPolicyPortBuilder()
                    .withProtocol(port.protocol().name())
                    .withPort(new IntOrString(port.first()));
            if (port.last() != port.first()) {
                entry.withEndPort(port.last());
            }
            list.add(entry.build());
        }
        return list;
    }

    private void add(String name, String namespace, String calls, boolean restricts, NetworkPolicySpec spec) {
        String suffix = posture.name().equals("default") ? "" : "-" + posture.name();
        NetworkPolicy object = new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName("zta-" + name + suffix)
                .withNamespace(namespace)
                .endMetadata()
                .withSpec(spec)
                .build();
        Marks.mark(object.getMetadata(), posture, calls);
        compiled.add(new Compiled((HasMetadata) object, Phase.NETWORK, restricts));
    }

    /** A name that tells whom it lets in, and stays the same when other intents come and go. */
    private static String slug(Workload peer, Intent intent) {
        String words = peer.namespace().map(name -> name + "-").orElse("")
                + String.join("-", peer.labels().values());
        String plain =
                words.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
        return (plain.isEmpty() ? "namespace" : plain.substring(0, Math.min(plain.length(), 40))) + "-" + hash(intent);
    }

    private static String hash(Intent intent) {
        CRC32 sum = new CRC32();
        sum.update(intent.toString().getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%08x", sum.getValue());
    }
}
