package org.ballast.core.image;

import java.util.Set;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * How the samples of a TIFF's page are stored, found to be of a kind that is read and to lie within the file.
 *
 * @param bits of a sample: 1, 2, 4, 8 or 16
 * @param samples of a pixel, 1 to 6
 * @param extra what the samples beyond the colours are, as in tag ExtraSamples
 * @param tiled false: strips, tiles as wide as the picture
 * @param blockWidth pixels of a tile or strip
 * @param blockHeight likewise
 * @param offsets where the tiles or strips start, row by row, plane by plane
 * @param lengths their bytes
 */
@SuppressWarnings("ArrayRecordComponent")
record TiffLayout(
        int width,
        int height,
        int bits,
        int samples,
        long[] extra,
        int photometric,
        int compression,
        int fillOrder,
        int predictor,
        boolean planar,
        boolean tiled,
        int blockWidth,
        int blockHeight,
        long[] offsets,
        long[] lengths) {
    static final int WHITE_IS_ZERO = 0;
    static final int BLACK_IS_ZERO = 1;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int CMYK = 5;
    static final int YCC = 6;

    static final int NONE = 1;
    static final int LZW = 5;
    static final int JPEG = 7;
    static final int DEFLATE = 8;
    static final int PACK_BITS = 32773;
    static final int OLD_DEFLATE = 32946;

    private static final Set<Integer> FAX = Set.of(2, 3, 4);
    private static final Set<Integer> PREDICTED = Set.of(LZW, DEFLATE, OLD_DEFLATE);
    private static final int MOST_SAMPLES = 6; // Pillow's too
    private static final int SMALL_BLOCK = 2048;
    private static final int MOST_OVERLAP = 16;

    /**
     * Reads and checks the layout.
     *
     * @param page of at most {@link Integer#MAX_VALUE} pixels a side
     */
    static TiffLayout of(TiffPage page) throws ImageRejected {
        TiffDirectory tags = page.directory();
        int compression = small(tags, TiffPage.COMPRESSION, NONE);
        int photometric = small(tags, TiffPage.PHOTOMETRIC, WHITE_IS_ZERO);
        int samples = small(tags, TiffPage.SAMPLES, 1);
        int planar = small(tags, TiffPage.PLANAR, 1);
        int fillOrder = small(tags, TiffPage.FILL_ORDER, 1);
        int predictor = PREDICTED.contains(compression) ? small(tags, TiffPage.PREDICTOR, 1) : 1;
        if (samples < 1 || samples > MOST_SAMPLES) {
            throw unsupported(samples + " samples a pixel");
        }
        int bits = bits(tags);
        if (predictor != 1 && (predictor != 2 || bits < 8)) {
            throw unsupported("predictor " + predictor + " of " + bits + " bits");
        }
        for (long format : tags.values(TiffPage.SAMPLE_FORMAT, MOST_SAMPLES)) {
            if (format != 1) {
                throw unsupported("samples of format " + format);
            }
        }
        if (planar != 1 && planar != 2) {
            throw new ImageRejected(Reason.CORRUPT, "tiff with planar configuration " + planar);
        }
        boolean fax = FAX.contains(compression);
        if (fillOrder != 1 && !fax) {
            throw unsupported("fill order " + fillOrder);
        }
        requireKind(photometric, compression, bits, samples, planar == 2 && samples > 1);
        return blocks(
                page,
                new TiffLayout(
                        (int) page.width(),
                        (int) page.height(),
                        bits,
                        samples,
                        tags.values(TiffPage.EXTRA_SAMPLES, MOST_SAMPLES),
                        photometric,
                        compression,
                        fillOrder,
                        predictor,
                        planar == 2 && samples > 1,
                        false,
                        0,
                        0,
                        new long[0],
                        new long[0]));
    }

    private static int bits(TiffDirectory tags) throws ImageRejected {
        long[] bits = tags.values(TiffPage.BITS, MOST_SAMPLES);
        for (long of : bits) {
            if (of != bits[0]) {
                throw unsupported("samples of " + bits[0] + " and " + of + " bits");
            }
        }
        return bits.length == 0 ? 1 : (int) Math.min(bits[0], Integer.MAX_VALUE);
    }

    private static void requireKind(int photometric, int compression, int bits, int samples, boolean planar)
            throws ImageRejected {
        boolean known =
                switch (photometric) {
                    case WHITE_IS_ZERO -> samples == 1 && Set.of(1, 2, 4, 8, 16).contains(bits);
                    case BLACK_IS_ZERO -> samples == 1 && Set.of(1, 2, 4, 8, 16).contains(bits)
                            || samples == 2 && bits == 8;
                    case PALETTE -> samples == 1 && Set.of(1, 2, 4, 8).contains(bits) || samples == 2 && bits == 8;
                    case RGB -> samples >= 3 && (bits == 8 || bits == 16);
                    case CMYK -> samples >= 4 && (bits == 8 || bits == 16);
                    case YCC -> samples == 3 && bits == 8 && compression == JPEG;
                    default -> false;
                };
        boolean packed =
                switch (compression) {
                    case NONE, LZW, DEFLATE, OLD_DEFLATE, PACK_BITS -> true;
                    case JPEG -> bits == 8
                            && !planar
                            && samples == colors(photometric)
                            && Set.of(BLACK_IS_ZERO, RGB, YCC).contains(photometric);
                    default -> FAX.contains(compression) && bits == 1 && samples == 1;
                };
        if (!known || !packed) {
            throw unsupported("photometric interpretation %d, %d samples of %d bits, compression %d"
                    .formatted(photometric, samples, bits, compression));
        }
    }

    static int colors(int photometric) {
        return switch (photometric) {
            case RGB, YCC -> 3;
            case CMYK -> 4;
            default -> 1;
        };
    }

    private static TiffLayout blocks(TiffPage page, TiffLayout kind) throws ImageRejected {
        TiffDirectory tags = page.directory();
        boolean tiled = tags.has(TiffPage.TILE_OFFSETS);
        long blockWidth = tiled ? tags.required(TiffPage.TILE_WIDTH, "a tile width") : kind.width;
        long blockHeight = tiled
                ? tags.required(TiffPage.TILE_HEIGHT, "a tile height")
                : Math.min(kind.height, tags.value(TiffPage.ROWS_PER_STRIP, kind.height));
        if (blockWidth < 1
                || blockHeight < 1
                || tiled && (tooLarge(blockWidth, kind.width) || tooLarge(blockHeight, kind.height))) {
            throw new ImageRejected(
                    Reason.CORRUPT,
                    "tiff of %d x %d with %s of %d x %d"
                            .formatted(kind.width, kind.height, tiled ? "tiles" : "strips", blockWidth, blockHeight));
        }
        long across = (kind.width + blockWidth - 1) / blockWidth;
        long down = (kind.height + blockHeight - 1) / blockHeight;
        long count = across * down * (kind.planar ? kind.samples : 1);
        int offsetTag = tiled ? TiffPage.TILE_OFFSETS : TiffPage.STRIP_OFFSETS;
        int lengthTag = tiled ? TiffPage.TILE_LENGTHS : TiffPage.STRIP_LENGTHS;
        if (tags.count(offsetTag) < count || tags.count(lengthTag) < count) {
            throw new ImageRejected(
                    Reason.CORRUPT,
                    "tiff of %d strips or tiles names %d places and %d lengths"
                            .formatted(count, tags.count(offsetTag), tags.count(lengthTag)));
        }
        var layout = new TiffLayout(
                kind.width,
                kind.height,
                kind.bits,
                kind.samples,
                kind.extra,
                kind.photometric,
                kind.compression,
                kind.fillOrder,
                kind.predictor,
                kind.planar,
                tiled,
                (int) blockWidth,
                (int) blockHeight,
                tags.first(offsetTag, count),
                tags.first(lengthTag, count));
        layout.requireBytes(tags.file(), (int) count);
        return layout;
    }

    /** A tile may be larger than a small picture, but must not make its memory. */
    private static boolean tooLarge(long block, int side) {
        return block > Math.max(SMALL_BLOCK, (side + 15L) / 16 * 16);
    }

    private void requireBytes(FileBytes file, int count) throws ImageRejected {
        long sum = 0;
        long planes = planar ? samples : 1;
        long blocksOfPlane = count / planes;
        long across = (width + blockWidth - 1L) / blockWidth;
        for (int i = 0; i < count; i++) {
            file.require(offsets[i], lengths[i]);
            sum += lengths[i];
            long row = i % blocksOfPlane / across;
            long rows = tiled ? blockHeight : Math.min(blockHeight, height - row * blockHeight);
            long least = compression == NONE ? rows * rowBytes() : 1;
            if (lengths[i] < least) {
                throw new ImageRejected(
                        Reason.TRUNCATED, "tiff whose strip or tile %d has %d bytes".formatted(i, lengths[i]));
            }
        }
        if (sum > (long) MOST_OVERLAP * file.length()) {
            // each would be decoded by itself
            throw new ImageRejected(
                    Reason.CORRUPT, "tiff of %d bytes whose strips or tiles have %d".formatted(file.length(), sum));
        }
    }

    private long rowBytes() {
        return ((long) blockWidth * (planar ? 1 : samples) * bits + 7) / 8;
    }

    /** Of a tag whose values are small numbers; anything else is no known one. */
    private static int small(TiffDirectory tags, int tag, int otherwise) throws ImageRejected {
        return (int) Math.min(tags.value(tag, otherwise), Integer.MAX_VALUE);
    }

    private static ImageRejected unsupported(String what) {
        return new ImageRejected(Reason.UNSUPPORTED, "tiff with " + what);
    }
}
