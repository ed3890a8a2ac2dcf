/** The proof over all layers: composes their answers into paths and claims, and reports them. */
@NullMarked
package io.zta.verify;

import org.jspecify.annotations.NullMarked;
