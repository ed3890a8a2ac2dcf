package io.zta.intent;

import java.util.Locale;

/** Levels of the Pod Security Standards that a posture may enforce. */
public enum PodSecurity {
    /** Closes host namespaces, privileged containers and added capabilities. */
    BASELINE,
    /** Closes all that a hardened pod does not need. */
    RESTRICTED;

    /** As the label has it. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
