package org.ballast.core.image;

import java.awt.image.Raster;
import java.util.Arrays;
import org.ballast.core.image.ImageRejected.Reason;

/** A TIFF whose strips or tiles are JPEG streams, each decoded as a JPEG file is; the tables that they share stand in a tag. */
final class TiffJpeg {
    private static final int MARKER = 2;

    private TiffJpeg() {}

    static DecodedPicture decode(byte[] bytes, TiffPage page, TiffLayout layout) throws ImageRejected {
        byte[] tables = tables(bytes, page.directory());
        var rgb = new byte[3 * layout.width() * layout.height()];
        int across = (layout.width() + layout.blockWidth() - 1) / layout.blockWidth();
        for (int i = 0; i < layout.offsets().length; i++) {
            int left = i % across * layout.blockWidth();
            int top = i / across * layout.blockHeight();
            RgbImage block = block(bytes, tables, layout, i);
            int width = Math.min(layout.blockWidth(), layout.width() - left);
            int height = Math.min(layout.blockHeight(), layout.height() - top);
            if (block.width() < width || block.height() < height) {
                throw new ImageRejected(
                        Reason.CORRUPT,
                        "tiff strip or tile %d holds a jpeg of %d x %d".formatted(i, block.width(), block.height()));
            }
            for (int y = 0; y < height; y++) {
                System.arraycopy(
                        block.rgb(), 3 * y * block.width(), rgb, 3 * ((top + y) * layout.width() + left), 3 * width);
            }
        }
        RgbImage whole = new RgbImage(layout.width(), layout.height(), rgb);
        return alpha -> whole;
    }

    private static RgbImage block(byte[] bytes, byte[] tables, TiffLayout layout, int index) throws ImageRejected {
        int from = (int) layout.offsets()[index];
        int end = from + (int) layout.lengths()[index];
        if (end - from < MARKER || (bytes[from] & 255) != 0xff || (bytes[from + 1] & 255) != 0xd8) {
            throw new ImageRejected(Reason.CORRUPT, "tiff strip or tile " + index + " holds no jpeg");
        }
        byte[] jpeg = Arrays.copyOf(tables, tables.length + end - from - MARKER);
        System.arraycopy(bytes, from + MARKER, jpeg, tables.length, end - from - MARKER);
        JpegFrame frame = JpegFrame.read(jpeg);
        if (frame.width() > roundUp(layout.blockWidth()) || frame.height() > roundUp(layout.blockHeight())) {
            throw new ImageRejected(
                    Reason.CORRUPT,
                    "tiff with %s of %d x %d holds a jpeg of %d x %d"
                            .formatted(
                                    layout.tiled() ? "tiles" : "strips",
                                    layout.blockWidth(),
                                    layout.blockHeight(),
                                    frame.width(),
                                    frame.height()));
        }
        JpegFrame.ColorSpace space =
                switch (layout.photometric()) {
                    case TiffLayout.YCC -> JpegFrame.ColorSpace.YCC;
                    case TiffLayout.RGB -> JpegFrame.ColorSpace.RGB;
                    default -> JpegFrame.ColorSpace.GREY;
                };
        Raster raw = JpegPicture.decode(jpeg, frame).raw();
        if (raw.getNumBands() != layout.samples()) {
            throw new ImageRejected(
                    Reason.CORRUPT,
                    "tiff of %d samples holds a jpeg of %d".formatted(layout.samples(), raw.getNumBands()));
        }
        return new JpegFrame(frame.width(), frame.height(), space).toRgb(raw);
    }

    private static int roundUp(int side) {
        return (side + 15) / 16 * 16;
    }

    /** The start of each stream: its marker, and the shared tables without their own start and end. */
    private static byte[] tables(byte[] bytes, TiffDirectory tags) throws ImageRejected {
        byte[] start = {(byte) 0xff, (byte) 0xd8};
        if (!tags.has(TiffPage.JPEG_TABLES)) {
            return start;
        }
        long[] range = tags.range(TiffPage.JPEG_TABLES);
        int from = (int) range[0];
        int end = from + (int) range[1];
        if (end - from < 2 * MARKER || (bytes[end - 2] & 255) != 0xff || (bytes[end - 1] & 255) != 0xd9) {
            throw new ImageRejected(Reason.CORRUPT, "tiff with " + range[1] + " bytes that are no jpeg tables");
        }
        byte[] tables = Arrays.copyOfRange(bytes, from, end - MARKER);
        System.arraycopy(start, 0, tables, 0, MARKER);
        return tables;
    }
}
