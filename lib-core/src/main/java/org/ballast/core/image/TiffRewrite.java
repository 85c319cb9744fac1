package org.ballast.core.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * A TIFF whose directory holds what makes the raw samples of its first page and nothing else, as {@link PngChunks} does for PNG: profiles, text, further
 * pages and directories within directories never reach the decoder, and it has no reason to turn samples into colours of its own choice.
 */
final class TiffRewrite {
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int UNASSOCIATED = 2;

    private TiffRewrite() {}

    /** The file's bytes with a new directory behind them. */
    static byte[] rawSamples(byte[] bytes, TiffPage page, TiffLayout layout) throws ImageRejected {
        TreeMap<Integer, long[]> tags = tags(page, layout); // by number, as the format wants them
        int at = bytes.length + (bytes.length & 1);
        int values = at + 2 + 12 * tags.size() + 4;
        int size = values;
        for (var tag : tags.entrySet()) {
            size += inline(tag.getKey(), tag.getValue()) ? 0 : bytesOf(tag.getKey(), tag.getValue());
        }
        byte[] rewritten = Arrays.copyOf(bytes, size);
        ByteBuffer out = ByteBuffer.wrap(rewritten)
                .order(page.directory().file().bigEndian() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        out.putInt(4, at);
        out.position(at);
        out.putShort((short) tags.size());
        for (var tag : tags.entrySet()) {
            int type = type(tag.getKey());
            out.putShort(tag.getKey().shortValue()).putShort((short) type).putInt(tag.getValue().length);
            int entry = out.position();
            if (!inline(tag.getKey(), tag.getValue())) {
                out.putInt(values);
                out.position(values);
            }
            for (long value : tag.getValue()) {
                if (type == SHORT) {
                    out.putShort((short) value);
                } else {
                    out.putInt((int) value);
                }
            }
            if (!inline(tag.getKey(), tag.getValue())) {
                values = out.position();
            }
            out.position(entry + 4);
        }
        return rewritten;
    }

    private static TreeMap<Integer, long[]> tags(TiffPage page, TiffLayout layout) throws ImageRejected {
        TreeMap<Integer, long[]> tags = new TreeMap<>();
        long[] bits = new long[layout.samples()];
        Arrays.fill(bits, layout.bits());
        tags.put(TiffPage.WIDTH, new long[] {layout.width()});
        tags.put(TiffPage.HEIGHT, new long[] {layout.height()});
        tags.put(TiffPage.BITS, bits);
        tags.put(TiffPage.COMPRESSION, new long[] {layout.compression()});
        // bands that are not converted, whatever they mean
        int photometric = layout.samples() < 3 ? TiffLayout.BLACK_IS_ZERO : TiffLayout.RGB;
        tags.put(TiffPage.PHOTOMETRIC, new long[] {photometric});
        int extra = layout.samples() - TiffLayout.colors(photometric);
        if (extra > 0) {
            long[] kinds = new long[extra];
            kinds[0] = UNASSOCIATED;
            tags.put(TiffPage.EXTRA_SAMPLES, kinds);
        }
        tags.put(TiffPage.SAMPLES, new long[] {layout.samples()});
        tags.put(TiffPage.PLANAR, new long[] {layout.planar() ? 2 : 1});
        tags.put(TiffPage.PREDICTOR, new long[] {layout.predictor()});
        tags.put(TiffPage.FILL_ORDER, new long[] {layout.fillOrder()});
        for (int option : new int[] {TiffPage.T4_OPTIONS, TiffPage.T6_OPTIONS}) {
            if (page.directory().has(option)) {
                tags.put(option, new long[] {page.directory().value(option, 0)});
            }
        }
        if (layout.tiled()) {
            tags.put(TiffPage.TILE_WIDTH, new long[] {layout.blockWidth()});
            tags.put(TiffPage.TILE_HEIGHT, new long[] {layout.blockHeight()});
        } else {
            tags.put(TiffPage.ROWS_PER_STRIP, new long[] {layout.blockHeight()});
        }
        tags.put(layout.tiled() ? TiffPage.TILE_OFFSETS : TiffPage.STRIP_OFFSETS, layout.offsets());
        tags.put(layout.tiled() ? TiffPage.TILE_LENGTHS : TiffPage.STRIP_LENGTHS, layout.lengths());
        return tags;
    }

    private static int type(int tag) {
        return switch (tag) {
            case TiffPage.BITS,
                    TiffPage.COMPRESSION,
                    TiffPage.PHOTOMETRIC,
                    TiffPage.SAMPLES,
                    TiffPage.PLANAR,
                    TiffPage.PREDICTOR,
                    TiffPage.FILL_ORDER,
                    TiffPage.EXTRA_SAMPLES -> SHORT;
            default -> LONG;
        };
    }

    private static boolean inline(int tag, long[] values) {
        return bytesOf(tag, values) <= 4;
    }

    private static int bytesOf(int tag, long[] values) {
        return values.length * (type(tag) == SHORT ? 2 : 4);
    }
}
