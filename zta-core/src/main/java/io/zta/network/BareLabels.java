package io.zta.network;

import io.zta.finding.Doubt;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Pod;
import io.zta.snapshot.Pods;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Values of labels, and values that selectors ask of them, which stand without quotes and which Kubernetes' parser takes for
 * a number or a truth value. They are text to us; an API server refuses the object. Pure.
 */
final class BareLabels {
    /** Signs and points at an end are left out: with them it is no value of a label either way. */
    private static final Pattern NO_TEXT = Pattern.compile("y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF"
            + "|true|True|TRUE|false|False|FALSE|0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*"
            + "|[0-9]+(?:\\.[0-9]+)?(?:[eE]-?[0-9]+)?");

    private BareLabels() {}

    /** Those of a NetworkPolicy: what the cluster holds instead of it is not known. */
    static List<Doubt> ofPolicy(Resource policy) {
        List<Doubt> found = new ArrayList<>();
        selectors(policy, policy.spec(), found);
        return found;
    }

    /** Those of pods, workloads and namespaces. */
    static List<Doubt> ofWearers(Snapshot snapshot) {
        List<Doubt> found = new ArrayList<>();
        snapshot.resources(GroupKind.NAMESPACE).forEach(namespace -> labels(namespace, namespace.tree(), found));
        for (Pod pod : Pods.of(snapshot).all()) {
            Resource resource = pod.resource();
            labels(resource, pod.fromTemplate() ? Pods.templateOf(resource) : resource.tree(), found);
        }
        return found;
    }

    private static void selectors(Resource policy, Node node, List<Doubt> found) {
        node.fields().forEach((name, value) -> {
            if (name.equals("matchLabels")) {
                value.fields().values().forEach(label -> look(policy, label, found));
            } else if (name.equals("values")) {
                value.items().forEach(label -> look(policy, label, found));
            } else {
                selectors(policy, value, found);
            }
        });
        node.items().forEach(item -> selectors(policy, item, found));
    }

    private static void labels(Resource resource, Node holder, List<Doubt> found) {
        holder.at("metadata", "labels").fields().values().forEach(label -> look(resource, label, found));
    }

    private static void look(Resource resource, Node value, List<Doubt> found) {
        if (value.isScalar()
                && !value.isQuoted()
                && NO_TEXT.matcher(value.textOr("")).matches()) {
            found.add(new Doubt(
                    resource.display() + ": the label's value " + value + " is no text to Kubernetes, and here it is",
                    "put it in quotes: an API server would refuse it",
                    resource.originOf(value)));
        }
    }
}
