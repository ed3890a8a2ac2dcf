package io.zta.network;

/** Which way a rule looks, seen from the pod that its policy selects. */
enum Direction {
    INGRESS("ingress", "from"),
    EGRESS("egress", "to");

    private final String field;
    private final String peers;

    Direction(String field, String peers) {
        this.field = field;
        this.peers = peers;
    }

    /** The field of a policy that holds rules of this direction. */
    String field() {
        return field;
    }

    /** The field of a rule that holds its peers. */
    String peers() {
        return peers;
    }
}
