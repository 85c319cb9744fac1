package org.ballast.core.image;

import java.awt.image.Raster;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * The first page of a TIFF, decoded to its raw samples. What makes them colours is done here, as Pillow does it: 16-bit grey is clipped at 255, other 16-bit
 * samples keep their high byte, inks are multiplied with their black, profiles are not applied.
 *
 * @param colors 16-bit values of the palette, reds then greens then blues; null without one
 */
@SuppressWarnings("ArrayRecordComponent")
record TiffPicture(TiffLayout layout, long[] colors, Raster raw) implements DecodedPicture {
    private static final int PREMULTIPLIED = 1;

    /** @param page within the limits */
    static DecodedPicture decode(byte[] bytes, TiffPage page) throws ImageRejected {
        TiffLayout layout = TiffLayout.of(page);
        if (layout.compression() == TiffLayout.JPEG) {
            return TiffJpeg.decode(bytes, page, layout);
        }
        long[] colors = null;
        if (layout.photometric() == TiffLayout.PALETTE) {
            colors = page.directory().values(TiffPage.COLOR_MAP, 3L << layout.bits());
            if (colors.length != 3 << layout.bits()) {
                throw new ImageRejected(
                        Reason.CORRUPT,
                        "tiff with a palette of " + colors.length + " values for " + layout.bits() + " bits");
            }
        }
        byte[] plain = TiffRewrite.rawSamples(bytes, page, layout);
        Raster raw = ImageIoReaders.read(Format.TIFF, plain, reader -> {
            Raster read = reader.read(0).getRaster();
            if (read.getWidth() != layout.width()
                    || read.getHeight() != layout.height()
                    || read.getNumBands() < Math.min(4, layout.samples())) {
                throw new IllegalStateException("it is read as %d x %d of %d samples"
                        .formatted(read.getWidth(), read.getHeight(), read.getNumBands()));
            }
            return read;
        });
        return new TiffPicture(layout, colors, raw);
    }

    @Override
    public RgbImage toRgb(AlphaMode alpha) {
        var out = new Canvas(layout.width(), layout.height(), alpha);
        int bands = raw.getNumBands();
        int alphaBand = alphaBand(bands);
        int[] row = new int[bands * layout.width()];
        for (int y = 0; y < layout.height(); y++) {
            raw.getPixels(0, y, layout.width(), 1, row);
            for (int from = 0; from < row.length; from += bands) {
                int opacity = alphaBand < 0 ? 255 : eightBits(row[from + alphaBand]);
                switch (layout.photometric()) {
                    case TiffLayout.RGB -> out.put(
                            color(row[from], opacity),
                            color(row[from + 1], opacity),
                            color(row[from + 2], opacity),
                            opacity);
                    case TiffLayout.CMYK -> {
                        int black = 255 - eightBits(row[from + 3]);
                        out.put(
                                inked(row[from], black),
                                inked(row[from + 1], black),
                                inked(row[from + 2], black),
                                opacity);
                    }
                    case TiffLayout.PALETTE -> {
                        int index = row[from];
                        int size = colors.length / 3;
                        out.put(
                                (int) colors[index] >> 8,
                                (int) colors[size + index] >> 8,
                                (int) colors[2 * size + index] >> 8,
                                opacity);
                    }
                    default -> {
                        int grey = grey(row[from], opacity);
                        out.put(grey, grey, grey, opacity);
                    }
                }
            }
        }
        return out.image();
    }

    /** The band that holds the alpha, -1 for none. An RGB picture of four samples that names none has one all the same, as in Pillow. */
    private int alphaBand(int bands) {
        int colorBands = TiffLayout.colors(layout.photometric());
        boolean first = layout.extra().length > 0 ? layout.extra()[0] != 0 : layout.photometric() == TiffLayout.RGB;
        return layout.photometric() != TiffLayout.CMYK && first && bands > colorBands ? colorBands : -1;
    }

    private int grey(int sample, int opacity) {
        if (layout.bits() == 16) {
            return Math.min(255, sample);
        }
        int grey = sample * (255 / ((1 << layout.bits()) - 1));
        return layout.photometric() == TiffLayout.WHITE_IS_ZERO ? 255 - grey : color(grey, opacity);
    }

    private int color(int sample, int opacity) {
        int value = eightBits(sample);
        if (opacity == 255 || layout.extra().length == 0 || layout.extra()[0] != PREMULTIPLIED) {
            return value;
        }
        return opacity == 0 ? 0 : Math.min(255, value * 255 / opacity);
    }

    private int eightBits(int sample) {
        return layout.bits() == 16 ? sample >> 8 : sample;
    }

    /** Pillow's k - c k / 255. */
    private int inked(int ink, int black) {
        int product = eightBits(ink) * black + 128;
        return Math.max(0, black - ((product >> 8) + product >> 8));
    }
}
