/** Turns a posture into ordered objects by the layers on the class path. Start at {@link io.zta.compile.Manifests}; implement {@link io.zta.compile.Layer} for a layer of one's own. Pure. */
@NullMarked
package io.zta.compile;

import org.jspecify.annotations.NullMarked;
