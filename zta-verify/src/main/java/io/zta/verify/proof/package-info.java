/** Composes the layers' answers into paths and claims. Start at {@link io.zta.verify.proof.TrustedBase}. Pure. */
@NullMarked
package io.zta.verify.proof;

import org.jspecify.annotations.NullMarked;
