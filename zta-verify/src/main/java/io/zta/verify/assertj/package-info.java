/**
 * Assertions for tests of one's own cluster: a posture as a rule that fails with the way that is open. Start at
 * {@code ZtaAssertions}. Needs AssertJ, which zta-verify does not bring along. Reads snapshots only.
 */
@NullMarked
package io.zta.verify.assertj;

import org.jspecify.annotations.NullMarked;
