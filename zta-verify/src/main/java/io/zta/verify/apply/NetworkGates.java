package io.zta.verify.apply;

import io.zta.finding.Doubt;
import io.zta.intent.Intent;
import io.zta.intent.Port.Protocol;
import io.zta.istio.Client;
import io.zta.istio.Mesh;
import io.zta.istio.MeshVerdict;
import io.zta.network.AddressRange;
import io.zta.network.Connection;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Gates on flows: DNS, webhook backends, flows that end, scrapers and peers. */
final class NetworkGates {
    private NetworkGates() {}

    static List<Gate> all() {
        return List.of(
                new Check(
                        "APPLY-01",
                        "an egress deny cuts off DNS",
                        "allow UDP and TCP 53 to the cluster's DNS pods",
                        NetworkGates::dns),
                new Check(
                        "APPLY-02",
                        "pods behind a webhook or an aggregated API are isolated from the API server",
                        "allow the API server's addresses to that port with a NetworkPolicy of your own, keep the port"
                                + " out of the mesh (traffic.sidecar.istio.io/excludeInboundPorts), or give the backend up"
                                + " by its name",
                        NetworkGates::webhooks),
                new Check(
                        "APPLY-03",
                        "a flow that is used ends, or one that the posture does not speak of",
                        "allow it with allowFrom(..) or allowTo(..), or give the flow up as it is printed",
                        NetworkGates::losses),
                new Check(
                        "APPLY-16",
                        "the default deny forgets who else needs in: scrapers, peers of a database",
                        "allow it with allowFrom(..), or give the flow up as it is printed",
                        NetworkGates::others));
    }

    private static void dns(GateContext context, Gate.Findings findings) {
        List<Pod> servers = dnsPods(context.before());
        int kept = 0;
        Set<String> cut = new TreeSet<>();
        for (String namespace : context.posture().namespaces()) {
            for (Pod pod : context.flows().before().pods().in(namespace)) {
                if (pod.hostNetwork()) {
                    continue;
                }
                if (servers.isEmpty()) {
                    boolean closed = !context.flows()
                            .after()
                            .toAddresses(pod, AddressRange.ALL_V4)
                            .expected()
                            .contains(Protocol.UDP, 53);
                    if (closed) {
                        cut.add(pod.workload() + " can't be kept on DNS: no DNS pods were found (Service"
                                + " kube-system/kube-dns, or pods labelled k8s-app=kube-dns)");
                    }
                    continue;
                }
                for (Protocol protocol : List.of(Protocol.UDP, Protocol.TCP)) {
                    int port = dnsPort(context.before(), protocol);
                    for (Pod server : servers) {
                        boolean was = allowed(context.flows().before().between(pod, server), protocol, port);
                        boolean is = allowed(context.flows().after().between(pod, server), protocol, port);
                        if (was && !is) {
                            cut.add(pod.workload() + " loses " + protocol + " " + port + " to " + server.display());
                        } else if (is) {
                            kept++;
                        }
                    }
                }
            }
        }
        cut.forEach(findings::object);
        if (cut.isEmpty() && kept > 0) {
            findings.note(kept + " ways to " + servers.size() + " DNS pods on UDP and TCP stay open");
        }
    }

    private static boolean allowed(Connection connection, Protocol protocol, int port) {
        return connection.expected().contains(protocol, port);
    }

    static List<Pod> dnsPods(Snapshot snapshot) {
        Optional<Resource> service = snapshot.find(GroupKind.SERVICE, "kube-system", "kube-dns");
        Selector selector = service.map(found -> found.spec().get("selector").textMap())
                .filter(labels -> !labels.isEmpty())
                .map(Selector::labels)
                .orElse(Selector.labels(java.util.Map.of("k8s-app", "kube-dns")));
        return io.zta.snapshot.Pods.of(snapshot).in("kube-system").stream()
                .filter(pod -> selector.matches(pod.labels()))
                .toList();
    }

    /** The pod's port behind 53 of the DNS Service. */
    private static int dnsPort(Snapshot snapshot, Protocol protocol) {
        return snapshot.find(GroupKind.SERVICE, "kube-system", "kube-dns").stream()
                .flatMap(service -> service.spec().get("ports").items().stream())
                .filter(port -> port.get("protocol").textOr("TCP").equals(protocol.name())
                        && port.get("port").integer().orElse(0) == 53)
                .mapToInt(port -> port.get("targetPort").integer().orElse(53))
                .findFirst()
                .orElse(53);
    }

    private static void webhooks(GateContext context, Gate.Findings findings) {
        List<AddressRange> servers = apiServers(context.before());
        Mesh before = Mesh.of(context.before());
        Mesh after = Mesh.of(context.after());
        boolean meshed = context.writes("PeerAuthentication") || context.writes("AuthorizationPolicy");
        for (Backend backend : backends(context.before())) {
            for (Resource service : context.before().resources(GroupKind.SERVICE, backend.namespace())) {
                if (!service.name().equals(backend.service())
                        || !context.posture().namespaces().contains(backend.namespace())) {
                    continue;
                }
                for (Pod pod : context.flows().before().pods().in(backend.namespace())) {
                    if (!Flows.services(context.before(), pod).contains(service)) {
                        continue;
                    }
                    int port = targetPort(service, backend.port(), pod);
                    String name = backend.owner() + " -> " + pod.workload() + " TCP " + port;
                    boolean open = !servers.isEmpty()
                            && servers.stream()
                                    .allMatch(range -> allowed(
                                            context.flows().after().fromAddresses(range, pod), Protocol.TCP, port));
                    open |= allowed(
                            context.flows().after().fromAddresses(AddressRange.ALL_V4, pod), Protocol.TCP, port);
                    // It has no identity in the mesh, whatever TLS it speaks with its backends.
                    boolean admitted = !meshed
                            || plaintext(after, pod, port) instanceof MeshVerdict.Allowed
                            || plaintext(before, pod, port) instanceof MeshVerdict.Denied;
                    if (open && admitted) {
                        findings.note(name + ": the API server is let in");
                    } else if (context.givenUp(name)) {
                        findings.note(name + ": given up by name");
                    } else {
                        findings.object(name + ": the API server "
                                + (servers.isEmpty() ? "(of unknown address)" : servers.toString())
                                + (open ? ", which has no certificate of the mesh, is refused by it" : " is shut out"));
                    }
                }
            }
        }
    }

    private static MeshVerdict plaintext(Mesh mesh, Pod pod, int port) {
        return mesh.decide(pod, port, Client.plaintext());
    }

    private record Backend(String owner, String namespace, String service, int port) {}

    private static List<Backend> backends(Snapshot snapshot) {
        List<Backend> backends = new ArrayList<>();
        for (GroupKind type :
                List.of(GroupKind.VALIDATING_WEBHOOK_CONFIGURATION, GroupKind.MUTATING_WEBHOOK_CONFIGURATION)) {
            for (Resource configuration : snapshot.resources(type)) {
                for (Node webhook : configuration.tree().get("webhooks").items()) {
                    backend(configuration, webhook.at("clientConfig", "service"))
                            .ifPresent(backends::add);
                }
            }
        }
        for (Resource service : snapshot.resources(new GroupKind("apiregistration.k8s.io", "APIService"))) {
            backend(service, service.spec().get("service")).ifPresent(backends::add);
        }
        return backends.stream().distinct().toList();
    }

    private static Optional<Backend> backend(Resource owner, Node service) {
        return service.get("name")
                .text()
                .map(name -> new Backend(
                        owner.display(),
                        service.get("namespace").textOr(""),
                        name,
                        service.get("port").integer().orElse(443)));
    }

    private static int targetPort(Resource service, int port, Pod pod) {
        for (Node entry : service.spec().get("ports").items()) {
            if (entry.get("port").integer().orElse(0) == port) {
                Node target = entry.get("targetPort");
                if (target.isAbsent()) {
                    return port;
                }
                return target.integer()
                        .orElseGet(() -> pod.ports().stream()
                                .filter(candidate -> candidate.name().equals(target.textOr("")))
                                .mapToInt(Pod.ContainerPort::number)
                                .findFirst()
                                .orElse(port));
            }
        }
        return port;
    }

    private static List<AddressRange> apiServers(Snapshot snapshot) {
        List<AddressRange> ranges = new ArrayList<>();
        for (Resource slice : snapshot.resources(new GroupKind("discovery.k8s.io", "EndpointSlice"), "default")) {
            if ("kubernetes".equals(slice.labels().get("kubernetes.io/service-name"))) {
                for (Node endpoint : slice.tree().get("endpoints").items()) {
                    endpoint.get("addresses")
                            .texts()
                            .forEach(ip -> AddressRange.parse(ip + (ip.contains(":") ? "/128" : "/32"))
                                    .ifPresent(ranges::add));
                }
            }
        }
        return ranges;
    }

    private static void losses(GateContext context, Gate.Findings findings) {
        int explained = 0;
        for (Flows.Ended ended : context.flows().ended()) {
            if (special(context, ended).isPresent()) {
                continue; // APPLY-16 speaks of it
            }
            if (context.givenUp(ended.flow().toString())) {
                findings.note(ended.flow() + ": given up by name");
                continue;
            }
            boolean ingress = context.posture()
                            .protects(ended.to().namespace(), ended.to().labels())
                    && context.posture().asks(Intent.DenyDirectAccess.class);
            boolean egress = ended.from()
                            .map(pod -> context.posture().protects(pod.namespace(), pod.labels()))
                            .orElse(false)
                    && context.posture().asks(Intent.DenyEgress.class);
            Optional<String> sign = ended.from().flatMap(pod -> Flows.sign(context.before(), pod, ended.to()));
            if (sign.isPresent()) {
                findings.object(ended.flow() + " ends, and is used: " + sign.get());
            } else if (ingress || egress) {
                explained++;
            } else {
                findings.object(ended.flow() + " ends, and no call of the posture asks for that");
            }
        }
        if (explained > 0) {
            findings.note(explained + " flows end because the posture asks for it, and nothing in the cluster's objects"
                    + " says that they are used (names of Services in the source's arguments and environment)");
        }
        for (Doubt doubt : context.flows().after().doubts()) {
            findings.object("reachability is not known: " + doubt.reason());
        }
    }

    /** Why a flow is of the kind that is easily forgotten: a scraper's, or one among the peers of a StatefulSet. */
    private static Optional<String> special(GateContext context, Flows.Ended ended) {
        if (ended.from().isEmpty()) {
            return Optional.empty();
        }
        Pod from = ended.from().get();
        if (from.workload().equals(ended.to().workload())
                && Flows.services(context.before(), ended.to()).stream()
                        .anyMatch(service ->
                                service.spec().get("clusterIP").textOr("").equals("None"))) {
            return Optional.of("peers behind a headless Service");
        }
        String identity = (from.name() + " " + from.labels() + " "
                        + from.allContainers().stream()
                                .map(container -> container.get("image").textOr(""))
                                .toList())
                .toLowerCase(Locale.ROOT);
        boolean scraper =
                identity.contains("prometheus") || identity.contains("vmagent") || identity.contains("scraper");
        boolean scraped = "true".equals(ended.to().annotations().get("prometheus.io/scrape"))
                || ended.ports().contains(Protocol.TCP, 15020)
                || ended.ports().contains(Protocol.TCP, 15090);
        return scraper && scraped ? Optional.of("a metrics scraper and what it scrapes") : Optional.empty();
    }

    private static void others(GateContext context, Gate.Findings findings) {
        for (Flows.Ended ended : context.flows().ended()) {
            Optional<String> special = special(context, ended);
            if (special.isPresent()) {
                if (context.givenUp(ended.flow().toString())) {
                    findings.note(ended.flow() + ": given up by name");
                } else {
                    findings.object(ended.flow() + " ends: " + special.get());
                }
            }
        }
    }
}
