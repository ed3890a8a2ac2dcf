/**
 * What would change a verdict. Start at {@link io.zta.verify.whatif.WhatIf}. Pure: edits are tried on copies of a snapshot in
 * memory, and only an edit that was seen to turn the verdict when all was evaluated again is given as one that does.
 *
 * <p>Edits are sought among the objects and fields that the verdict quotes and those that the posture renders; what is
 * called least is so among these.
 */
@NullMarked
package io.zta.verify.whatif;

import org.jspecify.annotations.NullMarked;
