/** Compiles the network layer and decides from a snapshot which connections NetworkPolicies let through. Pure. */
@NullMarked
package io.zta.network;

import org.jspecify.annotations.NullMarked;
