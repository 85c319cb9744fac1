package org.ballast.core.image.vp8;

/** The boolean entropy decoder (RFC 6386, section 7) over a part of an array. Past the end it reads zeros, and says so. */
final class BoolDecoder {
    private final byte[] bytes;
    private final int end;
    private int at;
    private int range = 255;
    private int value; // with bits + 8 bits that count
    private int bits = -8;
    private boolean pastEnd;

    BoolDecoder(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** Whether more was read than there is: libwebp takes the picture for cut off then. */
    boolean pastEnd() {
        return pastEnd;
    }

    /** @param probability of a 0, in 256ths */
    int bit(int probability) {
        if (bits < 0) {
            load();
        }
        int split = 1 + ((range - 1) * probability >> 8);
        int compared = split << bits;
        int bit;
        if (value >= compared) {
            value -= compared;
            range -= split;
            bit = 1;
        } else {
            range = split;
            bit = 0;
        }
        int shift = Integer.numberOfLeadingZeros(range) - 24;
        range <<= shift;
        bits -= shift;
        return bit;
    }

    private void load() {
        value <<= 8;
        bits += 8;
        if (at < end) {
            value |= bytes[at++] & 255;
        } else {
            pastEnd = true;
        }
    }

    boolean flag() {
        return bit(128) == 1;
    }

    /** An unsigned number, its highest bit first. */
    int number(int size) {
        int number = 0;
        for (int i = 0; i < size; i++) {
            number = number << 1 | bit(128);
        }
        return number;
    }

    /** A number and its sign. */
    int signed(int size) {
        int number = number(size);
        return flag() ? -number : number;
    }

    /** A number and its sign behind a flag; 0 without them. */
    int optional(int size) {
        return flag() ? signed(size) : 0;
    }
}
