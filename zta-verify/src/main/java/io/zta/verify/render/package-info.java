/**
 * Writes reports: for terminals, tools, and people. Start at {@code Format}. Pure; the same report gives the same bytes.
 * What a verdict means is decided elsewhere: nothing here judges.
 */
@NullMarked
package io.zta.verify.render;

import org.jspecify.annotations.NullMarked;
