package io.zta.finding;

/** How bad a finding is. */
public enum Severity {
    /** A way around the sidecar is open, or a claim is refuted. */
    ERROR,
    /** It does not do what it says, or it holds only as long as nobody changes a label. */
    WARNING,
    /** Worth knowing. */
    NOTE
}
