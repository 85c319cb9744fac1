package org.ballast.core.image;

/** Takes a picture's pixels in order and composites each on white, or drops its alpha. */
final class Canvas {
    private static final int SHIFT = 7; // as libImaging/AlphaComposite.c

    private final int width;
    private final int height;
    private final AlphaMode alpha;
    private final byte[] rgb;
    private int at;

    Canvas(int width, int height, AlphaMode alpha) {
        this.width = width;
        this.height = height;
        this.alpha = alpha;
        rgb = new byte[3 * width * height];
    }

    /** Samples of 0 to 255. */
    void put(int red, int green, int blue, int opacity) {
        rgb[at++] = over(red, opacity);
        rgb[at++] = over(green, opacity);
        rgb[at++] = over(blue, opacity);
    }

    /** A colour as {@code 0xAARRGGBB}. */
    void put(int argb) {
        put(argb >> 16 & 255, argb >> 8 & 255, argb & 255, argb >>> 24);
    }

    private byte over(int sample, int opacity) {
        if (alpha == AlphaMode.DROP || opacity == 255) {
            return (byte) sample;
        }
        int sum = (sample * opacity + 255 * (255 - opacity) << SHIFT) + (128 << SHIFT);
        return (byte) ((sum >> 8) + sum >> 8 >> SHIFT);
    }

    RgbImage image() {
        return new RgbImage(width, height, rgb);
    }
}
