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
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * By which of the sidecar's filter chains a port is served: as HTTP, as plain TCP (where no token is checked), or as what
 * the client makes it look like. The oldest Service on the port decides by {@code appProtocol}, else by the port's name; a
 * port of no Service is sniffed (Istio: {@code ConvertProtocol}, {@code getFilterChainsByServicePort}).
 */
final class Chains {
    /** Chains. */
    enum Chain {
        HTTP,
        TCP,
        /** Both are there; the client's protocol decides. */
        SNIFFED,
        UNKNOWN
    }

    /** A chain with what decides it. */
    record Decision(Chain chain, List<Evidence> because, List<Doubt> doubts) {}

    private static final Set<String> HTTP = Set.of("http", "http2", "http_proxy", "grpc", "grpc-web");
    private static final Set<String> TCP = Set.of("tcp", "https", "tls", "mongo", "redis", "mysql");
    /** Ports whose protocol lets the server speak first: TCP where none is declared. */
    private static final Set<Integer> WELL_KNOWN = Set.of(25, 53, 3306, 27017);

    private final Snapshot snapshot;

    Chains(Snapshot snapshot) {
        this.snapshot = snapshot;
    }

    Decision decide(Pod pod, int port) {
        List<Resource> services = new ArrayList<>();
        for (Resource service : snapshot.resources(GroupKind.SERVICE, pod.namespace())) {
            if (selects(service, pod) && servicePort(service, pod, port).isPresent()) {
                services.add(service);
            }
        }
        Optional<Resource> odd = unusual(pod);
        if (odd.isPresent()) {
            return new Decision(
                    Chain.UNKNOWN,
                    List.of(Evidence.of(odd.get(), "", "names the pod, so its ports may decide the protocol")),
                    List.of(new Doubt(
                            odd.get().display() + " may decide the protocol of port " + port + " of " + pod.display()
                                    + ", which is not evaluated",
                            "select the pod by a Service with a selector",
                            odd.get().origin())));
        }
        if (services.isEmpty()) {
            return new Decision(
                    Chain.SNIFFED,
                    List.of(Evidence.of(
                            pod.resource(), "", "no Service covers port " + port + ": its protocol is sniffed")),
                    List.of());
        }
        List<Decision> possible = Age.oldest(services).stream()
                .map(service -> declared(service, pod, port))
                .toList();
        Decision first = possible.get(0);
        if (possible.stream().allMatch(other -> other.chain() == first.chain())) {
            return first;
        }
        List<Evidence> because =
                possible.stream().flatMap(d -> d.because().stream()).toList();
        return new Decision(
                Chain.UNKNOWN,
                because,
                List.of(Doubt.of(
                        "Services disagree on the protocol of port " + port + " and none has a creation time, so which"
                                + " is the oldest and wins can't be told: " + because,
                        "declare the same protocol in each, or give a snapshot of the live cluster")));
    }

    static boolean selects(Resource service, Pod pod) {
        Map<String, String> selector = service.spec().get("selector").textMap();
        return !selector.isEmpty()
                && !service.spec().get("type").textOr("").equals("ExternalName")
                && service.namespace().equals(pod.namespace())
                && pod.labels().entrySet().containsAll(selector.entrySet());
    }

    /** The port of a Service that leads to a port of the pod. */
    private static Optional<Node> servicePort(Resource service, Pod pod, int port) {
        for (Node candidate : service.spec().get("ports").items()) {
            boolean tcp = candidate.get("protocol").textOr("TCP").equals("TCP");
            if (tcp && target(candidate, pod).contains(port)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /** The pod's TCP port that a Service port leads to; none where a name is not declared. */
    static List<Integer> target(Node servicePort, Pod pod) {
        return target(servicePort, pod, "TCP");
    }

    /** The same for a protocol. */
    static List<Integer> target(Node servicePort, Pod pod, String protocol) {
        Node target = servicePort.get("targetPort");
        if (target.isAbsent()) {
            return numbers(servicePort.get("port"));
        }
        List<Integer> number = numbers(target);
        if (!number.isEmpty()) {
            return number;
        }
        return pod.ports().stream()
                .filter(declared -> declared.name().equals(target.textOr(""))
                        && declared.protocol().equals(protocol))
                .map(Pod.ContainerPort::number)
                .limit(1)
                .toList();
    }

    private static List<Integer> numbers(Node node) {
        return node.integer().isPresent() ? List.of(node.integer().getAsInt()) : List.of();
    }

    private static Decision declared(Resource service, Pod pod, int port) {
        Node servicePort = servicePort(service, pod, port).orElseThrow();
        Node application = servicePort.get("appProtocol");
        Node name = servicePort.get("name");
        int index = service.spec().get("ports").items().indexOf(servicePort);
        String path = "spec.ports[" + index + "]." + (application.isPresent() ? "appProtocol" : "name");
        Node value = application.isPresent() ? application : name;
        Chain chain = chain(
                value.textOr(""),
                application.isPresent(),
                servicePort.get("port").integer().orElse(0));
        Evidence evidence = value.isPresent()
                ? Evidence.of(service, path, value)
                : Evidence.of(service, path, "absent: the protocol of port " + port + " is not declared");
        return new Decision(chain, List.of(evidence), List.of());
    }

    static Chain chain(String declared, boolean application, int number) {
        String name = declared.toLowerCase(Locale.ROOT);
        if (application && Set.of("kubernetes.io/h2c", "kubernetes.io/ws").contains(declared)) {
            return Chain.HTTP;
        }
        if (application && declared.equals("kubernetes.io/wss")) {
            return Chain.TCP;
        }
        String protocol = name.startsWith("grpc-web") ? "grpc-web" : name.split("-", 2)[0];
        if (HTTP.contains(protocol)) {
            return Chain.HTTP;
        }
        if (TCP.contains(protocol) || WELL_KNOWN.contains(number)) {
            return Chain.TCP;
        }
        return protocol.equals("udp") ? Chain.UNKNOWN : Chain.SNIFFED;
    }

    /** An object that may name the pod's port in a way that is not evaluated. */
    private Optional<Resource> unusual(Pod pod) {
        for (Resource entry : snapshot.resources(Kinds.SERVICE_ENTRY, pod.namespace())) {
            Map<String, String> labels =
                    entry.spec().at("workloadSelector", "labels").textMap();
            if (!labels.isEmpty() && pod.labels().entrySet().containsAll(labels.entrySet())) {
                return Optional.of(entry);
            }
        }
        for (Resource service : snapshot.resources(GroupKind.SERVICE, pod.namespace())) {
            boolean external = service.spec().get("type").textOr("").equals("ExternalName");
            Map<String, String> selector = service.spec().get("selector").textMap();
            // Istio finds a pod's Services by their selectors, which Kubernetes ignores here.
            boolean named = external && pod.labels().entrySet().containsAll(selector.entrySet()) && !selector.isEmpty();
            if (named || !external && selector.isEmpty() && addressed(service, pod)) {
                return Optional.of(service);
            }
        }
        return Optional.empty();
    }

    private boolean addressed(Resource service, Pod pod) {
        for (Resource slice : snapshot.resources(Kinds.ENDPOINT_SLICE, pod.namespace())) {
            boolean own = service.name().equals(slice.labels().get("kubernetes.io/service-name"));
            if (own
                    && slice.tree().get("endpoints").items().stream()
                            .anyMatch(
                                    end -> end.get("addresses").texts().stream().anyMatch(pod.ips()::contains))) {
                return true;
            }
        }
        return snapshot.find(Kinds.ENDPOINTS, pod.namespace(), service.name())
                .filter(ends -> ends.tree().get("subsets").items().stream()
                        .flatMap(subset -> subset.get("addresses").items().stream())
                        .anyMatch(
                                address -> pod.ips().contains(address.get("ip").textOr(""))))
                .isPresent();
    }
}
