/** The {@code zta} command: thin over the public API. Start at {@code Main}. */
@NullMarked
package io.zta.verify.cli;

import org.jspecify.annotations.NullMarked;
