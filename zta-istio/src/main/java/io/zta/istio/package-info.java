/**
 * The mesh layer: compiles strict mTLS, allowed identities and required tokens to Istio objects, and decides from a
 * snapshot which mTLS mode and which authorization apply to a port. Pure.
 */
@NullMarked
package io.zta.istio;

import org.jspecify.annotations.NullMarked;
