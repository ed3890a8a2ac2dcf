/**
 * The operator: reconciles {@code ZeroTrustPosture} objects on Kubernetes itself. Start at
 * {@link io.zta.operator.PostureOperator}. Reads the whole cluster, writes status and policy reports, and the posture's
 * objects only where the posture says that drift is repaired.
 */
@NullMarked
package io.zta.operator;

import org.jspecify.annotations.NullMarked;
