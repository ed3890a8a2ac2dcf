package io.zta.intent;

import java.util.Locale;

/** The phases in which a posture is brought to a cluster, each of which includes those before. */
public enum Phase {
    /** Nothing is enforced: observe and report. */
    OBSERVE,
    /** Network policies. */
    NETWORK,
    /** STRICT mTLS, then identities. */
    MESH,
    /** RBAC and admission. */
    API,
    /** Audit. */
    AUDIT;

    /** The number of the phase, 0 to 4. */
    public int number() {
        return ordinal();
    }

    /** The name in YAML. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
