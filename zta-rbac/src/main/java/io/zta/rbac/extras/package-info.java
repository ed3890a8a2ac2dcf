/** What is rendered beside the objects on request: rules for Falco, constraints for Gatekeeper. Pure. */
@NullMarked
package io.zta.rbac.extras;

import org.jspecify.annotations.NullMarked;
