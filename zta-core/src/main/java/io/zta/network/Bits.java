package io.zta.network;

import java.util.Arrays;
import java.util.function.IntConsumer;

/** Sets of small numbers as words of bits, all of one length. The arrays are shared: only their maker changes them. */
final class Bits {
    private Bits() {}

    static long[] none(int size) {
        return new long[(size + 63) >>> 6];
    }

    static long[] copy(long[] bits) {
        return bits.clone();
    }

    static boolean has(long[] bits, int index) {
        return (bits[index >>> 6] & 1L << index) != 0;
    }

    static void set(long[] bits, int index) {
        bits[index >>> 6] |= 1L << index;
    }

    static void flip(long[] bits, int index) {
        bits[index >>> 6] ^= 1L << index;
    }

    /** Adds all numbers from one up to, not including, another. */
    static void setRange(long[] bits, int from, int to) {
        if (from >= to) {
            return;
        }
        int first = from >>> 6;
        int last = (to - 1) >>> 6;
        long head = -1L << from;
        long tail = -1L >>> -to;
        if (first == last) {
            bits[first] |= head & tail;
            return;
        }
        bits[first] |= head;
        Arrays.fill(bits, first + 1, last, -1L);
        bits[last] |= tail;
    }

    static void addAll(long[] bits, long[] more) {
        for (int i = 0; i < more.length; i++) {
            bits[i] |= more[i];
        }
    }

    static void retain(long[] bits, long[] only) {
        for (int i = 0; i < bits.length; i++) {
            bits[i] &= only[i];
        }
    }

    static void remove(long[] bits, long[] gone) {
        for (int i = 0; i < bits.length; i++) {
            bits[i] &= ~gone[i];
        }
    }

    static boolean isEmpty(long[] bits) {
        for (long word : bits) {
            if (word != 0) {
                return false;
            }
        }
        return true;
    }

    static void forEach(long[] bits, IntConsumer action) {
        for (int i = 0; i < bits.length; i++) {
            for (long word = bits[i]; word != 0; word &= word - 1) {
                action.accept((i << 6) + Long.numberOfTrailingZeros(word));
            }
        }
    }
}
