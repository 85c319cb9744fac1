package org.ballast.core.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.ballast.core.image.ImageRejected.Reason;

/** The bytes of a picture file, read by position; what lies beyond their end is {@link Reason#TRUNCATED}. Positions may be any long. */
final class FileBytes {
    private final String format;
    private final ByteBuffer bytes;

    /** @param format its name in messages */
    FileBytes(String format, byte[] bytes, boolean bigEndian) {
        this.format = format;
        this.bytes = ByteBuffer.wrap(bytes).order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }

    int length() {
        return bytes.capacity();
    }

    byte[] array() {
        return bytes.array();
    }

    boolean bigEndian() {
        return bytes.order() == ByteOrder.BIG_ENDIAN;
    }

    /** Checks that {@code count} bytes lie at {@code at}. */
    void require(long at, long count) throws ImageRejected {
        if (at < 0 || count < 0 || at > length() - count) {
            throw new ImageRejected(
                    Reason.TRUNCATED,
                    "%s of %d bytes ends before the %d bytes at %d".formatted(format, length(), count, at));
        }
    }

    int unsignedByte(long at) throws ImageRejected {
        require(at, 1);
        return bytes.get((int) at) & 255;
    }

    int unsignedShort(long at) throws ImageRejected {
        require(at, 2);
        return bytes.getShort((int) at) & 0xffff;
    }

    /** Three bytes, the lowest first. */
    int unsigned24(long at) throws ImageRejected {
        require(at, 3);
        return unsignedByte(at) | unsignedByte(at + 1) << 8 | unsignedByte(at + 2) << 16;
    }

    long unsignedInt(long at) throws ImageRejected {
        return signedInt(at) & 0xffffffffL;
    }

    int signedInt(long at) throws ImageRejected {
        require(at, 4);
        return bytes.getInt((int) at);
    }

    String text(long at, int length) throws ImageRejected {
        require(at, length);
        return new String(bytes.array(), (int) at, length, StandardCharsets.ISO_8859_1);
    }
}
