package io.zta.verify.whatif;

import io.zta.Posture;
import io.zta.compile.Marks;
import io.zta.finding.Doubt;
import io.zta.finding.Evidence;
import io.zta.finding.Finding;
import io.zta.finding.Hop;
import io.zta.snapshot.GroupKind;
import io.zta.snapshot.Node;
import io.zta.snapshot.Resource;
import io.zta.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The edits worth trying on a snapshot: those of what a verdict quotes, and those of what holds it. */
final class Candidates {
    /** Groups whose objects are rules: these may go as a whole. Workloads and what they need may not. */
    private static final Set<String> RULES = Set.of(
            "networking.k8s.io",
            "policy.networking.k8s.io",
            "cilium.io",
            "projectcalico.org",
            "crd.projectcalico.org",
            "security.istio.io",
            "networking.istio.io",
            "telemetry.istio.io",
            "extensions.istio.io",
            "gateway.networking.k8s.io",
            "rbac.authorization.k8s.io",
            "admissionregistration.k8s.io",
            "audit.k8s.io");

    /** Fields that an object can't be without. */
    private static final Set<String> REQUIRED = Set.of(
            "apiVersion",
            "kind",
            "metadata",
            "name",
            "namespace",
            "spec",
            "status",
            "podSelector",
            "roleRef",
            "rules",
            "key",
            "operator",
            "values");

    private final Snapshot snapshot;
    private final Map<String, List<Resource>> named = new HashMap<>();

    Candidates(Snapshot snapshot) {
        this.snapshot = snapshot;
        snapshot.resources()
                .forEach(resource -> named.computeIfAbsent(resource.display(), key -> new ArrayList<>())
                        .add(resource));
    }

    /** Edits of what findings quote, field by field, and then of whole objects. */
    List<Edit> of(List<Finding> findings) {
        Set<Edit> edits = new LinkedHashSet<>();
        List<Evidence> quoted = quoted(findings);
        quoted.forEach(evidence -> edits.addAll(fields(evidence)));
        quoted.forEach(evidence -> edits.addAll(objects(evidence)));
        return List.copyOf(edits);
    }

    /** Everything that findings and their witnesses quote. */
    static List<Evidence> quoted(List<Finding> findings) {
        Set<Evidence> quoted = new LinkedHashSet<>();
        for (Finding finding : findings) {
            quoted.addAll(finding.evidence());
            finding.witness().stream().map(Hop::because).forEach(because -> because.ifPresent(quoted::add));
        }
        return List.copyOf(quoted);
    }

    /** Edits of the field quoted and of the lists it is in, the innermost first. */
    List<Edit> fields(Evidence evidence) {
        List<Edit> edits = new ArrayList<>();
        for (Resource object : editable(evidence)) {
            List<FieldPath.Stop> stops = FieldPath.stops(object.tree(), evidence.path());
            for (int i = stops.size() - 1; i >= 0; i--) {
                FieldPath.Stop stop = stops.get(i);
                boolean last = i == stops.size() - 1;
                if (last
                        && stop.path().endsWith("mode")
                        && !stop.node().textOr("").equals("STRICT")) {
                    edits.add(Edit.set(object, stop.path(), stop.node(), Node.plain("STRICT")));
                }
                if (stop.item() || last && isSparable(stop)) {
                    edits.add(Edit.remove(object, stop.path(), stop.node()));
                }
            }
        }
        return edits;
    }

    /** The removal of the object quoted, where it is a rule. */
    List<Edit> objects(Evidence evidence) {
        return editable(evidence).stream()
                .filter(object -> RULES.contains(object.type().group()))
                .map(Edit::remove)
                .toList();
    }

    /** The widest edit of each quoted thing that shuts and does not open: rights go whole, rules item by item. */
    List<Edit> widest(List<Finding> findings) {
        Set<Edit> edits = new LinkedHashSet<>();
        for (Evidence evidence : quoted(findings)) {
            List<Edit> fields = fields(evidence);
            boolean rights = editable(evidence).stream()
                    .anyMatch(object -> object.type().group().equals(GroupKind.ROLE.group()));
            if (fields.isEmpty() || rights) {
                edits.addAll(objects(evidence));
            } else {
                edits.add(fields.get(fields.size() - 1));
            }
        }
        return List.copyOf(edits);
    }

    /** What a posture renders and the snapshot lacks or has otherwise; flags of the API server that the audit needs. */
    List<Edit> rendered(Posture posture) {
        List<Edit> edits = new ArrayList<>();
        Snapshot wanted = posture.manifests().snapshot();
        wanted.resources().forEach(resource -> {
            Edit edit = Edit.put(resource);
            if (!edit.applyTo(snapshot).resources(resource.type()).equals(snapshot.resources(resource.type()))) {
                edits.add(edit);
            }
        });
        if (!wanted.resources(GroupKind.AUDIT_POLICY).isEmpty()) {
            edits.addAll(auditFlags());
        }
        return edits;
    }

    private List<Edit> auditFlags() {
        List<Edit> edits = new ArrayList<>();
        for (Resource pod : snapshot.resources(GroupKind.POD, "kube-system")) {
            Node command = pod.spec().get("containers").item(0).get("command");
            List<String> texts = command.texts();
            if (texts.isEmpty() || !texts.get(0).endsWith("kube-apiserver")) {
                continue;
            }
            List<Node> items = new ArrayList<>(command.items());
            for (String flag : List.of(
                    "--audit-policy-file=/etc/kubernetes/audit-policy.yaml",
                    "--audit-log-path=/var/log/kubernetes/audit.log")) {
                String name = flag.substring(0, flag.indexOf('=') + 1);
                if (texts.stream().noneMatch(text -> text.startsWith(name))) {
                    items.add(Node.plain(flag));
                }
            }
            if (items.size() > command.size()) {
                edits.add(Edit.set(pod, "spec.containers[0].command", command, Node.array(items)));
            }
        }
        return edits;
    }

    /** Removals of the objects that may hold a posture's claims: its own, and all rules that may act where it does. */
    List<Edit> holding(Posture posture) {
        List<Edit> edits = new ArrayList<>();
        snapshot.resources()
                .filter(object -> RULES.contains(object.type().group()))
                .filter(object -> !isShipped(object))
                .filter(object -> object.namespace().isEmpty()
                        ? !object.type().group().equals(GroupKind.ROLE.group()) || isOwn(object)
                        : posture.namespaces().contains(object.namespace()) || isOwn(object) || isMeshWide(object))
                .forEach(object -> edits.add(Edit.remove(object)));
        for (String namespace : posture.namespaces()) {
            snapshot.find(GroupKind.NAMESPACE, "", namespace).ifPresent(object -> {
                Node labels = object.tree().at("metadata", "labels");
                FieldPath.children(new FieldPath.Stop("metadata.labels", labels, false)).stream()
                        .filter(label -> !label.path().endsWith(".kubernetes.io/metadata.name"))
                        .forEach(label -> edits.add(Edit.remove(object, label.path(), label.node())));
            });
        }
        for (Resource pod : snapshot.resources(GroupKind.POD, "kube-system")) {
            Node command = pod.spec().get("containers").item(0).get("command");
            if (command.item(0).textOr("").endsWith("kube-apiserver")) {
                FieldPath.children(new FieldPath.Stop("spec.containers[0].command", command, false)).stream()
                        .filter(flag -> flag.node().textOr("").matches("--(audit|authorization|.*admission).*"))
                        .forEach(flag -> edits.add(Edit.remove(pod, flag.path(), flag.node())));
            }
        }
        return edits;
    }

    /** The fields of an object below that one which it can be without. */
    static List<FieldPath.Stop> below(FieldPath.Stop stop) {
        return FieldPath.children(stop).stream()
                .filter(child ->
                        child.item() || isSparable(child) || child.path().equals("spec"))
                .toList();
    }

    /** The object that holds the line a doubt names. */
    List<Edit> doubted(Doubt doubt) {
        return snapshot.resources()
                .filter(object -> RULES.contains(object.type().group()))
                .filter(object -> object.origin().equals(doubt.origin())
                        || object.origin().source().equals(doubt.origin().source())
                                && object.display().length() > 1
                                && doubt.reason().contains(object.display()))
                .filter(object -> !isShipped(object))
                .map(Edit::remove)
                .toList();
    }

    private static boolean isSparable(FieldPath.Stop stop) {
        String path = stop.path();
        return path.indexOf('.') >= 0 && !REQUIRED.contains(path.substring(path.lastIndexOf('.') + 1));
    }

    private List<Resource> editable(Evidence evidence) {
        List<Resource> all = named.getOrDefault(evidence.object(), List.of());
        return all.stream().filter(object -> !isShipped(object)).toList();
    }

    /** Whether Kubernetes itself brings the object, and puts it right again. */
    private static boolean isShipped(Resource object) {
        return object.labels().containsKey("kubernetes.io/bootstrapping");
    }

    private static boolean isOwn(Resource object) {
        return Marks.MANAGER.equals(object.labels().get(Marks.MANAGED_BY));
    }

    private static boolean isMeshWide(Resource object) {
        return object.type().group().endsWith("istio.io") && object.namespace().equals("istio-system");
    }
}
