package org.ballast.core.image.vp8;

import java.util.Arrays;

/**
 * The samples of one component, with the row above and the column to the left that the first predictions read: 127 above, 129 to the left.
 *
 * @param at the place of sample (0, 0)
 */
@SuppressWarnings("ArrayRecordComponent")
record Plane(byte[] samples, int stride, int at) {

    static Plane of(int width, int height) {
        int stride = width + 1;
        byte[] samples = new byte[stride * (height + 1)];
        Arrays.fill(samples, 0, stride, (byte) 127);
        for (int y = 1; y <= height; y++) {
            samples[y * stride] = (byte) 129;
        }
        return new Plane(samples, stride, stride + 1);
    }

    int place(int x, int y) {
        return at + y * stride + x;
    }
}
