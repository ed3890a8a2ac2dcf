package io.zta.rbac;

import java.util.Set;

/** Which resources have no namespace: a RoleBinding never grants these. */
final class Scopes {
    private static final Set<String> CORE =
            Set.of("nodes", "persistentvolumes", "users", "groups", "componentstatuses");
    private static final Set<String> GROUPS = Set.of(
            "admissionregistration.k8s.io",
            "certificates.k8s.io",
            "apiregistration.k8s.io",
            "apiextensions.k8s.io",
            "node.k8s.io",
            "policy.networking.k8s.io",
            "flowcontrol.apiserver.k8s.io",
            "scheduling.k8s.io");
    private static final Set<String> OTHERS = Set.of(
            "clusterroles.rbac.authorization.k8s.io",
            "clusterrolebindings.rbac.authorization.k8s.io",
            "ciliumclusterwidenetworkpolicies.cilium.io",
            "globalnetworkpolicies.projectcalico.org",
            "globalnetworkpolicies.crd.projectcalico.org",
            "storageclasses.storage.k8s.io",
            "csidrivers.storage.k8s.io",
            "csinodes.storage.k8s.io",
            "volumeattachments.storage.k8s.io");

    private Scopes() {}

    /**
     * Whether the resource has no namespace. {@code namespaces} count as namespaced: the API server asks for one by name
     * with the namespace set, so a RoleBinding in it grants that (RBAC-12).     */
    static boolean isClusterScoped(String group, String resource) {
        return group.isEmpty()
                ? CORE.contains(resource)
                : GROUPS.contains(group) || OTHERS.contains(resource + "." + group);
    }
}
