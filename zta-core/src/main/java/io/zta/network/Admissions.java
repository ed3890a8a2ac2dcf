package io.zta.network;

import org.jspecify.annotations.Nullable;

/**
 * Which classes of pods let which in, so that whoever lets nobody in is never looked at. A changed policy costs the classes
 * that it selects: all others are shared. Immutable once built.
 */
final class Admissions {
    private final int[][] entering;
    /** For each class, the classes with rules that let it in. */
    private final long[] @Nullable [] admitting;
    /** The classes that let everybody in. */
    private final long[] open;

    private Admissions(int[][] entering, long[] @Nullable [] admitting, long[] open) {
        this.entering = entering;
        this.admitting = admitting;
        this.open = open;
    }

    static Admissions of(Rows rows, int count) {
        Admissions admissions = new Admissions(new int[count][], new long[count][], Bits.none(count));
        for (int to = 0; to < count; to++) {
            Row row = rows.row(to, Direction.INGRESS);
            admissions.entering[to] = row.best();
            if (rows.isUnfiltered(row)) {
                Bits.set(admissions.open, to);
            } else {
                admissions.admit(to);
            }
        }
        return admissions;
    }

    private void admit(int to) {
        int[] row = entering[to];
        for (int from = 0; from < entering.length; from++) {
            if (row[from] != PortTable.NONE) {
                long[] admitted = admitting[from];
                if (admitted == null) {
                    admitted = Bits.none(entering.length);
                    admitting[from] = admitted;
                }
                Bits.set(admitted, to);
            }
        }
    }

    /** The same when the rows of some classes are others. */
    Admissions after(Rows rows, long[] touched) {
        int count = entering.length;
        Admissions next = new Admissions(entering.clone(), admitting.clone(), open.clone());
        boolean[] own = new boolean[count];
        Bits.forEach(touched, to -> {
            Row row = rows.row(to, Direction.INGRESS);
            boolean unfiltered = rows.isUnfiltered(row);
            for (int from = 0; from < count; from++) {
                boolean before = !Bits.has(open, to) && entering[to][from] != PortTable.NONE;
                boolean now = !unfiltered && row.best()[from] != PortTable.NONE;
                if (before != now) {
                    next.flip(from, to, own);
                }
            }
            if (unfiltered != Bits.has(open, to)) {
                Bits.flip(next.open, to);
            }
            next.entering[to] = row.best();
        });
        return next;
    }

    private void flip(int from, int to, boolean[] own) {
        long[] admitted = admitting[from];
        if (!own[from]) {
            own[from] = true;
            admitted = admitted == null ? Bits.none(entering.length) : Bits.copy(admitted);
            admitting[from] = admitted;
        }
        if (admitted != null) {
            Bits.flip(admitted, to);
        }
    }

    /** What a class lets in, by end. */
    int[] entering(int to) {
        return entering[to];
    }

    /** The classes that let everybody in. */
    long[] open() {
        return open;
    }

    /** The classes with rules that let a class in; null where there is none. */
    long @Nullable [] admitting(int from) {
        return admitting[from];
    }
}
