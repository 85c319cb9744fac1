package org.ballast.core.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The orientation tag (0x0112) of a picture's EXIF block: 1 upright, 2 to 8 as the EXIF standard numbers them. */
final class ExifOrientation {
    static final int UPRIGHT = 1;

    private static final byte[] JPEG_MARK = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final int TAG = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY = 12;

    private ExifOrientation() {}

    /** Of a file of a format that has been recognised; what is no such tag counts as upright. */
    static int of(ImageHeader.Format format, byte[] bytes) throws ImageRejected {
        return switch (format) {
            case JPEG -> ofJpeg(bytes);
            case PNG -> PngChunks.orientation(bytes);
            case WEBP -> WebpFile.read(bytes).orientation(bytes);
            case TIFF -> TiffPage.read(bytes).orientation();
            case GIF, BMP -> UPRIGHT;
        };
    }

    /** Of an EXIF block in {@code [from, end)}, with or without the mark that a JPEG puts before it. */
    static int ofBlock(byte[] bytes, int from, int end) {
        int start = startsWith(bytes, from, end, JPEG_MARK) ? from + JPEG_MARK.length : from;
        return ofTiff(bytes, start, end);
    }

    /** Of a JPEG, read from its first EXIF segment; what is no such thing counts as upright. */
    static int ofJpeg(byte[] bytes) {
        int at = 2;
        while (at + 4 <= bytes.length && (bytes[at] & 255) == 0xff) {
            int marker = bytes[at + 1] & 255;
            if (marker == 0xff) {
                at++;
                continue;
            }
            if (marker == 0xda || marker == 0xd9) {
                return UPRIGHT;
            }
            int length = (bytes[at + 2] & 255) << 8 | bytes[at + 3] & 255;
            int body = at + 4;
            int end = at + 2 + length;
            if (length < 2 || end > bytes.length) {
                return UPRIGHT;
            }
            if (marker == 0xe1 && startsWith(bytes, body, end, JPEG_MARK)) {
                return ofTiff(bytes, body + JPEG_MARK.length, end);
            }
            at = end;
        }
        return UPRIGHT;
    }

    /** Of a TIFF block in {@code [from, end)}. */
    static int ofTiff(byte[] bytes, int from, int end) {
        if (end - from < 8) {
            return UPRIGHT;
        }
        ByteBuffer tiff = ByteBuffer.wrap(bytes, from, end - from).slice();
        int order = tiff.getShort(0);
        if (order != 0x4949 && order != 0x4d4d) {
            return UPRIGHT;
        }
        tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = tiff.getInt(4) & 0xffffffffL;
        if (tiff.getShort(2) != 42 || directory + 2 > tiff.limit()) {
            return UPRIGHT;
        }
        int entries = tiff.getShort((int) directory) & 0xffff;
        for (int i = 0; i < entries; i++) {
            long entry = directory + 2 + (long) ENTRY * i;
            if (entry + ENTRY > tiff.limit()) {
                return UPRIGHT;
            }
            int at = (int) entry;
            if ((tiff.getShort(at) & 0xffff) == TAG) {
                int value = tiff.getShort(at + 2) == SHORT ? tiff.getShort(at + 8) & 0xffff : UPRIGHT;
                return value >= 1 && value <= 8 ? value : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    /** The picture turned upright. */
    static RgbImage upright(RgbImage image, int orientation) {
        if (orientation == UPRIGHT) {
            return image;
        }
        int w = image.width();
        int h = image.height();
        boolean turned = orientation >= 5;
        int width = turned ? h : w;
        int height = turned ? w : h;
        byte[] rgb = new byte[image.rgb().length];
        for (int y = 0, to = 0; y < height; y++) {
            for (int x = 0; x < width; x++, to += 3) {
                int fromX =
                        switch (orientation) {
                            case 2, 3 -> w - 1 - x;
                            case 4 -> x;
                            case 5, 6 -> y;
                            default -> w - 1 - y; // 7, 8
                        };
                int fromY =
                        switch (orientation) {
                            case 2 -> y;
                            case 3, 4 -> h - 1 - y;
                            case 5, 8 -> x;
                            default -> h - 1 - x; // 6, 7
                        };
                System.arraycopy(image.rgb(), 3 * (fromY * w + fromX), rgb, to, 3);
            }
        }
        return new RgbImage(width, height, rgb);
    }

    private static boolean startsWith(byte[] bytes, int from, int end, byte[] mark) {
        return end - from >= mark.length && Arrays.equals(bytes, from, from + mark.length, mark, 0, mark.length);
    }
}
