package org.ballast.core.image;

import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;

/** The first frame of a GIF on its screen, which is filled with the transparent colour, or the first one, where the frame leaves it free. */
record GifPicture(GifFile file, IndexColorModel palette, Raster frame) implements DecodedPicture {

    static GifPicture decode(byte[] bytes) throws ImageRejected {
        GifFile file = GifFile.read(bytes);
        var frame = ImageIoReaders.read(Format.GIF, bytes, reader -> {
            if (reader.getWidth(0) != file.frameWidth() || reader.getHeight(0) != file.frameHeight()) {
                throw new IllegalStateException("the frame is read as " + reader.getWidth(0) + " x "
                        + reader.getHeight(0) + ", its header says " + file.frameWidth() + " x " + file.frameHeight());
            }
            return reader.read(0);
        });
        if (!(frame.getColorModel() instanceof IndexColorModel palette)) {
            throw new ImageRejected(Reason.CORRUPT, "gif without a palette");
        }
        return new GifPicture(file, palette, frame.getRaster());
    }

    @Override
    public RgbImage toRgb(AlphaMode alpha) {
        int[] colors = new int[palette.getMapSize()];
        palette.getRGBs(colors);
        int background = color(colors, Math.max(0, file.transparent()));
        var out = new Canvas(file.width(), file.height(), alpha);
        int[] row = new int[file.frameWidth()];
        for (int y = 0; y < file.height(); y++) {
            boolean inside = y >= file.top() && y < file.top() + file.frameHeight();
            if (inside) {
                frame.getSamples(0, y - file.top(), row.length, 1, 0, row);
            }
            for (int x = 0; x < file.width(); x++) {
                int at = x - file.left();
                out.put(inside && at >= 0 && at < row.length ? color(colors, row[at]) : background);
            }
        }
        return out.image();
    }

    private static int color(int[] colors, int index) {
        return index < colors.length ? colors[index] : 0xff000000;
    }
}
