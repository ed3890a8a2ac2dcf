package io.zta.rbac;

import java.util.ArrayList;
import java.util.List;

/**
 * A right that gives a way into a container or leads to one: some verbs on some resources, any one of which is enough.
 * Source: Kubernetes' RBAC good practices and the bypass catalogue.
 */
enum Privilege {
    EXEC_POST("create", "pods/exec"),
    EXEC_GET("get", "pods/exec"),
    ATTACH_POST("create", "pods/attach"),
    ATTACH_GET("get", "pods/attach"),
    PORT_FORWARD_POST("create", "pods/portforward"),
    PORT_FORWARD_GET("get", "pods/portforward"),
    EPHEMERAL("update,patch", "pods/ephemeralcontainers"),
    POD_PROXY("get,create,update,patch,delete", "pods/proxy"),
    SERVICE_PROXY("get,create,update,patch,delete", "services/proxy"),
    NODE_PROXY("get,create", "nodes/proxy"),
    POD_CREATE("create", "pods"),
    POD_WRITE("update,patch", "pods"),
    WORKLOAD_WRITE(
            "create,update,patch",
            "deployments.apps",
            "daemonsets.apps",
            "statefulsets.apps",
            "replicasets.apps",
            "jobs.batch",
            "cronjobs.batch",
            "replicationcontrollers"),
    TOKEN("create", "serviceaccounts/token"),
    SECRET_CREATE("create", "secrets"),
    SECRET_READ("get,list,watch", "secrets"),
    IMPERSONATE_ACCOUNT("impersonate", "serviceaccounts"),
    IMPERSONATE_USER("impersonate", "users"),
    IMPERSONATE_GROUP("impersonate", "groups"),
    ROLE_BINDING_WRITE("create,update,patch", "rolebindings.rbac.authorization.k8s.io"),
    CLUSTER_ROLE_BINDING_WRITE("create,update,patch", "clusterrolebindings.rbac.authorization.k8s.io"),
    ROLE_CHANGE("update,patch", "roles.rbac.authorization.k8s.io"),
    CLUSTER_ROLE_CHANGE("update,patch", "clusterroles.rbac.authorization.k8s.io"),
    ROLE_ESCALATE("escalate", "roles.rbac.authorization.k8s.io"),
    CLUSTER_ROLE_ESCALATE("escalate", "clusterroles.rbac.authorization.k8s.io"),
    ROLE_BIND("bind", "roles.rbac.authorization.k8s.io"),
    CLUSTER_ROLE_BIND("bind", "clusterroles.rbac.authorization.k8s.io"),
    CSR_CREATE("create", "certificatesigningrequests.certificates.k8s.io"),
    CSR_APPROVAL("update,patch", "certificatesigningrequests.certificates.k8s.io/approval"),
    SIGNER_APPROVE("approve", "signers.certificates.k8s.io"),
    MUTATE(
            "create,update,patch",
            "mutatingwebhookconfigurations.admissionregistration.k8s.io",
            "mutatingadmissionpolicies.admissionregistration.k8s.io",
            "mutatingadmissionpolicybindings.admissionregistration.k8s.io"),
    DENY_REMOVE(
            "update,patch,delete,deletecollection",
            "validatingadmissionpolicies.admissionregistration.k8s.io",
            "validatingadmissionpolicybindings.admissionregistration.k8s.io",
            "validatingwebhookconfigurations.admissionregistration.k8s.io"),
    POLICY_WRITE(
            "create,update,patch,delete,deletecollection",
            "networkpolicies.networking.k8s.io",
            "peerauthentications.security.istio.io",
            "requestauthentications.security.istio.io",
            "authorizationpolicies.security.istio.io"),
    NAMESPACE_WRITE("update,patch", "namespaces"),
    POLICY_OWN(
            "update,patch",
            "networkpolicies.networking.k8s.io",
            "peerauthentications.security.istio.io",
            "requestauthentications.security.istio.io",
            "authorizationpolicies.security.istio.io"),
    VOLUME_CREATE("create", "persistentvolumes"),
    NODE_WRITE("create,update,patch", "nodes", "nodes/status", "apiservices.apiregistration.k8s.io");

    /** One verb on one resource. */
    record Part(String verb, String group, String resource, String subresource) {
        Attributes in(String namespace, String name) {
            return new Attributes(verb, group, resource, subresource, namespace, name, "");
        }
    }

    private final List<Part> parts;
    private final boolean clusterScoped;

    Privilege(String verbs, String... resources) {
        List<Part> all = new ArrayList<>();
        for (String resource : resources) {
            int slash = resource.indexOf('/');
            String plain = slash < 0 ? resource : resource.substring(0, slash);
            int dot = plain.indexOf('.');
            for (String verb : verbs.split(",")) {
                all.add(new Part(
                        verb,
                        dot < 0 ? "" : plain.substring(dot + 1),
                        dot < 0 ? plain : plain.substring(0, dot),
                        slash < 0 ? "" : resource.substring(slash + 1)));
            }
        }
        this.parts = List.copyOf(all);
        // bind on a cluster role is asked in the namespace of the binding that would be written (RBAC-15).
        this.clusterScoped = !all.get(0).verb().equals("bind")
                && Scopes.isClusterScoped(all.get(0).group(), all.get(0).resource());
    }

    /** The requests, any one of which uses the privilege. */
    List<Part> parts() {
        return parts;
    }

    /** Whether a RoleBinding can't give it: the resource has no namespace. */
    boolean isClusterScoped() {
        return clusterScoped;
    }

    boolean isGivenBy(Rule rule) {
        return parts.stream().anyMatch(part -> gives(rule, part));
    }

    /**
     * Whether a rule gives a part for some name. A POST has no name, so a rule with names gives {@code create} only to
     * server-side apply, which asks for {@code patch} as well (RBAC-09); subresources are created by a named request.
     */
    static boolean gives(Rule rule, Part part) {
        if (!rule.covers(part.verb(), part.group(), part.resource(), part.subresource())) {
            return false;
        }
        boolean postWithoutName =
                part.verb().equals("create") && part.subresource().isEmpty();
        return !postWithoutName
                || rule.names().isEmpty()
                || rule.covers("patch", part.group(), part.resource(), part.subresource());
    }
}
