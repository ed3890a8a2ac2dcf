package io.zta.intent;

import java.util.Locale;

/** What admission does with a request that the posture forbids. */
public enum Enforcement {
    /** Lets it through, warns the caller and notes it in the audit log. */
    WARN,
    /** Refuses it. */
    DENY;

    /** The name in YAML. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
