/** Audit policies: compiled, evaluated, and the log they leave. Pure. */
@NullMarked
package io.zta.rbac.audit;

import org.jspecify.annotations.NullMarked;
