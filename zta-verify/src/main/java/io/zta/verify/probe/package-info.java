/**
 * Tests a posture on the living cluster: connections from pods of its own, requests in the name of others, the audit log.
 * Start at {@link io.zta.verify.probe.Prober}. Every
 * refusal has a positive control beside it, and without one the answer is inconclusive, never "denied". What it creates is
 * owned by Jobs with a deadline, so that it goes away even when the prober is killed.
 */
@NullMarked
package io.zta.verify.probe;

import org.jspecify.annotations.NullMarked;
