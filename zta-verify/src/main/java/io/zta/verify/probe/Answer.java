package io.zta.verify.probe;

/** What an attempt came to. */
public enum Answer {
    /** It got through. */
    ALLOWED,
    /** It was refused, while its positive control got through. */
    DENIED,
    /** Neither can be said: the control failed, or the answers changed from one attempt to the next. */
    INCONCLUSIVE;

    /** Lower case, as reports print it. */
    public String text() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
