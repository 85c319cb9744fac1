package org.ballast.core.image;

import java.io.ByteArrayOutputStream;
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
 * @param orientation of its EXIF chunk, 1 without one
 */
@SuppressWarnings("ArrayRecordComponent")
record PngChunks(Header header, byte[] png, int[] transparent, int orientation) {
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
        ByteBuffer in = ByteBuffer.wrap(bytes);
        var kept = new ByteArrayOutputStream(bytes.length);
        kept.write(bytes, 0, SIGNATURE);
        int[] transparent = null;
        int orientation = ExifOrientation.UPRIGHT;
        int at = SIGNATURE;
        while (true) {
            if (bytes.length - at < 12) {
                throw new ImageRejected(
                        Reason.TRUNCATED, "png ends at byte " + bytes.length + " without its end chunk");
            }
            int length = in.getInt(at);
            String type = type(bytes, at);
            if (length < 0 || length > bytes.length - at - 12) {
                throw new ImageRejected(
                        Reason.TRUNCATED,
                        "png chunk " + type + " at byte " + at + " has " + (length & 0xffffffffL)
                                + " bytes, the file only " + (bytes.length - at - 12) + " more");
            }
            if (KEPT.contains(type)) {
                verify(bytes, at, length, type, in.getInt(at + 8 + length));
                if (type.equals("tRNS") && header.colorType != PALETTE) {
                    transparent = new int[length / 2];
                    for (int i = 0; i < transparent.length; i++) {
                        transparent[i] = in.getShort(at + 8 + 2 * i) & 0xffff;
                    }
                } else {
                    kept.write(bytes, at, length + 12);
                }
            }
            if (type.equals("eXIf")) {
                orientation = ExifOrientation.ofTiff(bytes, at + 8, at + 8 + length);
            }
            if (type.equals("IEND")) {
                return new PngChunks(header, kept.toByteArray(), transparent, orientation);
            }
            at += length + 12;
        }
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
