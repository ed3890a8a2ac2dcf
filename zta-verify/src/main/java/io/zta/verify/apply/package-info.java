/**
 * Changes a live cluster without locking anyone out. Start at {@link io.zta.verify.apply.Planner}, which reads the cluster
 * and writes nothing; {@link io.zta.verify.apply.Applier} carries out exactly a plan, step by step, and can take each step
 * back. What was there before every write is kept in a namespace of its own. Rules APPLY-01 to APPLY-22,
 * docs/semantics/apply.md.
 */
@NullMarked
package io.zta.verify.apply;

import org.jspecify.annotations.NullMarked;
