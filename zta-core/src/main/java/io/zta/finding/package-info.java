/** What proofs answer: claims, verdicts, findings with evidence and witness. Pure values. */
@NullMarked
package io.zta.finding;

import org.jspecify.annotations.NullMarked;
