package org.ballast.core.image.vp8l;

import java.util.Arrays;

/**
 * A transform of the encoder, to be undone.
 *
 * @param width of the pixels that it gives back
 * @param storedWidth of those it takes
 * @param bits of a block's side; of colour indexing, of the pixels in one
 * @param data a pixel a block; of colour indexing the palette
 */
@SuppressWarnings("ArrayRecordComponent")
record Transform(Kind kind, int width, int storedWidth, int bits, int[] data) {
    private static final int OPAQUE = 0xff000000;

    /** In the order of their numbers. */
    enum Kind {
        PREDICTOR,
        COLOR,
        SUBTRACT_GREEN,
        COLOR_INDEXING
    }

    /** A palette of 256 from one that is stored as differences. What it leaves free is transparent black. */
    static int[] palette(int[] differences) {
        int[] palette = Arrays.copyOf(differences, 256);
        for (int i = 1; i < differences.length; i++) {
            palette[i] = add(palette[i], palette[i - 1]);
        }
        return palette;
    }

    /** @param pixels {@code [height, storedWidth]}, may be changed */
    int[] inverse(int[] pixels, int height) {
        return switch (kind) {
            case PREDICTOR -> predict(pixels, height);
            case COLOR -> addColors(pixels);
            case SUBTRACT_GREEN -> addGreen(pixels);
            case COLOR_INDEXING -> look(pixels, height);
        };
    }

    private int[] addGreen(int[] pixels) {
        for (int i = 0; i < pixels.length; i++) {
            int green = pixels[i] >> 8 & 255;
            pixels[i] = pixels[i] & 0xff00ff00 | (pixels[i] & 0x00ff00ff) + (green << 16 | green) & 0x00ff00ff;
        }
        return pixels;
    }

    private int[] addColors(int[] pixels) {
        int across = Vp8lDecoder.blocks(width, bits);
        for (int i = 0; i < pixels.length; i++) {
            int factors = data[(i / width >> bits) * across + (i % width >> bits)];
            int pixel = pixels[i];
            int red = (pixel >> 16) + times(factors, pixel >> 8) & 255;
            int blue = pixel + times(factors >> 8, pixel >> 8) + times(factors >> 16, red) & 255;
            pixels[i] = pixel & 0xff00ff00 | red << 16 | blue;
        }
        return pixels;
    }

    /** Of two signed bytes, in units of 1/32. */
    private static int times(int factor, int color) {
        return (byte) factor * (byte) color >> 5;
    }

    private int[] look(int[] pixels, int height) {
        int size = 8 >> bits;
        int[] out = new int[width * height];
        for (int y = 0, to = 0; y < height; y++) {
            for (int x = 0; x < width; x++, to++) {
                int packed = pixels[y * storedWidth + (x >> bits)] >> 8 & 255;
                int index = bits == 0 ? packed : packed >> (x & (1 << bits) - 1) * size & (1 << size) - 1;
                out[to] = data[index];
            }
        }
        return out;
    }

    private int[] predict(int[] pixels, int height) {
        int across = Vp8lDecoder.blocks(width, bits);
        for (int y = 0, at = 0; y < height; y++) {
            for (int x = 0; x < width; x++, at++) {
                int prediction;
                if (y == 0) {
                    prediction = x == 0 ? OPAQUE : pixels[at - 1];
                } else if (x == 0) {
                    prediction = pixels[at - width];
                } else {
                    int mode = data[(y >> bits) * across + (x >> bits)] >> 8 & 15;
                    prediction = prediction(mode, pixels, at);
                }
                pixels[at] = add(pixels[at], prediction);
            }
        }
        return pixels;
    }

    /** Right of the last pixel of the row above stands, as in libwebp, the first of this one. */
    private int prediction(int mode, int[] pixels, int at) {
        int left = pixels[at - 1];
        int top = pixels[at - width];
        int topRight = pixels[at - width + 1];
        int topLeft = pixels[at - width - 1];
        return switch (mode) {
            case 1 -> left;
            case 2 -> top;
            case 3 -> topRight;
            case 4 -> topLeft;
            case 5 -> mean(mean(left, topRight), top);
            case 6 -> mean(left, topLeft);
            case 7 -> mean(left, top);
            case 8 -> mean(topLeft, top);
            case 9 -> mean(top, topRight);
            case 10 -> mean(mean(left, topLeft), mean(top, topRight));
            case 11 -> nearer(left, top, topLeft);
            case 12 -> full(left, top, topLeft);
            case 13 -> half(mean(left, top), topLeft);
            default -> OPAQUE;
        };
    }

    private static int add(int one, int other) {
        int evens = (one & 0x00ff00ff) + (other & 0x00ff00ff) & 0x00ff00ff;
        int odds = (one & 0xff00ff00) + (other & 0xff00ff00) & 0xff00ff00;
        return evens | odds;
    }

    private static int mean(int one, int other) {
        return (((one ^ other) & 0xfefefefe) >>> 1) + (one & other);
    }

    /** The left or the upper pixel, whichever left + top - topLeft is nearer to. */
    private static int nearer(int left, int top, int topLeft) {
        int toLeft = 0;
        int toTop = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            int corner = topLeft >> shift & 255;
            toLeft += Math.abs((top >> shift & 255) - corner);
            toTop += Math.abs((left >> shift & 255) - corner);
        }
        return toLeft < toTop ? left : top;
    }

    private static int full(int left, int top, int topLeft) {
        int out = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            out |= clip((left >> shift & 255) + (top >> shift & 255) - (topLeft >> shift & 255)) << shift;
        }
        return out;
    }

    private static int half(int mean, int topLeft) {
        int out = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            int value = mean >> shift & 255;
            out |= clip(value + (value - (topLeft >> shift & 255)) / 2) << shift;
        }
        return out;
    }

    private static int clip(int value) {
        return Math.max(0, Math.min(255, value));
    }
}
