package io.zta.network;

import java.util.Objects;

/**
 * What a snapshot cannot show of the network plugin. Immutable; the defaults assume nothing.
 *
 * @param ipBlocks whether an ipBlock matches the addresses of pods
 * @param nodes whether the node a pod runs on is let in by every policy
 * @param tiers whether policies of policy.networking.k8s.io are enforced
 * @param sidecarPorts whether a rule finds ports that sidecars among the init containers name
 */
public record Options(IpBlocks ipBlocks, Nodes nodes, Tiers tiers, SidecarPorts sidecarPorts) {
    /** How plugins match ipBlock. */
    public enum IpBlocks {
        /** Not known: a block that covers a pod lets it in when asked whether it can get in, and is no proof that it works. */
        EITHER,
        /** Pods are matched by their addresses, as the Kubernetes test suite wants it. */
        MATCH_PODS,
        /** Only addresses outside the cluster are matched; pods never (Cilium). */
        EXTERNAL_ONLY
    }

    /** How plugins treat the node. */
    public enum Nodes {
        /** The node reaches its pods whatever policies say, as Kubernetes documents it. */
        ALLOWED,
        /** The node is an address like any other. */
        FILTERED
    }

    /** Whether the tiers above and below NetworkPolicy act. */
    public enum Tiers {
        /** Not known: rows are given as if they acted, and a verdict is sure only where it is the same without them. */
        UNKNOWN,
        /** The plugin enforces them. */
        ENFORCED,
        /** The plugin does not know them. */
        IGNORED
    }

    /** Whether names of ports are looked up in init containers that always restart. */
    public enum SidecarPorts {
        /** Not known: such a port is open when asked whether one can get in, and is no proof that it works. */
        EITHER,
        /** They count, as Kubernetes says. */
        COUNTED,
        /** They are not found: a rule that names one means no port (Cilium). */
        IGNORED
    }

    /** What holds for any plugin. */
    public static final Options DEFAULT =
            new Options(IpBlocks.EITHER, Nodes.ALLOWED, Tiers.UNKNOWN, SidecarPorts.EITHER);

    /** As Cilium does it, which was seen on version 1.20. */
    public static final Options CILIUM =
            new Options(IpBlocks.EXTERNAL_ONLY, Nodes.ALLOWED, Tiers.UNKNOWN, SidecarPorts.IGNORED);

    public Options {
        Objects.requireNonNull(ipBlocks, "ipBlocks");
        Objects.requireNonNull(nodes, "nodes");
        Objects.requireNonNull(tiers, "tiers");
        Objects.requireNonNull(sidecarPorts, "sidecarPorts");
    }

    /** The same, for a plugin that does this with policies of policy.networking.k8s.io. */
    public Options withTiers(Tiers other) {
        return new Options(ipBlocks, nodes, other, sidecarPorts);
    }

    /** The same, for a plugin that matches ipBlock so. */
    public Options withIpBlocks(IpBlocks other) {
        return new Options(other, nodes, tiers, sidecarPorts);
    }
}
