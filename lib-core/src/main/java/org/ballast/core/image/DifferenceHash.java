package org.ballast.core.image;

/**
 * dHash: 64 bits of which few differ between pictures that look alike, whatever their size, compression or brightness.
 *
 * <p>The picture, upright by its EXIF orientation and composited on white, is turned to grey as {@code (19595 R + 38470 G + 7471 B + 32768) >> 16} and resized to
 * 9 x 8 by {@link PilResize} with {@link PilResize.Filter#LANCZOS}. Bit 63 - (8 y + x) is 1 where the sample at (x + 1, y) is brighter than that at (x, y), for x
 * and y from 0 to 7. So the hexadecimal digits of the value are the text of Python's {@code imagehash.dhash(image)} for an image that has been opened, turned by
 * {@code ImageOps.exif_transpose} and put on white. Two pictures are near duplicates when {@link #distance} is small; 0 to 8 is usual.
 */
public final class DifferenceHash {
    private static final int SIDE = 8;

    private DifferenceHash() {}

    /** Of a picture that is upright and opaque. */
    public static long of(RgbImage image) {
        byte[] small = PilResize.resizeGrey(
                grey(image), image.width(), image.height(), PilResize.Filter.LANCZOS, SIDE + 1, SIDE);
        long hash = 0;
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int at = (SIDE + 1) * y + x;
                hash = hash << 1 | ((small[at + 1] & 255) > (small[at] & 255) ? 1 : 0);
            }
        }
        return hash;
    }

    /** The bits in which two hashes differ, 0 to 64. */
    public static int distance(long one, long other) {
        return Long.bitCount(one ^ other);
    }

    /** ITU-R 601 luma as Pillow's {@code convert("L")} has it: {@code [height, width]}. */
    private static byte[] grey(RgbImage image) {
        byte[] rgb = image.rgb();
        byte[] grey = new byte[rgb.length / 3];
        for (int i = 0, from = 0; i < grey.length; i++, from += 3) {
            grey[i] = (byte)
                    ((rgb[from] & 255) * 19595 + (rgb[from + 1] & 255) * 38470 + (rgb[from + 2] & 255) * 7471 + 0x8000
                            >> 16);
        }
        return grey;
    }
}
