package io.zta.intent;

/** The layers, with the artifact that holds each. */
public enum LayerName {
    /** NetworkPolicies and Pod Security. */
    NETWORK("zta-core"),
    /** Istio. */
    MESH("zta-istio"),
    /** RBAC, admission and audit. */
    API("zta-rbac");

    private final String artifact;

    LayerName(String artifact) {
        this.artifact = artifact;
    }

    /** The Maven artifactId that holds the layer. */
    public String artifact() {
        return artifact;
    }
}
