package io.zta.rbac.admission;

import io.zta.Posture;
import io.zta.compile.Compiled;
import io.zta.intent.Intent;
import io.zta.intent.Port;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * Compiles the admission policies that keep others from undoing the posture: writes to its objects, to policies that would
 * widen them, to the namespace's own labels, to the protocol of Services, and to grants of the rights it gives. An
 * allow-list: whoever holds the virtual verb {@code apply} on {@code postures.zta.io}.
 *
 * <p>Admission policies can't guard themselves or webhook configurations: whoever may write those is for RBAC to keep out.
 */
public final class GuardPolicies {
    private static final List<String> WRITES = List.of("CREATE", "UPDATE", "DELETE");
    private static final String REMEDY =
            " Change the posture and have it applied, or get the verb apply on postures.zta.io.";

    /** Namespace labels that switch injection, Pod Security or other admission off. */
    private static final List<String> LABELS = List.of(
            "istio-injection",
            "istio.io/rev",
            "istio.io/dataplane-mode",
            "istio.io/use-waypoint",
            "topology.istio.io/network",
            "admission.gatekeeper.sh/ignore");

    private static final List<String> LABEL_PREFIXES = List.of("pod-security.kubernetes.io/", "zta.io/");

    private GuardPolicies() {}

    /** The policies, none for a posture without anything to guard. */
    public static List<Compiled> of(Posture posture) {
        if (!posture.guarded()) {
            return List.of();
        }
        List<Compiled> all = new ArrayList<>();
        List<Intent> network = network(posture);
        List<Intent> mesh = mesh(posture);
        if (!network.isEmpty() || !mesh.isEmpty()) {
            all.addAll(objects(posture, network, mesh));
            all.addAll(namespace(posture, join(network, mesh)));
        }
        if (!mesh.isEmpty()) {
            all.addAll(services(posture, mesh));
            all.addAll(MeshGuard.root(posture, mesh));
        }
        if (posture.gateway().isPresent() && !(network.isEmpty() && mesh.isEmpty())) {
            all.addAll(MeshGuard.identity(posture, posture.gateway().get(), join(network, mesh)));
        }
        if (!all.isEmpty() || EntryPolicies.asked(posture)) {
            all.addAll(grants(posture));
        }
        return all;
    }

    static List<Intent> network(Posture posture) {
        return posture.intents().stream()
                .filter(intent -> intent instanceof Intent.DenyDirectAccess
                        || intent instanceof Intent.DenyEgress
                        || intent instanceof Intent.EnforcePodSecurity)
                .toList();
    }

    static List<Intent> mesh(Posture posture) {
        return posture.intents().stream()
                .filter(intent -> intent instanceof Intent.StrictMtls
                        || intent instanceof Intent.RequireToken
                        || intent instanceof Intent.ExternalAuthorizer)
                .toList();
    }

    private static List<Intent> join(List<Intent> some, List<Intent> others) {
        List<Intent> all = new ArrayList<>(some);
        all.addAll(others);
        return all;
    }

    /** Policies of the network and the mesh, and what the library keeps in the namespace. */
    private static List<Compiled> objects(Posture posture, List<Intent> network, List<Intent> mesh) {
        PolicyDraft draft = new PolicyDraft("guard", posture, join(network, mesh)).in(posture.namespaces());
        if (!network.isEmpty()) {
            draft.on(WRITES, "networking.k8s.io", "Namespaced", List.of("networkpolicies"))
                    .on(WRITES, "cilium.io", "Namespaced", List.of("ciliumnetworkpolicies"))
                    .on(WRITES, "projectcalico.org", "Namespaced", List.of("networkpolicies"))
                    .on(WRITES, "crd.projectcalico.org", "Namespaced", List.of("networkpolicies"));
        }
        if (!mesh.isEmpty()) {
            MeshGuard.kinds(draft, WRITES);
        }
        return draft.on(WRITES, "", "Namespaced", List.of("configmaps"))
                .on(WRITES, "coordination.k8s.io", "Namespaced", List.of("leases"))
                .let("name", Cel.NAME)
                .let(
                        "guarded",
                        "!(request.resource.resource in ['configmaps', 'leases']) || variables.name.startsWith('zta-')")
                .let("mayApply", Cel.MAY_APPLY)
                .let("collecting", Cel.COLLECTING)
                .require(
                        "!variables.guarded || variables.mayApply || variables.collecting",
                        "The posture " + EntryPolicies.name(posture)
                                + " guards network and mesh policies and its own records in this namespace." + REMEDY)
                .compile();
    }

    /** The namespace itself: its labels decide injection and Pod Security, its deletion takes everything along. */
    private static List<Compiled> namespace(Posture posture, List<Intent> because) {
        String prefixes = LABEL_PREFIXES.stream()
                .map(prefix -> "key.startsWith(" + Cel.text(prefix) + ")")
                .reduce((one, other) -> one + " || " + other)
                .orElseThrow();
        return new PolicyDraft("guard-namespace", posture, because)
                .in(posture.namespaces())
                // The subresources take labels as well.
                .on(List.of("UPDATE"), "", "Cluster", List.of("namespaces", "namespaces/status", "namespaces/finalize"))
                .on(List.of("DELETE"), "", "Cluster", List.of("namespaces"))
                .let("before", "has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}")
                .let(
                        "after",
                        "request.operation == 'UPDATE' && has(object.metadata.labels) ? object.metadata.labels : {}")
                .let(
                        "touched",
                        "[variables.before, variables.after].exists(labels, labels.exists(key, (key in "
                                + Cel.list(LABELS)
                                + " || " + prefixes + ") && !(key in variables.before && key in variables.after"
                                + " && variables.before[key] == variables.after[key])))")
                // One that has had its owner all along is finalized by the namespace controller like any other.
                .let(
                        "owned",
                        "request.operation == 'UPDATE' && has(object.metadata.ownerReferences)"
                                + " && object.metadata.ownerReferences.size() > 0"
                                + " && !(has(oldObject.metadata.ownerReferences)"
                                + " && object.metadata.ownerReferences == oldObject.metadata.ownerReferences)")
                .let("mayApply", Cel.MAY_APPLY_ANYWHERE)
                .require(
                        "request.operation == 'DELETE' || !variables.touched && !variables.owned || variables.mayApply",
                        "The posture " + EntryPolicies.name(posture)
                                + " guards this namespace's labels for injection, Pod Security and admission, and keeps it"
                                + " from the garbage collector." + REMEDY)
                .require(
                        "request.operation != 'DELETE' || variables.mayApply",
                        "The posture " + EntryPolicies.name(posture) + " guards this namespace against deletion."
                                + REMEDY)
                .compile();
    }

    /** The protocol of a Service's port decides whether the sidecar looks at tokens at all. */
    private static List<Compiled> services(Posture posture, List<Intent> because) {
        return new PolicyDraft("guard-services", posture, because)
                .in(posture.namespaces())
                .on(List.of("CREATE", "UPDATE"), "", "Namespaced", List.of("services"))
                .when("leads-to-pods", "object.spec.type != 'ExternalName' && has(object.spec.ports)")
                .let(
                        "unchanged",
                        "request.operation == 'UPDATE' && has(oldObject.spec.ports)"
                                + " && oldObject.spec.ports == object.spec.ports"
                                + " && has(oldObject.spec.selector) == has(object.spec.selector)"
                                + " && (!has(object.spec.selector) || oldObject.spec.selector == object.spec.selector)")
                .let("mayApply", Cel.MAY_APPLY)
                .require(
                        "variables.unchanged || variables.mayApply || object.spec.ports.all(port, "
                                + open(posture.ports()) + " || " + http() + ")",
                        "The posture " + EntryPolicies.name(posture)
                                + " needs an HTTP protocol on each port that leads to a protected port: otherwise no token"
                                + " is checked. Name the port http, http2 or grpc (or http-NAME), or set appProtocol.")
                .compile();
    }

    /** Whether a port can't lead to a protected one. */
    private static String open(List<Port> ports) {
        String noTcp = "has(port.protocol) && port.protocol != 'TCP'";
        if (ports.isEmpty()) {
            return noTcp;
        }
        List<String> covers = new ArrayList<>();
        for (Port port : ports) {
            if (port.protocol() == Port.Protocol.TCP) {
                covers.add(
                        port.first() == port.last()
                                ? "number == " + port.first()
                                : "number >= " + port.first() + " && number <= " + port.last());
            }
        }
        // A target that is a name is the container's to decide, and may lead anywhere.
        return noTcp
                + " || has(port.targetPort) && type(port.targetPort) == int && ![int(port.targetPort)].exists(number, "
                + String.join(" || ", covers) + ")";
    }

    private static String http() {
        String declared = "(has(port.appProtocol) ? port.appProtocol.lowerAscii() : has(port.name) ? port.name : '')";
        return declared + ".matches('^(http|http2|grpc|grpc-web)$') || has(port.appProtocol)"
                + " && port.appProtocol in ['kubernetes.io/h2c', 'kubernetes.io/ws']"
                + " || !has(port.appProtocol) && has(port.name) && port.name.matches('^(http|http2|grpc)-')";
    }

    /** Grants of the rights that the posture's policies ask for, and the library's own roles. */
    private static List<Compiled> grants(Posture posture) {
        TreeSet<String> namespaces = new TreeSet<>(posture.namespaces());
        namespaces.addAll(MeshGuard.namespaces(posture));
        String gives = ".rules.exists(rule, has(rule.apiGroups) && has(rule.resources)"
                + " && rule.apiGroups.exists(group, group in ['*', 'zta.io'])"
                + " && rule.resources.exists(resource, resource in ['*', 'containers', 'postures'])"
                + " && rule.verbs.exists(verb, verb in ['*', 'apply', 'approve', 'enter']))";
        PolicyDraft draft = new PolicyDraft("guard-grants", posture, because(posture))
                .in(namespaces)
                .on(
                        WRITES,
                        "rbac.authorization.k8s.io",
                        "*",
                        List.of("roles", "rolebindings", "clusterroles", "clusterrolebindings"))
                .let("name", Cel.NAME)
                .let(
                        "versions",
                        "request.operation == 'CREATE' ? [dyn(object)]"
                                + " : request.operation == 'DELETE' ? [dyn(oldObject)] : [dyn(object), dyn(oldObject)]")
                .let(
                        "ours",
                        "variables.name.startsWith('zta-') || variables.versions.exists(it, has(it.roleRef)"
                                + " && (it.roleRef.name.startsWith('zta-') || it.roleRef.name == 'cluster-admin'))")
                .let("gives", "variables.versions.exists(it, has(it.rules) && it" + gives + ")")
                .let("mayApply", "has(request.namespace) ? " + Cel.MAY_APPLY + " : " + Cel.MAY_APPLY_ANYWHERE)
                .let(
                        "controller",
                        "request.userInfo.username == "
                                + "'system:serviceaccount:kube-system:clusterrole-aggregation-controller' || ("
                                + Cel.COLLECTING + ")")
                .let("approved", approved(posture));
        return draft.require(
                        "!variables.ours && !variables.gives || variables.mayApply || variables.controller"
                                + " || variables.approved",
                        "The posture " + EntryPolicies.name(posture)
                                + " guards the roles and bindings that let someone into containers or change it."
                                + REMEDY)
                .compile();
    }

    private static List<Intent> because(Posture posture) {
        return posture.intents().stream()
                .filter(intent -> !(intent instanceof Intent.Protect || intent instanceof Intent.OnPorts))
                .toList();
    }

    /** A break-glass grant by an approver: to a subject of the posture, with reason and end, for no longer than allowed. */
    private static String approved(Posture posture) {
        Collection<Intent.BreakGlass> glasses = posture.intents(Intent.BreakGlass.class);
        if (glasses.isEmpty()) {
            return "false";
        }
        List<String> cases = new ArrayList<>();
        for (Intent.BreakGlass glass : glasses) {
            String namespace = glass.subject().namespace();
            String who = "subject.kind == " + Cel.text(glass.subject().kind().rbac()) + " && subject.name == "
                    + Cel.text(glass.subject().name())
                    + (namespace.isEmpty() ? "" : " && subject.namespace == " + Cel.text(namespace));
            cases.add("it.subjects.all(subject, " + who + ")"
                    + " && timestamp(it.metadata.annotations['zta.io/expires']) - timestamp(it.metadata.creationTimestamp)"
                    + " <= duration('" + seconds(glass.longest()) + "s')");
        }
        return "request.resource.resource == 'rolebindings' && " + Cel.MAY_APPROVE
                + " && variables.versions.all(it, it.roleRef.kind == 'Role' && it.roleRef.name == 'zta-break-glass')"
                + " && (request.operation == 'DELETE' || variables.versions.all(it, has(it.subjects)"
                + " && has(it.metadata.annotations) && 'zta.io/reason' in it.metadata.annotations"
                + " && 'zta.io/expires' in it.metadata.annotations && !has(it.metadata.ownerReferences)"
                + " && (" + String.join(" || ", cases) + ")))";
    }

    private static long seconds(Duration duration) {
        return duration.toSeconds();
    }
}
