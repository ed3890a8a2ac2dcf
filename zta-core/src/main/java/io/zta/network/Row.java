package io.zta.network;

/**
 * What one side lets through: for each end, the number of a port set. The arrays are shared and must not be changed; all
 * three are one array where nothing is uncertain.
 *
 * @param sure what is let through for certain
 * @param best what is let through as far as the policies could be read
 * @param possible what might be let through
 */
@SuppressWarnings("ArrayRecordComponent") // shared on purpose: copies of rows would be the whole matrix
record Row(int[] sure, int[] best, int[] possible) {
    static Row certain(int[] ports) {
        return new Row(ports, ports, ports);
    }

    int[] at(Level level) {
        return switch (level) {
            case SURE -> sure;
            case BEST -> best;
            case POSSIBLE -> possible;
        };
    }

    /** How much certainty is asked for. */
    enum Level {
        SURE,
        BEST,
        POSSIBLE
    }
}
