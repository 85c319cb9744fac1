package org.ballast.core.image.vp8;

/** The inverse transforms (RFC 6386, section 14). */
final class Transforms {
    private Transforms() {}

    /** Of the Y2 block, into the first coefficient of each of the 16 blocks of luma. */
    static void walshHadamard(short[] y2, short[] coefficients) {
        int[] columns = new int[16];
        for (int i = 0; i < 4; i++) {
            int a0 = y2[i] + y2[12 + i];
            int a1 = y2[4 + i] + y2[8 + i];
            int a2 = y2[4 + i] - y2[8 + i];
            int a3 = y2[i] - y2[12 + i];
            columns[i] = a0 + a1;
            columns[4 + i] = a3 + a2;
            columns[8 + i] = a0 - a1;
            columns[12 + i] = a3 - a2;
        }
        for (int i = 0; i < 16; i += 4) {
            int dc = columns[i] + 3;
            int a0 = dc + columns[i + 3];
            int a1 = columns[i + 1] + columns[i + 2];
            int a2 = columns[i + 1] - columns[i + 2];
            int a3 = dc - columns[i + 3];
            coefficients[16 * i] = (short) (a0 + a1 >> 3);
            coefficients[16 * (i + 1)] = (short) (a3 + a2 >> 3);
            coefficients[16 * (i + 2)] = (short) (a0 - a1 >> 3);
            coefficients[16 * (i + 3)] = (short) (a3 - a2 >> 3);
        }
    }

    /** Adds a block's transform to its prediction, {@code [4, 4]} in a plane. */
    static void addBlock(short[] in, int from, byte[] plane, int at, int stride, int[] scratch) {
        for (int i = 0; i < 4; i++) {
            int a = in[from + i] + in[from + 8 + i];
            int b = in[from + i] - in[from + 8 + i];
            int c = sine(in[from + 4 + i]) - cosine(in[from + 12 + i]);
            int d = cosine(in[from + 4 + i]) + sine(in[from + 12 + i]);
            scratch[4 * i] = a + d;
            scratch[4 * i + 1] = b + c;
            scratch[4 * i + 2] = b - c;
            scratch[4 * i + 3] = a - d;
        }
        for (int i = 0; i < 4; i++) {
            int dc = scratch[i] + 4;
            int a = dc + scratch[8 + i];
            int b = dc - scratch[8 + i];
            int c = sine(scratch[4 + i]) - cosine(scratch[12 + i]);
            int d = cosine(scratch[4 + i]) + sine(scratch[12 + i]);
            int row = at + i * stride;
            plane[row] = clip((plane[row] & 255) + (a + d >> 3));
            plane[row + 1] = clip((plane[row + 1] & 255) + (b + c >> 3));
            plane[row + 2] = clip((plane[row + 2] & 255) + (b - c >> 3));
            plane[row + 3] = clip((plane[row + 3] & 255) + (a - d >> 3));
        }
    }

    /** The same for a block whose first coefficient is its only one. */
    static void addFlat(int dc, byte[] plane, int at, int stride) {
        int value = dc + 4 >> 3;
        for (int y = 0; y < 4; y++) {
            for (int x = at + y * stride, end = x + 4; x < end; x++) {
                plane[x] = clip((plane[x] & 255) + value);
            }
        }
    }

    /** x sqrt(2) cos(pi / 8) in 16-bit fixed point. */
    private static int cosine(int x) {
        return (x * 20091 >> 16) + x;
    }

    /** x sqrt(2) sin(pi / 8). */
    private static int sine(int x) {
        return x * 35468 >> 16;
    }

    static byte clip(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }
}
