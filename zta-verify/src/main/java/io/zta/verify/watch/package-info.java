/**
 * Verifies postures again whenever the cluster changes, and tells who listens. Start at {@link io.zta.verify.watch.Watcher}.
 * Reads the cluster, writes nothing. What is no longer being watched is Unknown, never as it last was.
 */
@NullMarked
package io.zta.verify.watch;

import org.jspecify.annotations.NullMarked;
