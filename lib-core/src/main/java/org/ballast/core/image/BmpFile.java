package org.ballast.core.image;

import java.util.Set;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * A BMP's header.
 *
 * @param plainEnd where the pixels end if they are not compressed, else 0; the last row may lack its padding
 * @param palette the colours of a picture of at most 8 bits a pixel; empty else
 * @param profile position of the colour space's name where that asks for an embedded or linked profile, else -1
 */
@SuppressWarnings("ArrayRecordComponent")
record BmpFile(int width, int height, long plainEnd, int[] palette, int profile) {
    private static final int HEADER = 14;
    private static final int CORE = 12;
    private static final int V4 = 108;
    private static final Set<Integer> SIZES = Set.of(CORE, 40, 52, 56, 64, V4, 124);
    private static final int MOST_COMPRESSION =
            3; // 4 and 5 embed a JPEG or a PNG with a size of its own, past the limits

    static BmpFile read(byte[] bytes) throws ImageRejected {
        var in = new FileBytes("bmp", bytes, false);
        long size = in.unsignedInt(HEADER);
        if (size > 124 || !SIZES.contains((int) size)) {
            throw new ImageRejected(Reason.UNSUPPORTED, "bmp with a header of " + size + " bytes");
        }
        in.require(HEADER, size);
        boolean core = size == CORE;
        int width = core ? in.unsignedShort(18) : in.signedInt(18);
        int height = core ? in.unsignedShort(20) : in.signedInt(22); // negative: rows from the top
        long compression = core ? 0 : in.unsignedInt(30);
        if (compression > MOST_COMPRESSION) {
            throw new ImageRejected(Reason.UNSUPPORTED, "bmp with compression " + compression);
        }
        long pixels = in.unsignedInt(10);
        if (pixels < HEADER + size) {
            throw new ImageRejected(Reason.CORRUPT, "bmp whose pixels start at byte " + pixels + ", in its header");
        }
        in.require(pixels, 0);
        int profile = size < V4 || !asksForProfile(in.text(HEADER + 56, 4)) ? -1 : HEADER + 56;
        int rows = height == Integer.MIN_VALUE ? 0 : Math.abs(height);
        int bits = core ? in.unsignedShort(24) : in.unsignedShort(28);
        long rowBits = (long) width * bits;
        boolean plain = compression == 0 || compression == MOST_COMPRESSION;
        long end = pixels + (rowBits + 31) / 32 * 4 * (rows - 1L) + (rowBits + 7) / 8;
        return new BmpFile(
                width, rows, plain ? end : 0, palette(in, core, HEADER + (int) size, (int) pixels, bits), profile);
    }

    private static int[] palette(FileBytes in, boolean core, int from, int end, int bits) throws ImageRejected {
        int size = core ? 3 : 4;
        int[] palette = new int[bits > 8 ? 0 : Math.min(1 << bits, (end - from) / size)];
        for (int i = 0; i < palette.length; i++) {
            palette[i] = in.unsigned24(from + (long) size * i); // blue first
        }
        return palette;
    }

    private static boolean asksForProfile(String colorSpace) {
        return colorSpace.equals("KNIL") || colorSpace.equals("DEBM");
    }
}
