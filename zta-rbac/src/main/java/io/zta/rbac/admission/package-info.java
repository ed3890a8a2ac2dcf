/** What admission does with a request: compiled policies and their evaluation. Pure. */
@NullMarked
package io.zta.rbac.admission;

import org.jspecify.annotations.NullMarked;
