package io.zta.snapshot;

import java.util.Set;

/**
 * A kind of Kubernetes object without its version, such as {@code networking.k8s.io NetworkPolicy}.
 *
 * @param group the API group; empty for the core group
 * @param kind the kind as manifests spell it
 */
public record GroupKind(String group, String kind) implements Comparable<GroupKind> {
    /** {@code Namespace} of the core group. */
    public static final GroupKind NAMESPACE = core("Namespace");
    /** {@code Pod} of the core group. */
    public static final GroupKind POD = core("Pod");
    /** {@code Service} of the core group. */
    public static final GroupKind SERVICE = core("Service");
    /** {@code ServiceAccount} of the core group. */
    public static final GroupKind SERVICE_ACCOUNT = core("ServiceAccount");
    /** {@code ConfigMap} of the core group. */
    public static final GroupKind CONFIG_MAP = core("ConfigMap");
    /** {@code Secret} of the core group. */
    public static final GroupKind SECRET = core("Secret");
    /** {@code Node} of the core group. */
    public static final GroupKind NODE = core("Node");
    /** {@code Deployment} of {@code apps}. */
    public static final GroupKind DEPLOYMENT = new GroupKind("apps", "Deployment");
    /** {@code ReplicaSet} of {@code apps}. */
    public static final GroupKind REPLICA_SET = new GroupKind("apps", "ReplicaSet");
    /** {@code StatefulSet} of {@code apps}. */
    public static final GroupKind STATEFUL_SET = new GroupKind("apps", "StatefulSet");
    /** {@code DaemonSet} of {@code apps}. */
    public static final GroupKind DAEMON_SET = new GroupKind("apps", "DaemonSet");
    /** {@code Job} of {@code batch}. */
    public static final GroupKind JOB = new GroupKind("batch", "Job");
    /** {@code CronJob} of {@code batch}. */
    public static final GroupKind CRON_JOB = new GroupKind("batch", "CronJob");
    /** {@code VirtualMachine} of KubeVirt, whose pod runs the machine. */
    public static final GroupKind VIRTUAL_MACHINE = new GroupKind("kubevirt.io", "VirtualMachine");
    /** {@code ReplicationController} of the core group. */
    public static final GroupKind REPLICATION_CONTROLLER = core("ReplicationController");
    /** {@code NetworkPolicy} of {@code networking.k8s.io}. */
    public static final GroupKind NETWORK_POLICY = new GroupKind("networking.k8s.io", "NetworkPolicy");
    /** {@code PeerAuthentication} of {@code security.istio.io}. */
    public static final GroupKind PEER_AUTHENTICATION = new GroupKind("security.istio.io", "PeerAuthentication");
    /** {@code RequestAuthentication} of {@code security.istio.io}. */
    public static final GroupKind REQUEST_AUTHENTICATION = new GroupKind("security.istio.io", "RequestAuthentication");
    /** {@code AuthorizationPolicy} of {@code security.istio.io}. */
    public static final GroupKind AUTHORIZATION_POLICY = new GroupKind("security.istio.io", "AuthorizationPolicy");
    /** {@code Role} of {@code rbac.authorization.k8s.io}. */
    public static final GroupKind ROLE = rbac("Role");
    /** {@code RoleBinding} of {@code rbac.authorization.k8s.io}. */
    public static final GroupKind ROLE_BINDING = rbac("RoleBinding");
    /** {@code ClusterRole} of {@code rbac.authorization.k8s.io}. */
    public static final GroupKind CLUSTER_ROLE = rbac("ClusterRole");
    /** {@code ClusterRoleBinding} of {@code rbac.authorization.k8s.io}. */
    public static final GroupKind CLUSTER_ROLE_BINDING = rbac("ClusterRoleBinding");
    /** {@code ValidatingAdmissionPolicy} of {@code admissionregistration.k8s.io}. */
    public static final GroupKind VALIDATING_ADMISSION_POLICY = admission("ValidatingAdmissionPolicy");
    /** {@code ValidatingAdmissionPolicyBinding} of {@code admissionregistration.k8s.io}. */
    public static final GroupKind VALIDATING_ADMISSION_POLICY_BINDING = admission("ValidatingAdmissionPolicyBinding");
    /** {@code ValidatingWebhookConfiguration} of {@code admissionregistration.k8s.io}. */
    public static final GroupKind VALIDATING_WEBHOOK_CONFIGURATION = admission("ValidatingWebhookConfiguration");
    /** {@code MutatingWebhookConfiguration} of {@code admissionregistration.k8s.io}. */
    public static final GroupKind MUTATING_WEBHOOK_CONFIGURATION = admission("MutatingWebhookConfiguration");
    /** {@code Policy} of {@code audit.k8s.io}. */
    public static final GroupKind AUDIT_POLICY = new GroupKind("audit.k8s.io", "Policy");

    /** Kinds without a namespace, among those this library knows; all others keep the namespace they were written with. */
    private static final Set<String> CLUSTER_SCOPED = Set.of(
            "Namespace",
            "Node",
            "PersistentVolume",
            "ClusterRole",
            "ClusterRoleBinding",
            "CustomResourceDefinition",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "APIService",
            "PriorityClass",
            "StorageClass",
            "IngressClass",
            "GatewayClass",
            "CertificateSigningRequest",
            "AdminNetworkPolicy",
            "BaselineAdminNetworkPolicy",
            "ClusterNetworkPolicy",
            "CiliumClusterwideNetworkPolicy",
            "GlobalNetworkPolicy",
            "GlobalNetworkSet",
            "ConstraintTemplate",
            "ClusterPolicy",
            "RuntimeClass",
            "CSIDriver",
            "CSINode",
            "FlowSchema",
            "PriorityLevelConfiguration",
            "VolumeAttachment",
            "Policy",
            "ClusterTrustBundle",
            "IPAddress",
            "ServiceCIDR",
            "DeviceClass",
            "ResourceSlice",
            "KubeletConfiguration",
            "ComponentStatus",
            "ClusterIssuer",
            "CiliumNode",
            "CiliumIdentity");

    private static GroupKind core(String kind) {
        return new GroupKind("", kind);
    }

    private static GroupKind rbac(String kind) {
        return new GroupKind("rbac.authorization.k8s.io", kind);
    }

    private static GroupKind admission(String kind) {
        return new GroupKind("admissionregistration.k8s.io", kind);
    }

    /**
     * The group and kind of an object's {@code apiVersion} and {@code kind}. Kinds that once were of {@code extensions} are
     * those of the group they moved to.
     */
    public static GroupKind of(String apiVersion, String kind) {
        int slash = apiVersion.indexOf('/');
        if (apiVersion.startsWith("extensions/")) {
            return switch (kind) {
                case "Deployment", "DaemonSet", "ReplicaSet" -> new GroupKind("apps", kind);
                case "NetworkPolicy", "Ingress" -> new GroupKind("networking.k8s.io", kind);
                default -> new GroupKind("extensions", kind);
            };
        }
        return new GroupKind(slash < 0 ? "" : apiVersion.substring(0, slash), kind);
    }

    /** Whether objects of this kind have no namespace, as far as this library knows the kind. */
    public boolean isClusterScoped() {
        return CLUSTER_SCOPED.contains(kind) || group.equals("constraints.gatekeeper.sh");
    }

    @Override
    public int compareTo(GroupKind other) {
        int byKind = kind.compareTo(other.kind);
        return byKind != 0 ? byKind : group.compareTo(other.group);
    }

    /** {@code Kind} for the core group, {@code Kind.group} otherwise. */
    @Override
    public String toString() {
        return group.isEmpty() ? kind : kind + "." + group;
    }
}
