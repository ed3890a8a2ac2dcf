package io.zta.verify.apply;

import io.zta.Posture;
import io.zta.intent.Port;
import io.zta.network.AddressRange;
import io.zta.network.PortSet;
import io.zta.network.Reachability;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import io.zta.snapshot.Snapshot;
import io.zta.snapshot.WorkloadRef;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who reaches whom before and after a plan, by workload, among the flows that begin or end in the posture's namespaces.
 * Looked at are the ports that the destination declares, that a Service leads to, and that its sidecar serves; all ports
 * where it declares none.
 */
final class Flows {
    static final String OUTSIDE = "outside the cluster";

    /** A flow that ends, with a pod of each side; no source pod for addresses outside. */
    record Ended(Flow flow, Optional<Pod> from, Pod to, PortSet ports) {}

    private final Reachability before;
    private final Reachability after;
    private final List<Ended> ended = new ArrayList<>();
    private final Set<Flow> begins = new TreeSet<>();

    private Flows(Reachability before, Reachability after) {
        this.before = before;
        this.after = after;
    }

    static Flows between(Posture posture, Snapshot before, Snapshot after) {
        Flows flows = new Flows(Reachability.of(before), Reachability.of(after));
        flows.compare(posture);
        return flows;
    }

    Reachability before() {
        return before;
    }

    Reachability after() {
        return after;
    }

    List<Ended> ended() {
        return ended;
    }

    List<Flow> ends() {
        return ended.stream().map(Ended::flow).distinct().sorted().toList();
    }

    List<Flow> begins() {
        return List.copyOf(begins);
    }

    private void compare(Posture posture) {
        Map<WorkloadRef, List<Pod>> kinds = kinds();
        kinds.forEach((target, targets) -> kinds.forEach((source, sources) -> {
            if (posture.namespaces().contains(target.namespace())
                    || posture.namespaces().contains(source.namespace())) {
                for (Pod to : targets) {
                    for (Pod from : sources) {
                        compare(from, to);
                    }
                }
            }
        }));
        kinds.forEach((target, targets) -> {
            if (posture.namespaces().contains(target.namespace())) {
                for (Pod to : targets) {
                    change(
                            OUTSIDE,
                            Optional.empty(),
                            to,
                            before.fromAddresses(AddressRange.ALL_V4, to).expected(),
                            after.fromAddresses(AddressRange.ALL_V4, to).expected());
                }
            }
        });
    }

    /** One pod for each workload and set of labels; two where a workload has several alike, for flows among them. */
    private Map<WorkloadRef, List<Pod>> kinds() {
        Map<WorkloadRef, List<Pod>> kinds = new LinkedHashMap<>();
        before.pods().byWorkload().forEach((workload, pods) -> {
            Map<Map<String, String>, Integer> seen = new LinkedHashMap<>();
            List<Pod> chosen = new ArrayList<>();
            for (Pod pod : pods) {
                int alike = seen.merge(pod.labels(), 1, Integer::sum);
                if (alike == 1 || alike == 2 && pod.workload().kind().equals("StatefulSet")) {
                    chosen.add(pod);
                }
            }
            kinds.put(workload, chosen);
        });
        return kinds;
    }

    private void compare(Pod from, Pod to) {
        if (from.resource().equals(to.resource())) {
            return;
        }
        change(
                from.workload().toString(),
                Optional.of(from),
                to,
                before.between(from, to).expected(),
                after.between(from, to).expected());
    }

    private void change(String name, Optional<Pod> from, Pod to, PortSet was, PortSet is) {
        PortSet ports = ports(before.snapshot(), to);
        PortSet lost = was.minus(is).intersect(ports);
        PortSet won = is.minus(was).intersect(ports);
        if (!lost.isEmpty()) {
            Flow flow = new Flow(name, to.workload().toString(), lost.toString());
            if (ended.stream().noneMatch(known -> known.flow().equals(flow))) {
                ended.add(new Ended(flow, from, to, lost));
            }
        }
        if (!won.isEmpty()) {
            begins.add(new Flow(name, to.workload().toString(), won.toString()));
        }
    }

    /** The ports of a pod that somebody may want. */
    static PortSet ports(Snapshot snapshot, Pod pod) {
        List<Port> ports = new ArrayList<>();
        for (Pod.ContainerPort port : pod.ports()) {
            ports.add(port(port.protocol(), port.number()));
        }
        for (Resource service : services(snapshot, pod)) {
            for (Node port : service.spec().get("ports").items()) {
                Node target = port.get("targetPort").isAbsent() ? port.get("port") : port.get("targetPort");
                target.integer()
                        .ifPresent(number -> ports.add(port(port.get("protocol").textOr("TCP"), number)));
            }
        }
        if (ports.isEmpty()) {
            return PortSet.ALL;
        }
        if (proxied(pod)) {
            ports.add(Port.tcp(15020));
            ports.add(Port.tcp(15090));
        }
        return PortSet.of(ports);
    }

    private static Port port(String protocol, int number) {
        return switch (protocol) {
            case "UDP" -> new Port(Port.Protocol.UDP, number, number);
            case "SCTP" -> new Port(Port.Protocol.SCTP, number, number);
            default -> Port.tcp(number);
        };
    }

    /** The Services that select a pod. */
    static List<Resource> services(Snapshot snapshot, Pod pod) {
        return snapshot.resources(GroupKind.SERVICE, pod.namespace()).stream()
                .filter(service -> !service.spec().get("selector").fields().isEmpty()
                        && Selector.labels(service.spec().get("selector").textMap())
                                .matches(pod.labels()))
                .toList();
    }

    /** Whether a pod has a sidecar, or is a proxy itself. */
    static boolean proxied(Pod pod) {
        return pod.allContainers().stream()
                .anyMatch(container -> container.get("name").textOr("").equals("istio-proxy"));
    }

    /** A field of the source that names a Service of the destination: a sign that the flow is used. */
    static Optional<String> sign(Snapshot snapshot, Pod from, Pod to) {
        for (Resource service : services(snapshot, to)) {
            String name = java.util.regex.Pattern.quote(service.name());
            String own = from.namespace().equals(to.namespace())
                    ? "(\\." + service.namespace() + ")?"
                    : "\\." + service.namespace();
            java.util.regex.Pattern pattern = java.util.regex.Pattern.compile(
                    "(^|[^-a-z0-9.])" + name + own + "(\\.svc(\\.[a-z0-9.-]+)?)?(:[0-9]+|/|$)");
            for (Node container : from.allContainers()) {
                List<Node> texts = new ArrayList<>(container.get("args").items());
                texts.addAll(container.get("command").items());
                container.get("env").items().forEach(variable -> texts.add(variable.get("value")));
                for (Node text : texts) {
                    if (pattern.matcher(text.textOr("")).find()) {
                        return Optional.of(from.workload() + " names " + service.display() + " in container "
                                + container.get("name").textOr("") + ": " + text.textOr(""));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
