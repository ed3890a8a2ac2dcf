package io.zta.network;

import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.finding.Severity;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Selector;
import java.util.ArrayList;
import java.util.List;

/**
 * Probes and lifecycle hooks that name a {@code host}: the kubelet makes the call, and every policy lets the node in. So
 * whoever makes a pod anywhere in the cluster has the node call any pod.
 */
final class Probes {
    /**
     * A call that the kubelet is told to make.
     *
     * @param pod whose probe it is
     * @param path the field that holds the host
     * @param host the field
     */
    record Call(Pod pod, String path, Node host) {}

    private final Reachability reach;
    private final List<Call> calls = new ArrayList<>();

    Probes(Reachability reach) {
        this.reach = reach;
        for (Pod pod : reach.pods().all()) {
            for (String list : List.of("containers", "initContainers")) {
                List<Node> containers = pod.spec().get(list).items();
                for (int i = 0; i < containers.size(); i++) {
                    String at = "spec." + list + "[" + i + "].";
                    for (String probe : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
                        add(pod, at + probe, containers.get(i).get(probe));
                    }
                    for (String hook : List.of("postStart", "preStop")) {
                        add(pod, at + "lifecycle." + hook, containers.get(i).at("lifecycle", hook));
                    }
                }
            }
        }
    }

    private void add(Pod pod, String path, Node handler) {
        for (String kind : List.of("httpGet", "tcpSocket")) {
            Node host = handler.at(kind, "host");
            if (!host.textOr("").isEmpty()) {
                calls.add(new Call(pod, path + "." + kind + ".host", host));
            }
        }
    }

    /** All calls that name a host. */
    List<Call> calls() {
        return calls;
    }

    /** The calls that end at a pod: by its address, or by a Service in front of it. */
    List<Finding> aimedAt(Pod target) {
        List<Finding> found = new ArrayList<>();
        for (Call call : calls) {
            String host = call.host().textOr("");
            if (!call.pod().resource().equals(target.resource())
                    && (target.ips().contains(host) || serves(host, target))) {
                found.add(new Finding(
                        "ZTA-NET-005",
                        Severity.ERROR,
                        "NET-probe",
                        call.pod().resource().display(),
                        "has the kubelet call Pod " + target.display() + ", which no NetworkPolicy stops",
                        List.of(Evidence.of(call.pod().resource(), call.path(), call.host())),
                        List.of(
                                Hop.of(
                                        "whoever makes Pod " + call.pod().display() + " chooses the host of its probe",
                                        Evidence.of(call.pod().resource(), call.path(), call.host())),
                                Hop.of("the node calls Pod " + target.display()
                                        + ", and every policy lets the node in")),
                        "take host out of the probe; enforce Pod Security baseline of 1.34 or later in namespace "
                                + call.pod().namespace(),
                        "NET-31, docs/semantics/network.md"));
            }
        }
        return found;
    }

    private boolean serves(String host, Pod target) {
        for (Resource service : reach.snapshot().resources(GroupKind.SERVICE, target.namespace())) {
            Node spec = service.spec();
            boolean named = spec.get("clusterIP").textOr("").equals(host)
                    || spec.get("clusterIPs").texts().contains(host)
                    || spec.get("externalIPs").texts().contains(host)
                    || host.equals(service.name() + "." + service.namespace())
                    || host.startsWith(service.name() + "." + service.namespace() + ".svc");
            Node selector = spec.get("selector");
            if (named
                    && selector.size() > 0
                    && Selector.labels(selector.textMap()).matches(target.labels())) {
                return true;
            }
        }
        return false;
    }
}
