package org.ballast.core.image;

import java.awt.image.Raster;
import java.nio.charset.StandardCharsets;
import org.ballast.core.image.ImageRejected.Reason;

/** A JPEG's frame header and the colour space that libjpeg would find, and the conversion of its raw samples to RGB with libjpeg's integers. */
record JpegFrame(int width, int height, ColorSpace colorSpace) {

    enum ColorSpace {
        GREY,
        RGB,
        YCC,
        CMYK,
        YCCK
    }

    /** Above the most of an honest file, some 100: each scan is a pass over the whole picture. */
    static final int MOST_SCANS = 1_000;

    private static final int HALF = 1 << 15;

    /** Walks the markers up to the frame header. */
    static JpegFrame read(byte[] bytes) throws ImageRejected {
        boolean jfif = false;
        int adobeTransform = -1;
        int at = 2;
        while (true) {
            while (at < bytes.length && (bytes[at] & 255) != 0xff) {
                at++;
            }
            while (at < bytes.length && (bytes[at] & 255) == 0xff) {
                at++;
            }
            if (at >= bytes.length) {
                throw new ImageRejected(
                        Reason.TRUNCATED, "jpeg ends at byte " + bytes.length + " before its frame header");
            }
            int marker = bytes[at++] & 255;
            if (marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8)) {
                continue; // without a length
            }
            if (marker == 0xd9 || marker == 0xda) {
                throw new ImageRejected(Reason.CORRUPT, "jpeg has no frame header before byte " + at);
            }
            int length = at + 2 > bytes.length ? 0 : (bytes[at] & 255) << 8 | bytes[at + 1] & 255;
            if (length < 2 || length > bytes.length - at) {
                throw new ImageRejected(
                        length == 1 ? Reason.CORRUPT : Reason.TRUNCATED,
                        "jpeg segment " + Integer.toHexString(marker) + " at byte " + at + " does not fit the file");
            }
            if (marker == 0xe0 && startsWith(bytes, at + 2, length - 2, "JFIF\0")) {
                jfif = true;
            } else if (marker == 0xee && length >= 14 && startsWith(bytes, at + 2, length - 2, "Adobe")) {
                adobeTransform = bytes[at + 13] & 255;
            } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
                return frame(bytes, at, length, marker, jfif, adobeTransform);
            }
            at += length;
        }
    }

    private static JpegFrame frame(byte[] bytes, int at, int length, int marker, boolean jfif, int adobeTransform)
            throws ImageRejected {
        if (marker > 0xc2) {
            throw new ImageRejected(Reason.UNSUPPORTED, "jpeg with the frame type " + Integer.toHexString(marker));
        }
        if (length < 8 || length < 8 + 3 * (bytes[at + 7] & 255)) {
            throw new ImageRejected(Reason.CORRUPT, "jpeg frame header of " + length + " bytes");
        }
        int precision = bytes[at + 2] & 255;
        int height = (bytes[at + 3] & 255) << 8 | bytes[at + 4] & 255;
        int width = (bytes[at + 5] & 255) << 8 | bytes[at + 6] & 255;
        int components = bytes[at + 7] & 255;
        if (precision != 8) {
            throw new ImageRejected(Reason.UNSUPPORTED, "jpeg with " + precision + " bits a sample");
        }
        ColorSpace space =
                switch (components) {
                    case 1 -> ColorSpace.GREY;
                    case 3 -> threeComponents(
                            jfif,
                            adobeTransform,
                            new String(
                                    new byte[] {bytes[at + 8], bytes[at + 11], bytes[at + 14]},
                                    StandardCharsets.ISO_8859_1));
                    case 4 -> adobeTransform == 2 ? ColorSpace.YCCK : ColorSpace.CMYK;
                    default -> throw new ImageRejected(Reason.UNSUPPORTED, "jpeg with " + components + " components");
                };
        return new JpegFrame(width, height, space);
    }

    /** The scans of a file: their markers, wherever they stand. */
    static int scans(byte[] bytes) {
        int scans = 0;
        for (int at = 2; at < bytes.length - 1; at++) {
            if (bytes[at] == (byte) 0xff && bytes[at + 1] == (byte) 0xda) {
                scans++;
            }
        }
        return scans;
    }

    /** Whether an end marker stands anywhere but in the first bytes; data may follow it. */
    static boolean hasEnd(byte[] bytes) {
        for (int at = bytes.length - 2; at > 2; at--) {
            if ((bytes[at] & 255) == 0xff && (bytes[at + 1] & 255) == 0xd9) {
                return true;
            }
        }
        return false;
    }

    /** libjpeg's rules (jdapimin.c, default_decompress_parms). */
    private static ColorSpace threeComponents(boolean jfif, int adobeTransform, String ids) {
        if (jfif) {
            return ColorSpace.YCC;
        }
        if (adobeTransform >= 0) {
            return adobeTransform == 0 ? ColorSpace.RGB : ColorSpace.YCC;
        }
        return ids.equals("RGB") ? ColorSpace.RGB : ColorSpace.YCC;
    }

    private static boolean startsWith(byte[] bytes, int at, int length, String start) {
        return length >= start.length()
                && new String(bytes, at, start.length(), StandardCharsets.ISO_8859_1).equals(start);
    }

    /** RGB of raw decoded samples. CMYK is taken as Adobe stores it, inverted, and multiplied with its black, as Pillow does. */
    RgbImage toRgb(Raster raw) {
        int bands = raw.getNumBands();
        byte[] rgb = new byte[3 * width * height];
        int[] row = new int[width * bands];
        int at = 0;
        for (int y = 0; y < height; y++) {
            raw.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                int from = x * bands;
                switch (colorSpace) {
                    case GREY -> put(rgb, at, row[from], row[from], row[from]);
                    case RGB -> put(rgb, at, row[from], row[from + 1], row[from + 2]);
                    case YCC -> putYcc(rgb, at, row[from], row[from + 1], row[from + 2]);
                    case CMYK -> {
                        int black = row[from + 3];
                        put(rgb, at, times(row[from], black), times(row[from + 1], black), times(row[from + 2], black));
                    }
                    case YCCK -> {
                        putYcc(rgb, at, row[from], row[from + 1], row[from + 2]);
                        int black = row[from + 3];
                        for (int i = at; i < at + 3; i++) {
                            rgb[i] = (byte) times(255 - (rgb[i] & 255), black);
                        }
                    }
                }
                at += 3;
            }
        }
        return new RgbImage(width, height, rgb);
    }

    /** Pillow's k - c k / 255 for the ink c = 255 - {@code stored} and k = {@code black}. */
    private static int times(int stored, int black) {
        int product = (255 - stored) * black + 128;
        return Math.max(0, black - ((product >> 8) + product >> 8));
    }

    private static void put(byte[] rgb, int at, int red, int green, int blue) {
        rgb[at] = (byte) red;
        rgb[at + 1] = (byte) green;
        rgb[at + 2] = (byte) blue;
    }

    /** jdcolor.c: 16-bit fixed point. */
    private static void putYcc(byte[] rgb, int at, int y, int cb, int cr) {
        int b = cb - 128;
        int r = cr - 128;
        put(
                rgb,
                at,
                clip(y + (fixed(1.40200) * r + HALF >> 16)),
                clip(y + (-fixed(0.34414) * b - fixed(0.71414) * r + HALF >> 16)),
                clip(y + (fixed(1.77200) * b + HALF >> 16)));
    }

    private static int fixed(double x) {
        return (int) (x * 65536 + 0.5);
    }

    private static int clip(int value) {
        return Math.max(0, Math.min(255, value));
    }
}
