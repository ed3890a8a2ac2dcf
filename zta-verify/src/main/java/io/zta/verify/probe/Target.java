package io.zta.verify.probe;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.zta.Posture;
import io.zta.intent.Port;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A port of a protected pod that is running, one pod for each workload.
 *
 * @param namespace its namespace
 * @param pod its name
 * @param ip its address
 * @param port the pod's port
 * @param service a Service with an address that leads there
 * @param sidecar whether the pod has a proxy
 */
record Target(String namespace, String pod, String ip, int port, Optional<Way> service, boolean sidecar) {
    /** Health and telemetry of the sidecar. */
    static final List<Integer> SIDECAR_PORTS = List.of(15020, 15021, 15090);

    /**
     * A Service that leads to a pod port.
     *
     * @param name its name
     * @param ip its address
     * @param port its port
     */
    record Way(String name, String ip, int port) {}

    /** {@code ns/pod:8080}. */
    String display() {
        return namespace + "/" + pod + ":" + port;
    }

    /** A short name for ids. */
    String id() {
        return namespace + "/" + pod + ":" + port;
    }

    String serviceHost() {
        return service.map(way -> way.name() + "." + namespace + ".svc.cluster.local")
                .orElse(ip);
    }

    /** Finds the targets of a posture: one running pod for each owner, its declared ports and those the posture names. */
    static List<Target> find(Posture posture, KubernetesClient client) {
        List<Target> targets = new ArrayList<>();
        for (String namespace : posture.namespaces()) {
            List<Service> services =
                    client.services().inNamespace(namespace).list().getItems();
            Set<String> owners = new HashSet<>();
            List<Pod> pods =
                    new ArrayList<>(client.pods().inNamespace(namespace).list().getItems());
            pods.sort(Comparator.comparing(pod -> pod.getMetadata().getName()));
            for (Pod pod : pods) {
                if (running(pod) && posture.protects(namespace, labels(pod)) && owners.add(owner(pod))) {
                    for (int port : ports(posture, pod, services)) {
                        targets.add(new Target(
                                namespace,
                                pod.getMetadata().getName(),
                                pod.getStatus().getPodIP(),
                                port,
                                way(pod, port, services),
                                hasSidecar(pod)));
                    }
                }
            }
        }
        return targets;
    }

    private static boolean running(Pod pod) {
        return pod.getStatus() != null
                && "Running".equals(pod.getStatus().getPhase())
                && pod.getStatus().getPodIP() != null
                && !Boolean.TRUE.equals(pod.getSpec().getHostNetwork())
                && pod.getMetadata().getDeletionTimestamp() == null
                && !labels(pod).containsKey(ProbeJobs.RUN_LABEL);
    }

    private static Map<String, String> labels(Pod pod) {
        return pod.getMetadata().getLabels() == null
                ? Map.of()
                : pod.getMetadata().getLabels();
    }

    private static String owner(Pod pod) {
        return pod.getMetadata().getOwnerReferences().stream()
                .map(OwnerReference::getUid)
                .findFirst()
                .orElse(pod.getMetadata().getName());
    }

    private static boolean hasSidecar(Pod pod) {
        return Stream.concat(pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
                .map(Container::getName)
                .anyMatch("istio-proxy"::equals);
    }

    private static Set<Integer> ports(Posture posture, Pod pod, List<Service> services) {
        Set<Integer> ports = new TreeSet<>();
        for (Container container : pod.getSpec().getContainers()) {
            if (!container.getName().equals("istio-proxy")) {
                for (ContainerPort port : container.getPorts()) {
                    if (port.getProtocol() == null || port.getProtocol().equals("TCP")) {
                        ports.add(port.getContainerPort());
                    }
                }
            }
        }
        posture.ports().stream().map(Port::first).forEach(ports::add);
        for (Service service : services) {
            if (selects(service, pod)) {
                service.getSpec().getPorts().forEach(port -> podPort(port, pod).ifPresent(ports::add));
            }
        }
        return ports;
    }

    private static boolean selects(Service service, Pod pod) {
        Map<String, String> selector = service.getSpec().getSelector();
        return selector != null && !selector.isEmpty() && labels(pod).entrySet().containsAll(selector.entrySet());
    }

    private static Optional<Integer> podPort(ServicePort port, Pod pod) {
        if (port.getTargetPort() == null) {
            return Optional.of(port.getPort());
        }
        Integer number = port.getTargetPort().getIntVal();
        if (number != null) {
            return Optional.of(number);
        }
        return pod.getSpec().getContainers().stream()
                .flatMap(container -> container.getPorts().stream())
                .filter(declared -> port.getTargetPort().getStrVal().equals(declared.getName()))
                .map(ContainerPort::getContainerPort)
                .findFirst();
    }

    private static Optional<Way> way(Pod pod, int port, List<Service> services) {
        for (Service service : services) {
            String ip = service.getSpec().getClusterIP();
            if (selects(service, pod) && ip != null && !ip.isEmpty() && !ip.equals("None")) {
                for (ServicePort servicePort : service.getSpec().getPorts()) {
                    if (podPort(servicePort, pod)
                            .filter(number -> number == port)
                            .isPresent()) {
                        return Optional.of(new Way(service.getMetadata().getName(), ip, servicePort.getPort()));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
