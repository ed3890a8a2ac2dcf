package io.zta.network;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeerBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPortBuilder;
import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.compile.Marks;
import io.zta.intent.Gateway;
import io.zta.intent.Intent;
import io.zta.intent.Phase;
import io.zta.intent.PodSecurity;
import io.zta.intent.Port;
import io.zta.intent.PostureException;
import io.zta.intent.Workload;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compiles the network intents of a posture: what is allowed as policies of their own, the denials last. Every peer names
 * its namespace by {@code kubernetes.io/metadata.name}, which the API server sets and nobody can change.
 */
final class NetworkObjects {
    /** The label that the API server sets on every namespace to its name. */
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";

    private final Posture posture;
    private final List<Compiled> compiled = new ArrayList<>();

    private NetworkObjects(Posture posture) {
        this.posture = posture;
    }

    static List<Compiled> of(Posture posture) {
        NetworkObjects objects = new NetworkObjects(posture);
        for (String namespace : posture.namespaces()) {
            objects.compile(namespace);
        }
        return objects.compiled;
    }

    private void compile(String namespace) {
        if (posture.asks(Intent.DenyDirectAccess.class)) {
            ingress(namespace);
        }
        if (posture.asks(Intent.DenyEgress.class)) {
            egress(namespace);
        }
        namespaceLabels(namespace);
    }

    // --- ingress --------------------------------------------------------------------------------------------------

    private void ingress(String namespace) {
        posture.gateway()
                .ifPresent(gateway -> policy(
                        namespace,
                        "zta-allow-gateway",
                        "denyDirectAccess()",
                        protectedPods(),
                        List.of(ingressRule(gatewayPeer(gateway), ports(posture.ports())))));
        int number = 0;
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            number++;
            if (!isTarget(allow, namespace)) {
                continue;
            }
            policy(
                    namespace,
                    "zta-allow-" + number,
                    allow.call(),
                    selector(both(posture.workloads(), allow.to())),
                    List.of(ingressRule(
                            peer(allow.from(), namespace),
                            allow.ports().isEmpty() ? List.of() : ports(allow.ports()))));
        }
        add(
                new NetworkPolicyBuilder()
                        .withMetadata(metadata(namespace, "zta-default-deny", "denyDirectAccess()"))
                        .withNewSpec()
                        .withPodSelector(protectedPods())
                        .withPolicyTypes("Ingress")
                        .endSpec()
                        .build(),
                true);
    }

    /** Whether the pods that an allowance opens are in that namespace. */
    private boolean isTarget(Intent.Allow allow, String namespace) {
        String asked = allow.to().namespaceOr(namespace);
        if (!posture.namespaces().contains(asked)) {
            throw new PostureException(allow.call() + " names pods of namespace \"" + asked
                    + "\", which this posture does not protect. Name one of " + String.join(", ", posture.namespaces())
                    + ", or leave the namespace out.");
        }
        return asked.equals(namespace);
    }

    private void policy(
            String namespace, String name, String call, LabelSelector pods, List<NetworkPolicyIngressRule> rules) {
        add(
                new NetworkPolicyBuilder()
                        .withMetadata(metadata(namespace, name, call))
                        .withNewSpec()
                        .withPodSelector(pods)
                        .withPolicyTypes("Ingress")
                        .withIngress(rules)
                        .endSpec()
                        .build(),
                false);
    }

    private static NetworkPolicyIngressRule ingressRule(NetworkPolicyPeer from, List<NetworkPolicyPort> ports) {
        return new NetworkPolicyIngressRuleBuilder()
                .withFrom(from)
                .withPorts(ports)
                .build();
    }

    private static NetworkPolicyPeer gatewayPeer(Gateway gateway) {
        return new NetworkPolicyPeerBuilder()
                .withNamespaceSelector(named(gateway.namespace()))
                .withPodSelector(selector(gateway.labels()))
                .build();
    }

    /** Ports of the gateway's rule: those asked for, or every TCP port that is not the sidecar's own. */
    private static List<NetworkPolicyPort> ports(List<Port> asked) {
        List<Port> ports = asked.isEmpty()
                ? List.of(
                        Port.tcpRange(1, Posture.SIDECAR_PORTS.first() - 1),
                        Port.tcpRange(Posture.SIDECAR_PORTS.last() + 1, 65535))
                : asked;
        return ports.stream()
                .map(port -> {
                    NetworkPolicyPortBuilder builder = new NetworkPolicyPortBuilder()
                            .withProtocol(port.protocol().name())
                            .withPort(new IntOrString(port.first()));
                    return port.last() == port.first()
                            ? builder.build()
                            : builder.withEndPort(port.last()).build();
                })
                .toList();
    }

    // --- egress ---------------------------------------------------------------------------------------------------

    private void egress(String namespace) {
        List<NetworkPolicyEgressRule> needed = List.of(
                egressRule(
                        new NetworkPolicyPeerBuilder()
                                .withNamespaceSelector(named("kube-system"))
                                .withPodSelector(selector(Map.of("k8s-app", "kube-dns")))
                                .build(),
                        ports(List.of(Port.udp(53), Port.tcp(53)))),
                egressRule(
                        new NetworkPolicyPeerBuilder()
                                .withNamespaceSelector(named("istio-system"))
                                .withPodSelector(selector(Map.of("app", "istiod")))
                                .build(),
                        ports(List.of(Port.tcpRange(15010, 15014)))));
        egressPolicy(namespace, "zta-egress-allow-mesh", "denyEgress()", needed);
        egressWithin(namespace);
        int number = 0;
        for (Intent.AllowTo allow : posture.intents(Intent.AllowTo.class)) {
            number++;
            egressPolicy(
                    namespace,
                    "zta-egress-allow-" + number,
                    allow.call(),
                    List.of(egressRule(
                            peer(allow.to(), namespace), allow.ports().isEmpty() ? List.of() : ports(allow.ports()))));
        }
        for (Intent.AllowToAddresses allow : posture.intents(Intent.AllowToAddresses.class)) {
            number++;
            egressPolicy(
                    namespace,
                    "zta-egress-allow-" + number,
                    allow.call(),
                    List.of(egressRule(
                            new NetworkPolicyPeerBuilder()
                                    .withNewIpBlock()
                                    .withCidr(allow.cidr())
                                    .endIpBlock()
                                    .build(),
                            allow.ports().isEmpty() ? List.of() : ports(allow.ports()))));
        }
        add(
                new NetworkPolicyBuilder()
                        .withMetadata(metadata(namespace, "zta-egress-default-deny", "denyEgress()"))
                        .withNewSpec()
                        .withPodSelector(protectedPods())
                        .withPolicyTypes("Egress")
                        .endSpec()
                        .build(),
                true);
    }

    /** What is let in from a protected pod must also be let out of it. */
    private void egressWithin(String namespace) {
        int number = 0;
        for (Intent.Allow allow : posture.intents(Intent.Allow.class)) {
            number++;
            List<NetworkPolicyPeer> targets = new ArrayList<>();
            for (String target : posture.namespaces()) {
                if (isTarget(allow, target) && allow.from().namespaceOr(target).equals(namespace)) {
                    targets.add(new NetworkPolicyPeerBuilder()
                            .withNamespaceSelector(named(target))
                            .withPodSelector(selector(both(posture.workloads(), allow.to())))
                            .build());
                }
            }
            Map<String, String> sources =
                    new LinkedHashMap<>(posture.workloads().labels());
            boolean meet = allow.from().labels().entrySet().stream()
                    .allMatch(label -> label.getValue().equals(sources.getOrDefault(label.getKey(), label.getValue())));
            if (targets.isEmpty() || !meet) {
                continue; // it comes from pods whose egress is not ours
            }
            sources.putAll(allow.from().labels());
            egressPolicy(
                    namespace,
                    "zta-egress-allow-from-" + number,
                    allow.call(),
                    selector(sources),
                    List.of(new NetworkPolicyEgressRuleBuilder()
                            .withTo(targets)
                            .withPorts(allow.ports().isEmpty() ? List.of() : ports(allow.ports()))
                            .build()));
        }
    }

    private void egressPolicy(String namespace, String name, String call, List<NetworkPolicyEgressRule> rules) {
        egressPolicy(namespace, name, call, protectedPods(), rules);
    }

    private void egressPolicy(
            String namespace, String name, String call, LabelSelector pods, List<NetworkPolicyEgressRule> rules) {
        add(
                new NetworkPolicyBuilder()
                        .withMetadata(metadata(namespace, name, call))
                        .withNewSpec()
                        .withPodSelector(pods)
                        .withPolicyTypes("Egress")
                        .withEgress(rules)
                        .endSpec()
                        .build(),
                false);
    }

    private static NetworkPolicyEgressRule egressRule(NetworkPolicyPeer to, List<NetworkPolicyPort> ports) {
        return new NetworkPolicyEgressRuleBuilder().withTo(to).withPorts(ports).build();
    }

    // --- Pod Security ---------------------------------------------------------------------------------------------

    /**
     * Levels of Pod Security. Enforced only where asked for: with the istio-init container every meshed pod breaks
     * {@code baseline}, and no pod would start again.
     */
    private void namespaceLabels(String namespace) {
        List<PodSecurity> enforced = posture.intents(Intent.EnforcePodSecurity.class).stream()
                .map(Intent.EnforcePodSecurity::level)
                .toList();
        if (enforced.isEmpty() && !posture.asks(Intent.DenyDirectAccess.class)) {
            return;
        }
        String level = enforced.isEmpty()
                ? PodSecurity.BASELINE.key()
                : enforced.get(0).key();
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("pod-security.kubernetes.io/audit", level);
        if (!enforced.isEmpty()) {
            labels.put("pod-security.kubernetes.io/enforce", level);
        }
        labels.put("pod-security.kubernetes.io/warn", level);
        String call = enforced.isEmpty() ? "denyDirectAccess()" : "podSecurity(" + enforced.get(0) + ")";
        add(
                new NamespaceBuilder()
                        .withMetadata(Marks.annotate(
                                new ObjectMetaBuilder()
                                        .withName(namespace)
                                        .withLabels(labels)
                                        .build(),
                                posture,
                                call))
                        .build(),
                !enforced.isEmpty());
    }

    // --- shapes ---------------------------------------------------------------------------------------------------

    private void add(HasMetadata object, boolean restricts) {
        compiled.add(new Compiled(object, Phase.NETWORK, restricts));
    }

    private ObjectMeta metadata(String namespace, String name, String call) {
        return Marks.mark(
                new ObjectMetaBuilder()
                        .withName(posture.name().equals("default") ? name : name + "-" + posture.name())
                        .withNamespace(namespace)
                        .build(),
                posture,
                call);
    }

    private LabelSelector protectedPods() {
        return selector(posture.workloads().labels());
    }

    /** The labels of both; a target that can't be a protected pod would isolate pods that nobody asked about. */
    private static Map<String, String> both(Workload protectedOnes, Workload target) {
        Map<String, String> labels = new LinkedHashMap<>(protectedOnes.labels());
        target.labels().forEach((key, value) -> {
            String known = labels.put(key, value);
            if (known != null && !known.equals(value)) {
                throw new PostureException("An allowFrom(..) names " + target + ", but only " + protectedOnes
                        + " is protected: no pod is both. Correct to(..) or onlyWorkloads(..).");
            }
        });
        return labels;
    }

    private static LabelSelector selector(Map<String, String> labels) {
        return labels.isEmpty()
                ? new LabelSelector()
                : new LabelSelectorBuilder().withMatchLabels(labels).build();
    }

    private static LabelSelector named(String namespace) {
        return selector(Map.of(NAMESPACE_NAME, namespace));
    }

    private static NetworkPolicyPeer peer(Workload workload, String own) {
        return new NetworkPolicyPeerBuilder()
                .withNamespaceSelector(named(workload.namespaceOr(own)))
                .withPodSelector(selector(workload.labels()))
                .build();
    }
}
