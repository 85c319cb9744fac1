package org.ballast.core.image.vp8;

import java.util.Arrays;

/** Predictions of a block from the samples above and to the left of it (RFC 6386, section 12). */
final class Prediction {
    static final int DC = 0;
    static final int TRUE_MOTION = 1;
    static final int VERTICAL = 2;
    static final int HORIZONTAL = 3;
    static final int LEFT_DOWN = 4;
    static final int RIGHT_DOWN = 5;
    static final int VERTICAL_RIGHT = 6;
    static final int VERTICAL_LEFT = 7;
    static final int HORIZONTAL_DOWN = 8;
    static final int HORIZONTAL_UP = 9;

    private Prediction() {}

    /** A square of 16 or 8 samples at ({@code x}, {@code y}). */
    static void square(int mode, Plane plane, int x, int y, int size) {
        byte[] s = plane.samples();
        int at = plane.place(x, y);
        int stride = plane.stride();
        switch (mode) {
            case DC -> fill(plane, at, size, average(plane, at, size, y > 0, x > 0));
            case VERTICAL -> {
                for (int row = 0; row < size; row++) {
                    System.arraycopy(s, at - stride, s, at + row * stride, size);
                }
            }
            case HORIZONTAL -> {
                for (int row = at, end = at + size * stride; row < end; row += stride) {
                    Arrays.fill(s, row, row + size, s[row - 1]);
                }
            }
            default -> trueMotion(s, at, stride, size);
        }
    }

    private static int average(Plane plane, int at, int size, boolean above, boolean left) {
        if (!above && !left) {
            return 128;
        }
        int sum = 0;
        for (int i = 0; i < size; i++) {
            sum += above ? plane.samples()[at - plane.stride() + i] & 255 : 0;
            sum += left ? plane.samples()[at + i * plane.stride() - 1] & 255 : 0;
        }
        int count = above && left ? 2 * size : size;
        return (sum + count / 2) / count;
    }

    private static void fill(Plane plane, int at, int size, int value) {
        for (int row = 0; row < size; row++) {
            Arrays.fill(plane.samples(), at + row * plane.stride(), at + row * plane.stride() + size, (byte) value);
        }
    }

    private static void trueMotion(byte[] s, int at, int stride, int size) {
        int corner = s[at - stride - 1] & 255;
        for (int row = at, end = at + size * stride; row < end; row += stride) {
            int left = (s[row - 1] & 255) - corner;
            for (int x = 0; x < size; x++) {
                s[row + x] = Transforms.clip(left + (s[at - stride + x] & 255));
            }
        }
    }

    /**
     * A block of 4 x 4 at a place.
     *
     * @param edge scratch {@code [13]}: filled with the left column from below, the corner, and the row above with the four samples to its right
     */
    static void block(int mode, Plane plane, int at, int[] edge) {
        byte[] s = plane.samples();
        int stride = plane.stride();
        switch (mode) {
            case DC -> {
                int sum = 4;
                for (int i = 0; i < 4; i++) {
                    sum += edge[i] + edge[5 + i];
                }
                fill(plane, at, 4, sum >> 3);
            }
            case TRUE_MOTION -> trueMotion(s, at, stride, 4);
            case VERTICAL -> {
                for (int x = 0; x < 4; x++) {
                    byte value = (byte) three(edge, 4 + x);
                    for (int y = 0; y < 4; y++) {
                        s[at + y * stride + x] = value;
                    }
                }
            }
            case HORIZONTAL -> {
                for (int y = 0; y < 4; y++) {
                    int value = y < 3 ? three(edge, 2 - y) : (edge[1] + 3 * edge[0] + 2) >> 2;
                    Arrays.fill(s, at + y * stride, at + y * stride + 4, (byte) value);
                }
            }
            case LEFT_DOWN -> {
                for (int y = 0; y < 4; y++) {
                    for (int x = 0; x < 4; x++) {
                        int i = x + y;
                        int value = i < 6 ? three(edge, 5 + i) : (edge[11] + 3 * edge[12] + 2) >> 2;
                        s[at + y * stride + x] = (byte) value;
                    }
                }
            }
            case RIGHT_DOWN -> {
                for (int y = 0; y < 4; y++) {
                    for (int x = 0; x < 4; x++) {
                        s[at + y * stride + x] = (byte) three(edge, 3 + x - y);
                    }
                }
            }
            case VERTICAL_RIGHT -> verticalRight(s, at, stride, edge);
            case VERTICAL_LEFT -> verticalLeft(s, at, stride, edge);
            case HORIZONTAL_DOWN -> horizontalDown(s, at, stride, edge);
            default -> horizontalUp(s, at, stride, edge);
        }
    }

    private static void verticalRight(byte[] s, int at, int stride, int[] e) {
        for (int x = 0; x < 4; x++) {
            int even = two(e, 4 + x);
            int odd = three(e, 3 + x);
            s[at + x] = (byte) even;
            s[at + stride + x] = (byte) odd;
            if (x < 3) {
                s[at + 2 * stride + x + 1] = (byte) even;
                s[at + 3 * stride + x + 1] = (byte) odd;
            }
        }
        s[at + 2 * stride] = (byte) three(e, 2);
        s[at + 3 * stride] = (byte) three(e, 1);
    }

    private static void verticalLeft(byte[] s, int at, int stride, int[] e) {
        for (int x = 0; x < 4; x++) {
            int even = two(e, 5 + x);
            int odd = three(e, 5 + x);
            s[at + x] = (byte) even;
            s[at + stride + x] = (byte) odd;
            if (x > 0) {
                s[at + 2 * stride + x - 1] = (byte) even;
                s[at + 3 * stride + x - 1] = (byte) odd;
            }
        }
        s[at + 2 * stride + 3] = (byte) three(e, 9);
        s[at + 3 * stride + 3] = (byte) three(e, 10);
    }

    private static void horizontalDown(byte[] s, int at, int stride, int[] e) {
        for (int y = 0; y < 4; y++) {
            int even = two(e, 3 - y);
            int odd = three(e, 3 - y);
            s[at + y * stride] = (byte) even;
            s[at + y * stride + 1] = (byte) odd;
            if (y < 3) {
                s[at + (y + 1) * stride + 2] = (byte) even;
                s[at + (y + 1) * stride + 3] = (byte) odd;
            }
        }
        s[at + 2] = (byte) three(e, 4);
        s[at + 3] = (byte) three(e, 5);
    }

    private static void horizontalUp(byte[] s, int at, int stride, int[] e) {
        // along the left column from above: two, three, two, three, two, then the last sample
        int[] values = {
            two(e, 2),
            three(e, 1),
            two(e, 1),
            three(e, 0),
            two(e, 0),
            (e[1] + 3 * e[0] + 2) >> 2,
            e[0],
            e[0],
            e[0],
            e[0]
        };
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 4; x++) {
                s[at + y * stride + x] = (byte) values[2 * y + x];
            }
        }
    }

    /** The mean of an edge sample and the next. */
    private static int two(int[] edge, int i) {
        return (edge[i] + edge[i + 1] + 1) >> 1;
    }

    /** The weighted mean around the edge sample behind {@code i}. */
    private static int three(int[] edge, int i) {
        return (edge[i] + 2 * edge[i + 1] + edge[i + 2] + 2) >> 2;
    }
}
