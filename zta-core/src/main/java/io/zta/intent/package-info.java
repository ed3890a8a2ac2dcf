/** What a posture asks for, without Kubernetes: closed sets of values. Pure. */
@NullMarked
package io.zta.intent;

import org.jspecify.annotations.NullMarked;
