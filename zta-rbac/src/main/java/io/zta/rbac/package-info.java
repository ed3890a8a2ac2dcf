/**
 * The API layer: compiles who may get into a container, admission and audit, and decides from a snapshot who can, and by
 * which grants. Pure.
 */
@NullMarked
package io.zta.rbac;

import org.jspecify.annotations.NullMarked;
