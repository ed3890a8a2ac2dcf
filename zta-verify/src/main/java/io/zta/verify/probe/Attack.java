package io.zta.verify.probe;

/**
 * One way in, tried for real.
 *
 * @param bypass the row of the catalogue; empty for what has to go on working
 * @param what the attempt, one clause
 * @param needs what the attacker holds for it beside a place in the cluster
 * @param trusted who has to be trusted because no object closes it; empty where the posture does
 * @param kind how it is tried
 */
record Attack(String bypass, String what, String needs, String trusted, Kind kind, Attempt attempt) {
    /** How it is tried. */
    enum Kind {
        /** By a fresh connection: network and mesh decide. */
        PACKETS,
        /** By a request: the API server decides. */
        REQUEST,
        /** By objects that are made for it, watched and taken away. */
        STAGED
    }

    /** Tries it. */
    @FunctionalInterface
    interface Attempt {
        /** Whether it got through; an exception where that is not known. */
        boolean getsThrough() throws Exception;
    }

    /** This cluster has not what the attack is about; the message says what. */
    static final class NotHere extends Exception {
        private static final long serialVersionUID = 1;

        NotHere(String message) {
            super(message);
        }
    }

    static Attack packets(String bypass, String what, Attempt attempt) {
        return new Attack(bypass, what, "", "", Kind.PACKETS, attempt);
    }

    static Attack request(String bypass, String what, String needs, Attempt attempt) {
        return new Attack(bypass, what, needs, "", Kind.REQUEST, attempt);
    }

    static Attack staged(String bypass, String what, String needs, Attempt attempt) {
        return new Attack(bypass, what, needs, "", Kind.STAGED, attempt);
    }

    /** The same, which gets through afterwards too: its doers have to be trusted. */
    Attack leftTo(String whoever) {
        return new Attack(bypass, what, needs, whoever, kind, attempt);
    }

    /** Whether it shows that what the posture asks for is in force, which no API says. */
    boolean showsForce() {
        return trusted.isEmpty() && (kind == Kind.PACKETS || bypass.equals("API-exec"));
    }
}
