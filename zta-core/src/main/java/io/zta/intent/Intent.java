package io.zta.intent;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One thing a posture asks for, in the terms of the person who asks, without Kubernetes objects. Immutable. Each call of
 * the DSL and each key of the YAML form is one intent.
 */
public sealed interface Intent {
    /** The call of the DSL that makes it, for messages. */
    String call();

    /** The layer that compiles it. */
    LayerName layer();

    /**
     * Which pods of the namespaces are protected; all of them unless asked otherwise.
     *
     * @param workload the pods, by label
     */
    record Protect(Workload workload) implements Intent {
        @Override
        public String call() {
            return "onlyWorkloads(" + workload + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /**
     * Which ports the gateway may reach.
     *
     * @param ports at least one
     */
    record OnPorts(List<Port> ports) implements Intent {
        public OnPorts {
            ports = ports.stream().sorted().distinct().toList();
        }

        @Override
        public String call() {
            return "onPorts(..)";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /**
     * Through which gateway traffic comes; none where the namespace is not to be reached from outside.
     *
     * @param gateway the gateway; empty for none
     */
    record Through(Optional<Gateway> gateway) implements Intent {
        @Override
        public String call() {
            return gateway.map(g -> "throughGateway(" + g + ")").orElse("withoutGateway()");
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /** Nothing but the gateway and named peers opens a connection to a protected pod. */
    record DenyDirectAccess() implements Intent {
        @Override
        public String call() {
            return "denyDirectAccess()";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /**
     * Lets workloads reach protected workloads.
     *
     * @param from who connects
     * @param to which of the protected pods
     * @param ports on which ports; empty for every port
     */
    record Allow(Workload from, Workload to, List<Port> ports) implements Intent {
        public Allow {
            ports = ports.stream().sorted().distinct().toList();
        }

        @Override
        public String call() {
            return "allowFrom(" + from + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /** Protected pods open connections to the cluster's DNS, the mesh's control plane and named peers only. */
    record DenyEgress() implements Intent {
        @Override
        public String call() {
            return "denyEgress()";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /**
     * Lets protected workloads reach others, when egress is denied; ports empty for every port.
     *
     * @param to the workloads reached
     * @param ports their ports; empty for every port
     */
    record AllowTo(Workload to, List<Port> ports) implements Intent {
        public AllowTo {
            ports = ports.stream().sorted().distinct().toList();
        }

        @Override
        public String call() {
            return "allowTo(" + to + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /**
     * Lets protected workloads reach addresses outside the cluster, in CIDR notation, when egress is denied.
     *
     * @param cidr the addresses, such as {@code 203.0.113.0/24}
     * @param ports their ports; empty for every port
     */
    record AllowToAddresses(String cidr, List<Port> ports) implements Intent {
        public AllowToAddresses {
            ports = ports.stream().sorted().distinct().toList();
        }

        @Override
        public String call() {
            return "allowToAddresses(" + cidr + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /**
     * Pods of the namespaces must meet a level of the Pod Security Standards; needs Istio's CNI plugin.
     *
     * @param level the level
     */
    record EnforcePodSecurity(PodSecurity level) implements Intent {
        @Override
        public String call() {
            return "podSecurity(" + level + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }

    /** Sidecars accept mTLS from allowed identities only. */
    record StrictMtls() implements Intent {
        @Override
        public String call() {
            return "strictMtls()";
        }

        @Override
        public LayerName layer() {
            return LayerName.MESH;
        }
    }

    /** Sidecars accept plaintext beside mTLS: a step of a migration. */
    record PermissiveMtls() implements Intent {
        @Override
        public String call() {
            return "permissiveMtls()";
        }

        @Override
        public LayerName layer() {
            return LayerName.MESH;
        }
    }

    /**
     * Requests must carry a valid token of this issuer.
     *
     * @param issuer the issuer, its keys and the audiences accepted
     */
    record RequireToken(TokenIssuer issuer) implements Intent {
        @Override
        public String call() {
            return "requireJwt(" + issuer.issuer() + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.MESH;
        }
    }

    /**
     * An external authorizer, such as Open Policy Agent, decides as well: a provider of the mesh configuration.
     *
     * @param provider the provider's name
     */
    record ExternalAuthorizer(String provider) implements Intent {
        @Override
        public String call() {
            return "authorizedBy(" + provider + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.MESH;
        }
    }

    /**
     * A subject that must not get into a container.
     *
     * @param subject the subject
     */
    record NoExec(Subject subject) implements Intent {
        @Override
        public String call() {
            return "noExecFor(" + subject + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /**
     * A subject that keeps its way into containers.
     *
     * @param subject the subject
     */
    record KeepEntry(Subject subject) implements Intent {
        @Override
        public String call() {
            return "keepExecFor(" + subject + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /** How entry is denied: to all who lack the right to enter, or to the named groups and users alone. */
    record DenyEntryByName() implements Intent {
        @Override
        public String call() {
            return "denyByNameOnly()";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /**
     * Whether admission refuses or only warns.
     *
     * @param enforcement what it does
     */
    record Admission(Enforcement enforcement) implements Intent {
        @Override
        public String call() {
            return "admission(" + enforcement + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /**
     * Who may change the posture's own objects, beside the trusted base.
     *
     * @param subject the subject
     */
    record Applier(Subject subject) implements Intent {
        @Override
        public String call() {
            return "appliedBy(" + subject + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /** The posture's objects are not guarded by admission. */
    record Unguarded() implements Intent {
        @Override
        public String call() {
            return "withoutGuard()";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /** Attempts to get into a container are recorded. */
    record Audit() implements Intent {
        @Override
        public String call() {
            return "audit()";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /**
     * A subject may be let into containers for a while.
     *
     * @param subject who
     * @param longest the longest time one grant may last
     * @param approvers who may approve; empty for the appliers
     */
    record BreakGlass(Subject subject, Duration longest, List<Subject> approvers) implements Intent {
        public BreakGlass {
            approvers = List.copyOf(approvers);
        }

        @Override
        public String call() {
            return "breakGlass(" + subject + ")";
        }

        @Override
        public LayerName layer() {
            return LayerName.API;
        }
    }

    /** Drift is put right, not only reported. */
    record RepairDrift() implements Intent {
        @Override
        public String call() {
            return "repairDrift()";
        }

        @Override
        public LayerName layer() {
            return LayerName.NETWORK;
        }
    }
}
