package org.ballast.core.image.vp8;

import java.util.Arrays;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * The header of a key frame (RFC 6386, section 9).
 *
 * @param modes the first partition, behind the header: the macroblocks' modes
 * @param tokens the partitions of coefficients; row r of macroblocks is in number r modulo their count
 * @param segmentProbabilities of the tree of segments, null where the macroblocks name none
 * @param segments what the macroblocks of a segment share
 * @param coefficients probabilities {@code [block type, band, context, node]}
 * @param skipProbability that a macroblock has coefficients, -1 where none says so
 */
@SuppressWarnings("ArrayRecordComponent")
record FrameHeader(
        int width,
        int height,
        BoolDecoder modes,
        BoolDecoder[] tokens,
        int[] segmentProbabilities,
        Segment[] segments,
        boolean simpleFilter,
        int[] coefficients,
        int skipProbability) {
    private static final int TAG = 10;
    private static final int SEGMENTS = 4;

    /**
     * Quantizers and filter of a segment.
     *
     * @param filter by whether the macroblock is predicted in blocks of 4 x 4
     */
    record Segment(int y1Dc, int y1Ac, int y2Dc, int y2Ac, int uvDc, int uvAc, Filter[] filter) {}

    /** Strength of the loop filter; a limit of 0 for none. */
    record Filter(int limit, int interior, int highVariance) {
        static final Filter NONE = new Filter(0, 0, 0);

        static Filter of(int level, int sharpness) {
            if (level == 0) {
                return NONE;
            }
            int interior = level;
            if (sharpness > 0) {
                interior = Math.min(interior >> (sharpness > 4 ? 2 : 1), 9 - sharpness);
            }
            interior = Math.max(1, interior);
            return new Filter(2 * level + interior, interior, level >= 40 ? 2 : level >= 15 ? 1 : 0);
        }
    }

    static FrameHeader read(byte[] bytes, int from, int length) throws ImageRejected {
        if (length < TAG) {
            throw truncated("its header");
        }
        int tag = bytes[from] & 255 | (bytes[from + 1] & 255) << 8 | (bytes[from + 2] & 255) << 16;
        if ((tag & 1) != 0 || (tag >> 1 & 7) > 3 || (tag >> 4 & 1) == 0) {
            throw new ImageRejected(Reason.CORRUPT, "webp with a VP8 frame of tag " + Integer.toHexString(tag));
        }
        int width = (bytes[from + 6] & 255 | bytes[from + 7] << 8) & 0x3fff;
        int height = (bytes[from + 8] & 255 | bytes[from + 9] << 8) & 0x3fff;
        int end = from + length;
        int first = from + TAG;
        int second = first + (tag >> 5);
        if (second > end) {
            throw truncated("its modes");
        }
        var in = new BoolDecoder(bytes, first, second);
        in.number(2); // colour space and clamping: there is one of each
        boolean segmented = in.flag();
        boolean mapped = segmented && in.flag();
        boolean absolute = true;
        int[] quantizers = new int[SEGMENTS];
        int[] levels = new int[SEGMENTS];
        int[] tree = null;
        if (segmented && in.flag()) {
            absolute = in.flag();
            Arrays.setAll(quantizers, i -> in.optional(7));
            Arrays.setAll(levels, i -> in.optional(6));
        }
        if (mapped) {
            tree = new int[3];
            Arrays.setAll(tree, i -> in.flag() ? in.number(8) : 255);
        }
        boolean simple = in.flag();
        int level = in.number(6);
        int sharpness = in.number(3);
        int[] deltas = filterDeltas(in);
        BoolDecoder[] tokens = partitions(bytes, second, end, 1 << in.number(2));
        int quantizer = in.number(7);
        int[] quantizerDeltas = new int[5];
        Arrays.setAll(quantizerDeltas, i -> in.optional(4));
        var segments = new Segment[SEGMENTS];
        for (int i = 0; i < SEGMENTS; i++) {
            int q = segmented ? quantizers[i] + (absolute ? 0 : quantizer) : quantizer;
            int strength = segmented ? levels[i] + (absolute ? 0 : level) : level;
            // a level of 0 in the header turns the filter off whatever the segments say
            Filter[] filter = {
                level == 0 ? Filter.NONE : Filter.of(clamp(strength + deltas[0], 63), sharpness),
                level == 0 ? Filter.NONE : Filter.of(clamp(strength + deltas[0] + deltas[1], 63), sharpness)
            };
            segments[i] = segment(q, quantizerDeltas, filter);
        }
        in.flag(); // whether the probabilities outlive the frame
        int[] coefficients = Tables.COEFFICIENT_PROBABILITIES.clone();
        for (int i = 0; i < coefficients.length; i++) {
            if (in.bit(Tables.COEFFICIENT_UPDATES[i]) == 1) {
                coefficients[i] = in.number(8);
            }
        }
        int skip = in.flag() ? in.number(8) : -1;
        if (in.pastEnd()) {
            throw truncated("its header");
        }
        return new FrameHeader(width, height, in, tokens, tree, segments, simple, coefficients, skip);
    }

    /** What is added to the filter's level in a key frame, and in its blocks of 4 x 4. */
    private static int[] filterDeltas(BoolDecoder in) {
        int[] deltas = new int[8]; // by reference frame, then by mode
        boolean used = in.flag();
        if (used && in.flag()) {
            Arrays.setAll(deltas, i -> in.optional(6));
        }
        return used ? new int[] {deltas[0], deltas[4]} : new int[2];
    }

    private static Segment segment(int q, int[] delta, Filter[] filter) {
        return new Segment(
                Tables.DC_QUANTIZERS[clamp(q + delta[0], 127)],
                Tables.AC_QUANTIZERS[clamp(q, 127)],
                2 * Tables.DC_QUANTIZERS[clamp(q + delta[1], 127)],
                Math.max(8, Tables.AC_QUANTIZERS[clamp(q + delta[2], 127)] * 155 / 100),
                Tables.DC_QUANTIZERS[clamp(q + delta[3], 117)],
                Tables.AC_QUANTIZERS[clamp(q + delta[4], 127)],
                filter);
    }

    private static BoolDecoder[] partitions(byte[] bytes, int from, int end, int count) throws ImageRejected {
        int at = from + 3 * (count - 1);
        if (at >= end) {
            throw truncated("its coefficients");
        }
        var partitions = new BoolDecoder[count];
        for (int i = 0; i < count; i++) {
            int size = end - at;
            if (i < count - 1) {
                int entry = from + 3 * i;
                size = Math.min(
                        size, bytes[entry] & 255 | (bytes[entry + 1] & 255) << 8 | (bytes[entry + 2] & 255) << 16);
            }
            partitions[i] = new BoolDecoder(bytes, at, at + size);
            at += size;
        }
        return partitions;
    }

    private static int clamp(int value, int most) {
        return Math.max(0, Math.min(most, value));
    }

    static ImageRejected truncated(String where) {
        return new ImageRejected(Reason.TRUNCATED, "webp whose VP8 frame ends in " + where);
    }
}
