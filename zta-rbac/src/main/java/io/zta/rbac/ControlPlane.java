package io.zta.rbac;

import io.zta.intent.Subject;
import io.zta.snapshot.Node;
import java.util.Set;
import java.util.TreeSet;

/** The subjects that are Kubernetes' own: part of the trusted base, reachable by others but not reported themselves. */
public final class ControlPlane {
    private static final Set<Subject> EVERYONE = Set.of(
            Subject.group("system:authenticated"),
            Subject.group("system:unauthenticated"),
            Subject.group("system:serviceaccounts"),
            Subject.group("system:monitoring"));
    private static final Set<Subject> OWN = own();

    /** The accounts that common network plugins run as, in the namespaces that their charts and operators use. */
    private static final Set<Subject> NETWORK_PLUGINS = Set.of(
            Subject.serviceAccount("kube-system", "cilium"),
            Subject.serviceAccount("kube-system", "cilium-operator"),
            Subject.serviceAccount("cilium", "cilium"),
            Subject.serviceAccount("cilium", "cilium-operator"),
            Subject.serviceAccount("kube-system", "calico-node"),
            Subject.serviceAccount("kube-system", "calico-kube-controllers"),
            Subject.serviceAccount("calico-system", "calico-node"),
            Subject.serviceAccount("calico-system", "calico-kube-controllers"),
            Subject.serviceAccount("calico-system", "calico-cni-plugin"),
            Subject.serviceAccount("calico-system", "calico-typha"),
            Subject.serviceAccount("calico-system", "calico-apiserver"),
            Subject.serviceAccount("calico-apiserver", "calico-apiserver"),
            Subject.serviceAccount("tigera-operator", "tigera-operator"),
            Subject.serviceAccount("kube-system", "antrea-agent"),
            Subject.serviceAccount("kube-system", "antrea-controller"),
            Subject.serviceAccount("kube-system", "kube-router"),
            Subject.serviceAccount("kube-system", "weave-net"),
            Subject.serviceAccount("kube-system", "kindnet"));

    private ControlPlane() {}

    private static Set<Subject> own() {
        Set<Subject> subjects = new TreeSet<>();
        Bootstrap.all().forEach(binding -> {
            binding.tree().get("subjects").items().forEach(subject -> {
                String name = subject.get("name").textOr("");
                switch (subject.get("kind").textOr("")) {
                    case "ServiceAccount" ->
                        subjects.add(
                                Subject.serviceAccount(subject.get("namespace").textOr("kube-system"), name));
                    case "Group" -> subjects.add(Subject.group(name));
                    default -> subjects.add(Subject.user(name));
                }
            });
        });
        subjects.removeAll(EVERYONE);
        subjects.add(Subject.group("system:nodes"));
        return subjects;
    }

    /** Whether the subject is the network plugin's own: it has to be trusted with enforcing, so with policies too. */
    public static boolean enforcesNetwork(Subject subject) {
        return NETWORK_PLUGINS.contains(subject);
    }

    /** Whether the subject is a controller, a component or a group of the control plane. */
    public static boolean includes(Subject subject) {
        return OWN.contains(subject)
                || subject.kind() == Subject.Kind.USER
                        && (subject.name().startsWith("system:kube-")
                                || subject.name().startsWith("system:node:"))
                || subject.kind() == Subject.Kind.GROUP && subject.name().startsWith("system:nodes")
                || subject.kind() == Subject.Kind.GROUP && subject.name().startsWith("system:bootstrappers");
    }

    /**
     * Whether a webhook of a configuration is istiod's own: its injector adds its sidecar, its validator looks at Istio's
     * kinds. Part of the trusted base.
     */
    public static boolean isIstiods(Node webhook) {
        Node service = webhook.at("clientConfig", "service");
        String name = service.get("name").textOr("");
        return service.get("namespace").textOr("").equals("istio-system")
                && (name.equals("istiod") || name.startsWith("istiod-"));
    }
}
