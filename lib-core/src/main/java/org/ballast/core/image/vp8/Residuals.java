package org.ballast.core.image.vp8;

import java.util.Arrays;
import org.ballast.core.image.vp8.FrameHeader.Segment;

/** The coefficients of a macroblock (RFC 6386, section 13), and what its neighbours' say of their likelihood. */
final class Residuals {
    private static final int[] ZIGZAG = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};
    /** The band of each coefficient; one more for what lies behind the last. */
    private static final int[] BANDS = {0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0};

    private static final int[][] LARGE = {
        {173, 148, 140},
        {176, 155, 140, 135},
        {180, 157, 141, 134, 130},
        {254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129}
    };
    private static final int PAST_Y2 = 0;
    private static final int Y2 = 1;
    private static final int CHROMA = 2;
    private static final int Y_ALONE = 3;

    private final int[] probabilities;
    /** Whether the blocks above had coefficients: four of luma, two of each chroma and the Y2 a column. */
    private final boolean[] above;

    private final boolean[] left = new boolean[9];

    /** Dequantized coefficients: 16 blocks of luma, 4 of U, 4 of V, each {@code [4, 4]}. */
    final short[] coefficients = new short[24 * 16];
    /** Whether a block has any coefficient, and whether it has more than the first. */
    final boolean[] any = new boolean[24];

    final boolean[] many = new boolean[24];
    private final short[] y2 = new short[16];

    Residuals(int[] probabilities, int columns) {
        this.probabilities = probabilities;
        above = new boolean[9 * columns];
    }

    void startRow() {
        Arrays.fill(left, false);
    }

    /** A macroblock without coefficients. */
    void skip(int column, boolean hasY2) {
        int kept = hasY2 ? 9 : 8; // one without Y2 leaves the context of the last that had it
        Arrays.fill(above, 9 * column, 9 * column + kept, false);
        Arrays.fill(left, 0, kept, false);
        Arrays.fill(coefficients, (short) 0);
        Arrays.fill(any, false);
        Arrays.fill(many, false);
    }

    /** Reads the coefficients of a macroblock. @return whether there is one that is not 0 */
    boolean read(BoolDecoder in, int column, boolean hasY2, Segment segment) {
        int top = 9 * column;
        boolean found = false;
        Arrays.fill(coefficients, (short) 0);
        int first = 0;
        int type = Y_ALONE;
        boolean[] direct = new boolean[16];
        if (hasY2) {
            Arrays.fill(y2, (short) 0);
            int end = block(in, Y2, context(above[top + 8], left[8]), segment.y2Dc(), segment.y2Ac(), 0, y2, 0);
            above[top + 8] = left[8] = end > 0;
            Transforms.walshHadamard(y2, coefficients);
            for (int i = 0; i < 16; i++) {
                direct[i] = coefficients[16 * i] != 0;
            }
            first = 1;
            type = PAST_Y2;
        }
        for (int i = 0; i < 16; i++) {
            int x = top + i % 4;
            int y = i / 4;
            int end = block(
                    in, type, context(above[x], left[y]), segment.y1Dc(), segment.y1Ac(), first, coefficients, 16 * i);
            above[x] = left[y] = end > first;
            any[i] = end > first || direct[i];
            many[i] = end > 1;
            found |= end > first || direct[i];
        }
        for (int i = 16; i < 24; i++) {
            int plane = i < 20 ? 4 : 6;
            int x = top + plane + i % 2;
            int y = plane + i % 4 / 2;
            int end = block(
                    in, CHROMA, context(above[x], left[y]), segment.uvDc(), segment.uvAc(), 0, coefficients, 16 * i);
            above[x] = left[y] = end > 0;
            any[i] = end > 0;
            many[i] = end > 1;
            found |= end > 0;
        }
        return found;
    }

    private static int context(boolean above, boolean left) {
        return (above ? 1 : 0) + (left ? 1 : 0);
    }

    /** @return one more than the place of the last coefficient read, {@code first} or 0 for none */
    private int block(BoolDecoder in, int type, int context, int dc, int ac, int first, short[] to, int offset) {
        int at = first;
        int p = at(type, at, context);
        while (at < 16) {
            if (in.bit(probabilities[p]) == 0) {
                return at;
            }
            while (in.bit(probabilities[p + 1]) == 0) {
                at++;
                if (at == 16) {
                    return 16;
                }
                p = at(type, at, 0);
            }
            int value = 1;
            int next = 1;
            if (in.bit(probabilities[p + 2]) == 1) {
                value = large(in, p);
                next = 2;
            }
            int signed = in.bit(128) == 1 ? -value : value;
            to[offset + ZIGZAG[at]] = (short) (signed * (at > 0 ? ac : dc));
            at++;
            p = at(type, at, next);
        }
        return 16;
    }

    private static int at(int type, int place, int context) {
        return ((type * Tables.BANDS + BANDS[place]) * Tables.CONTEXTS + context) * Tables.NODES;
    }

    private int large(BoolDecoder in, int p) {
        if (in.bit(probabilities[p + 3]) == 0) {
            return in.bit(probabilities[p + 4]) == 0 ? 2 : 3 + in.bit(probabilities[p + 5]);
        }
        if (in.bit(probabilities[p + 6]) == 0) {
            if (in.bit(probabilities[p + 7]) == 0) {
                return 5 + in.bit(159);
            }
            int high = in.bit(165);
            return 7 + 2 * high + in.bit(145);
        }
        int high = in.bit(probabilities[p + 8]);
        int category = 2 * high + in.bit(probabilities[p + 9 + high]);
        int extra = 0;
        for (int probability : LARGE[category]) {
            extra = 2 * extra + in.bit(probability);
        }
        return 3 + (8 << category) + extra;
    }
}
