package io.zta.finding;

/** The claims that a posture makes, in the order reports give them. */
public enum Claim {
    /** At the network layer nothing but the named peers (and the node) opens a connection to a protected pod. */
    DIRECT_ACCESS(1, "direct-access", "no direct network path to a protected pod"),
    /** No plaintext connection is accepted on a protected port, whoever opens it. */
    PLAINTEXT(1, "plaintext", "no plaintext accepted on a protected port"),
    /** No identity but the allowed ones is let through, and nobody outside the trusted base can become one. */
    IDENTITY(2, "identity", "no way in but from allowed identities"),
    /** The connections that the posture allows still work. */
    LEGITIMATE_TRAFFIC(3, "legitimate-traffic", "allowed traffic still works"),
    /** None of the named subjects gets into a container, in one step or in several. */
    CONTAINER_ENTRY(4, "container-entry", "no named subject can enter a container"),
    /** Every attempt to get into a container is recorded. */
    RECORDED(5, "recorded", "attempts to enter a container are recorded"),
    /** Nobody outside the trusted base can undo the other claims. */
    TAMPER(6, "tamper", "nobody outside the trusted base can undo the posture"),
    /** Protected pods open connections to named peers only. */
    EGRESS(7, "egress", "protected pods reach named peers only");

    private final int number;
    private final String id;
    private final String text;

    Claim(int number, String id, String text) {
        this.number = number;
        this.id = id;
        this.text = text;
    }

    /** The number of the claim; two claims share the first, one for each layer. */
    public int number() {
        return number;
    }

    /** The stable id, as reports print it. */
    public String id() {
        return id;
    }

    /** The claim as a clause. */
    public String text() {
        return text;
    }
}
