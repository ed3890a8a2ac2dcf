/** Reads a directory or a live cluster into an immutable value that proofs are made on. Start at {@link io.zta.snapshot.Snapshot}. Only taking a snapshot of a live cluster touches one. */
@NullMarked
package io.zta.snapshot;

import org.jspecify.annotations.NullMarked;
