package io.zta.rbac;

import io.zta.snapshot.Resource;
import java.util.BitSet;
import java.util.List;

/** A role with the rules it comes to, aggregation resolved. */
final class Role {
    private final Resource resource;
    private final List<Rule> rules;
    private final boolean assumed;
    private final BitSet privileges = new BitSet();

    Role(Resource resource, List<Rule> rules, boolean assumed) {
        this.resource = resource;
        this.rules = List.copyOf(rules);
        this.assumed = assumed;
        for (Privilege privilege : Privilege.values()) {
            if (this.rules.stream().anyMatch(privilege::isGivenBy)) {
                privileges.set(privilege.ordinal());
            }
        }
    }

    Resource resource() {
        return resource;
    }

    List<Rule> rules() {
        return rules;
    }

    /** Whether the snapshot lacks it and Kubernetes' own is assumed. */
    boolean isAssumed() {
        return assumed;
    }

    /** Whether Kubernetes brings it and puts it right: taking a rule out of it does not last. */
    boolean isBootstrap() {
        return assumed || Bootstrap.isBootstrap(resource);
    }

    /** Whether some rule gives some part of the privilege. */
    boolean gives(Privilege privilege) {
        return privileges.get(privilege.ordinal());
    }

    boolean givesAny() {
        return !privileges.isEmpty();
    }
}
