package org.ballast.core.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import org.ballast.core.image.ImageHeader.Format;

/** A decoded PNG. 16-bit grey is clipped at 255, other 16-bit samples keep their high byte. */
record PngPicture(PngChunks chunks, BufferedImage image) implements DecodedPicture {

    static PngPicture decode(PngChunks chunks) throws ImageRejected {
        return new PngPicture(chunks, ImageIoReaders.read(Format.PNG, chunks.png(), reader -> reader.read(0)));
    }

    @Override
    public RgbImage toRgb(AlphaMode alpha) {
        var out = new Canvas(image.getWidth(), image.getHeight(), alpha);
        if (image.getColorModel() instanceof IndexColorModel palette) {
            indexed(palette, out);
        } else {
            samples(out);
        }
        return out.image();
    }

    private void samples(Canvas out) {
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int colors = bands < 3 ? 1 : 3;
        boolean wide = chunks.header().bitDepth() == 16;
        boolean clipped = wide && chunks.header().colorType() == PngChunks.GREY;
        int[] row = new int[bands * image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            raster.getPixels(0, y, image.getWidth(), 1, row);
            for (int from = 0; from < row.length; from += bands) {
                int opacity = 255;
                if (bands > colors) {
                    opacity = wide ? row[from + colors] >> 8 : row[from + colors];
                } else if (chunks.isTransparent(row, from, colors)) {
                    opacity = 0;
                }
                for (int i = from; i < from + colors; i++) {
                    row[i] = clipped ? Math.min(255, row[i]) : wide ? row[i] >> 8 : row[i];
                }
                int last = from + colors - 1;
                out.put(row[from], row[Math.min(from + 1, last)], row[last], opacity);
            }
        }
    }

    private void indexed(IndexColorModel palette, Canvas out) {
        boolean grey = chunks.header().colorType() == PngChunks.GREY; // below 8 bits ImageIO makes it a palette
        int[] colors = new int[palette.getMapSize()];
        palette.getRGBs(colors);
        int[] row = new int[image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRaster().getSamples(0, y, row.length, 1, 0, row);
            for (int x = 0; x < row.length; x++) {
                int color = row[x] < colors.length ? colors[row[x]] : 0xff000000;
                boolean clear = grey && chunks.isTransparent(row, x, 1);
                out.put(clear ? color & 0xffffff : color);
            }
        }
    }
}
