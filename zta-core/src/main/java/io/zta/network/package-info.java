/**
 * Compiles the network layer, and decides from a snapshot which connections NetworkPolicies and the tiers around them let
 * through. Start at {@link io.zta.network.Reachability} for connections, {@link io.zta.network.Reach} for rows by workload,
 * {@link io.zta.network.NetworkLayer} for claims. Pure. Policies of network plugins' own kinds are recognised and not
 * evaluated. Rules NET-01 and on of docs/semantics/network.md.
 */
@NullMarked
package io.zta.network;

import org.jspecify.annotations.NullMarked;
