package io.zta.snapshot;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A pod of a snapshot, or the pod that a workload's template would become where the snapshot holds no pods of it.
 *
 * @param workload the outermost owner, itself for a bare pod
 * @param resource the object it was read from: the Pod, or the workload whose template it is
 * @param name the pod's name; the workload's for one of a template
 * @param labels the pod's labels
 * @param annotations the pod's annotations
 * @param spec the pod's {@code spec}
 * @param ips addresses of a running pod, none of a template
 * @param fromTemplate whether no pod was seen: then injection has not happened yet and addresses are not known
 */
public record Pod(
        WorkloadRef workload,
        Resource resource,
        String name,
        Map<String, String> labels,
        Map<String, String> annotations,
        Node spec,
        List<String> ips,
        boolean fromTemplate) {

    public Pod {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
        ips = List.copyOf(ips);
    }

    /** The namespace. */
    public String namespace() {
        return workload.namespace();
    }

    /** Whether it shares the node's network, which makes network policies and injection pass it by. */
    public boolean hostNetwork() {
        return spec.get("hostNetwork").isTrue();
    }

    /** The name of its service account, {@code default} where none is named. */
    public String serviceAccount() {
        String name =
                spec.get("serviceAccountName").textOr(spec.get("serviceAccount").textOr(""));
        return name.isEmpty() ? "default" : name;
    }

    /** The phase the cluster gave, or the empty text. */
    public String phase() {
        return fromTemplate ? "" : resource.tree().at("status", "phase").textOr("");
    }

    /** Whether it ended: then it holds no address worth matching. */
    public boolean ended() {
        return !fromTemplate && ended(resource);
    }

    /** Whether the pod that an object describes ended. */
    static boolean ended(Resource resource) {
        String phase = resource.tree().at("status", "phase").textOr("");
        return phase.equals("Succeeded") || phase.equals("Failed");
    }

    /** The containers that serve while the pod runs: {@code containers}, and init containers that always restart. */
    public List<Node> runningContainers() {
        List<Node> containers = new ArrayList<>(spec.get("containers").items());
        for (Node init : spec.get("initContainers").items()) {
            if (init.get("restartPolicy").textOr("").equals("Always")) {
                containers.add(init);
            }
        }
        return containers;
    }

    /** All containers, init and ephemeral ones included. */
    public List<Node> allContainers() {
        List<Node> containers = new ArrayList<>(spec.get("containers").items());
        containers.addAll(spec.get("initContainers").items());
        containers.addAll(spec.get("ephemeralContainers").items());
        return containers;
    }

    /** Ports that running containers declare. Declaring is no more than documentation: others may be open as well. */
    public List<ContainerPort> ports() {
        List<ContainerPort> ports = new ArrayList<>();
        for (Node container : runningContainers()) {
            for (Node port : container.get("ports").items()) {
                port.get("containerPort")
                        .integer()
                        .ifPresent(number -> ports.add(new ContainerPort(
                                container.get("name").textOr(""),
                                port.get("name").textOr(""),
                                port.get("protocol").textOr("TCP"),
                                number)));
            }
        }
        return ports;
    }

    /** {@code namespace/name}. */
    public String display() {
        return namespace() + "/" + name;
    }

    /**
     * A declared port.
     *
     * @param container the container that declares it
     * @param name its name, or the empty text
     * @param protocol TCP, UDP or SCTP as written; TCP where left out
     * @param number 1 to 65535
     */
    public record ContainerPort(String container, String name, String protocol, int number) {}
}
