package io.zta.verify.probe;

/**
 * One way in, tried for real.
 *
 * @param bypass the row of the catalogue
 * @param what the attempt, one clause
 * @param needs what the attacker holds for it beside a place in the cluster
 * @param layer whether packets or the API server decide
 */
record Attack(String bypass, String what, String needs, Layer layer, Attempt attempt) {
    /** Who decides whether it gets through. */
    enum Layer {
        PACKETS,
        API
    }

    /** Tries it. */
    @FunctionalInterface
    interface Attempt {
        /** Whether it got through; an exception where that is not known. */
        boolean getsThrough() throws Exception;
    }
}
