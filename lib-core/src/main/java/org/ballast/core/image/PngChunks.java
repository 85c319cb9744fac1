package org.ballast.core.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.zip.CRC32;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * A PNG reduced to the chunks that make its pixels. Profiles and text never reach the decoder: they may be compressed bombs, and a broken one
 * must not cost the picture. The checksums of the chunks kept are verified.
 *
 * @param png signature, header, palette, palette's transparency, data, end
 * @param transparent of a grey or colour PNG: the one sample value (or three) that is transparent, else null
 */
@SuppressWarnings("ArrayRecordComponent")
record PngChunks(Header header, byte[] png, int[] transparent) {
    static final int GREY = 0;
    static final int COLOR = 2;
    static final int PALETTE = 3;

    private static final int SIGNATURE = 8;
    private static final Set<String> KEPT = Set.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

    record Header(int width, int height, int bitDepth, int colorType) {}

    static Header header(byte[] bytes) throws ImageRejected {
        int end = SIGNATURE + 8 + 13;
        if (bytes.length < end) {
            throw new ImageRejected(Reason.TRUNCATED, "png ends in its header, after " + bytes.length + " bytes");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        String type = type(bytes, SIGNATURE);
        if (!type.equals("IHDR") || in.getInt(SIGNATURE) != 13) {
            throw new ImageRejected(Reason.CORRUPT, "png starts with a chunk " + type + " in place of IHDR");
        }
        return new Header(in.getInt(16), in.getInt(20), bytes[24], bytes[25]);
    }

    static PngChunks read(byte[] bytes) throws ImageRejected {
        Header header = header(bytes);
        int[] transparent = null;
        int kept = SIGNATURE;
        int at = SIGNATURE;
        for (boolean last = false; !last; at += length(bytes, at) + 12) {
            String type = checked(bytes, at);
            if (type.equals("IHDR") && at > SIGNATURE) {
                throw new ImageRejected(Reason.CORRUPT, "png with a second header at byte " + at);
            }
            if (isTransparentColor(type, header)) {
                transparent = shorts(bytes, at);
            } else if (KEPT.contains(type)) {
                kept += length(bytes, at) + 12;
            }
            last = type.equals("IEND");
        }
        return new PngChunks(header, kept == bytes.length ? bytes : reduced(bytes, header, kept), transparent);
    }

    private static byte[] reduced(byte[] bytes, Header header, int size) {
        byte[] reduced = Arrays.copyOf(bytes, size);
        int to = SIGNATURE;
        for (int at = SIGNATURE; to < size; at += length(bytes, at) + 12) {
            String type = type(bytes, at);
            if (KEPT.contains(type) && !isTransparentColor(type, header)) {
                System.arraycopy(bytes, at, reduced, to, length(bytes, at) + 12);
                to += length(bytes, at) + 12;
            }
        }
        return reduced;
    }

    /** The type of the chunk at a position, which lies within the file and, if it makes pixels, has the checksum it names. */
    private static String checked(byte[] bytes, int at) throws ImageRejected {
        if (bytes.length - at < 12) {
            throw new ImageRejected(Reason.TRUNCATED, "png ends at byte " + bytes.length + " without its end chunk");
        }
        int length = length(bytes, at);
        String type = type(bytes, at);
        if (length < 0 || length > bytes.length - at - 12) {
            throw new ImageRejected(
                    Reason.TRUNCATED,
                    "png chunk at byte " + at + " has " + (length & 0xffffffffL) + " bytes, the file only "
                            + (bytes.length - at - 12) + " more");
        }
        if (KEPT.contains(type)) {
            verify(bytes, at, length, type, ByteBuffer.wrap(bytes).getInt(at + 8 + length));
        }
        return type;
    }

    private static boolean isTransparentColor(String type, Header header) {
        return type.equals("tRNS") && header.colorType != PALETTE;
    }

    private static int[] shorts(byte[] bytes, int at) {
        int[] values = new int[length(bytes, at) / 2];
        for (int i = 0; i < values.length; i++) {
            values[i] = ByteBuffer.wrap(bytes).getShort(at + 8 + 2 * i) & 0xffff;
        }
        return values;
    }

    private static int length(byte[] bytes, int at) {
        return ByteBuffer.wrap(bytes).getInt(at);
    }

    /** The orientation in the first EXIF chunk; 1 where the chunks end before one, or there is none. */
    static int orientation(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        for (long at = SIGNATURE; at + 12 <= bytes.length; ) {
            int length = in.getInt((int) at);
            if (length < 0 || length > bytes.length - at - 12) {
                break;
            }
            if (type(bytes, (int) at).equals("eXIf")) {
                return ExifOrientation.ofTiff(bytes, (int) at + 8, (int) at + 8 + length);
            }
            at += length + 12L;
        }
        return ExifOrientation.UPRIGHT;
    }

    /** Whether raw samples (one or three, unscaled) are those of the transparent colour. */
    boolean isTransparent(int[] samples, int from, int count) {
        return transparent != null
                && transparent.length == count
                && Arrays.equals(transparent, 0, count, samples, from, from + count);
    }

    private static void verify(byte[] bytes, int at, int length, String type, int stored) throws ImageRejected {
        var crc = new CRC32();
        crc.update(bytes, at + 4, length + 4);
        if ((int) crc.getValue() != stored) {
            throw new ImageRejected(
                    Reason.CORRUPT, Format.PNG.code() + " chunk " + type + " at byte " + at + " has a wrong checksum");
        }
    }

    private static String type(byte[] bytes, int at) {
        return new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1);
    }
}
