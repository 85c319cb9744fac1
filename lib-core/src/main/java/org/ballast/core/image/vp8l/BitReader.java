package org.ballast.core.image.vp8l;

import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.ImageRejected.Reason;

/** Bits of a part of an array, the lowest of each byte first. */
final class BitReader {
    private final byte[] bytes;
    private final int end;
    private int at;
    private long window;
    private int available;

    BitReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** A number of 0 to 24 bits. */
    int read(int size) throws ImageRejected {
        int value = peek(size);
        skip(size);
        return value;
    }

    boolean flag() throws ImageRejected {
        return read(1) == 1;
    }

    /** The next bits without taking them, zeros behind the end. */
    int peek(int size) {
        while (available < size && at < end) {
            window |= (bytes[at++] & 255L) << available;
            available += 8;
        }
        return (int) window & (1 << size) - 1;
    }

    void skip(int size) throws ImageRejected {
        if (size > available) {
            throw new ImageRejected(Reason.TRUNCATED, "webp whose lossless picture is cut off");
        }
        window >>>= size;
        available -= size;
    }
}
