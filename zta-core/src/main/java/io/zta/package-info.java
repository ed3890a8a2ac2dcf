/** The DSL: a posture is written here and compiled from here. Start at {@link io.zta.ZeroTrust}. Pure. */
@NullMarked
package io.zta;

import org.jspecify.annotations.NullMarked;
