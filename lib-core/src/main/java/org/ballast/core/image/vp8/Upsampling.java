package org.ballast.core.image.vp8;

/**
 * Chroma to full size and YCbCr to RGB in libwebp's integers: each chroma value is the mean of the four nearest, weighted 9 : 3 : 3 : 1 ("fancy upsampling"),
 * and BT.601 with 14 bits of fraction of which 6 are kept.
 */
final class Upsampling {
    private static final int FRACTION = 6;

    private Upsampling() {}

    static byte[] toRgb(Vp8Picture picture) {
        int width = picture.width();
        int height = picture.height();
        byte[] rgb = new byte[3 * width * height];
        int chromaRows = (height + 1) / 2;
        int[] u = new int[width];
        int[] v = new int[width];
        for (int y = 0; y < height; y++) {
            int near = y / 2;
            int far = Math.max(0, Math.min(chromaRows - 1, near + (y % 2 == 0 ? -1 : 1)));
            row(picture.u(), near, far, width, u);
            row(picture.v(), near, far, width, v);
            int luma = picture.y().place(0, y);
            int at = 3 * y * width;
            for (int x = 0; x < width; x++) {
                int bright = (picture.y().samples()[luma + x] & 255) * 19077 >> 8;
                rgb[at++] = sample(bright + (v[x] * 26149 >> 8) - 14234);
                rgb[at++] = sample(bright - (u[x] * 6419 >> 8) - (v[x] * 13320 >> 8) + 8708);
                rgb[at++] = sample(bright + (u[x] * 33050 >> 8) - 17685);
            }
        }
        return rgb;
    }

    private static byte sample(int fixed) {
        return Transforms.clip(fixed >> FRACTION);
    }

    /** A row of one component at full width, from the chroma row it lies in and the nearest other one. */
    private static void row(Plane plane, int near, int far, int width, int[] out) {
        byte[] s = plane.samples();
        int n = plane.place(0, near);
        int f = plane.place(0, far);
        out[0] = edge(s[n] & 255, s[f] & 255);
        int last = width - 1 >> 1;
        for (int x = 1; x <= last; x++) {
            int nearLeft = s[n + x - 1] & 255;
            int nearRight = s[n + x] & 255;
            int farLeft = s[f + x - 1] & 255;
            int farRight = s[f + x] & 255;
            int all = nearLeft + nearRight + farLeft + farRight + 8;
            int falling = all + 2 * (nearRight + farLeft) >> 3;
            int rising = all + 2 * (nearLeft + farRight) >> 3;
            out[2 * x - 1] = falling + nearLeft >> 1;
            out[2 * x] = rising + nearRight >> 1;
        }
        if (width % 2 == 0) {
            out[width - 1] = edge(s[n + last] & 255, s[f + last] & 255);
        }
    }

    private static int edge(int near, int far) {
        return 3 * near + far + 2 >> 2;
    }
}
