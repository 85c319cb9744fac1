package org.ballast.core.image;

import java.awt.Rectangle;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Locale;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;

/** A decoded JPEG: the raw samples, for ImageIO's own conversions apply profiles and know no CMYK. */
record JpegPicture(JpegFrame frame, Raster raw) implements DecodedPicture {

    static JpegPicture decode(byte[] bytes) throws ImageRejected {
        return decode(bytes, JpegFrame.read(bytes));
    }

    /** @param frame that of the bytes, with the colour space to take its samples for */
    static JpegPicture decode(byte[] bytes, JpegFrame frame) throws ImageRejected {
        return new JpegPicture(frame, read(bytes, frame, null));
    }

    /** Whether a picture decodes: the verdict of {@link #decode(byte[])}, without its samples. */
    static void check(byte[] bytes) throws ImageRejected {
        JpegFrame frame = JpegFrame.read(bytes);
        if (JpegScan.isWhole(bytes)) {
            ImageIoReaders.read(Format.JPEG, bytes, reader -> requireSize(reader, frame));
        } else {
            // libjpeg decodes all lines on its way to the last
            read(bytes, frame, new Rectangle(0, frame.height() - 1, frame.width(), 1));
        }
    }

    /** @param region what is kept; null for all */
    private static Raster read(byte[] bytes, JpegFrame frame, Rectangle region) throws ImageRejected {
        if (!JpegFrame.hasEnd(bytes)) {
            throw new ImageRejected(Reason.TRUNCATED, "jpeg ends at byte " + bytes.length + " without its end marker");
        }
        int scans = JpegFrame.scans(bytes);
        if (scans > JpegFrame.MOST_SCANS) {
            // each passes over the whole picture, however few bytes it has
            throw new ImageRejected(Reason.UNSUPPORTED, "jpeg of " + scans + " scans");
        }
        String[] truncated = new String[1];
        Raster raw = ImageIoReaders.read(Format.JPEG, bytes, reader -> {
            reader.addIIOReadWarningListener((source, warning) -> {
                String text = warning.toLowerCase(Locale.ROOT);
                if (text.contains("truncated") || text.contains("premature end")) {
                    truncated[0] = warning;
                }
            });
            requireSize(reader, frame);
            ImageReadParam wanted = reader.getDefaultReadParam();
            wanted.setSourceRegion(region);
            return reader.readRaster(0, wanted);
        });
        if (truncated[0] != null) {
            throw new ImageRejected(Reason.TRUNCATED, "jpeg: " + truncated[0]);
        }
        return raw;
    }

    /** Lets libjpeg read the headers. */
    private static Void requireSize(ImageReader reader, JpegFrame frame) throws IOException {
        if (reader.getWidth(0) != frame.width() || reader.getHeight(0) != frame.height()) {
            throw new IllegalStateException("libjpeg reads %d x %d, the frame header says %d x %d"
                    .formatted(reader.getWidth(0), reader.getHeight(0), frame.width(), frame.height()));
        }
        return null;
    }

    @Override
    public RgbImage toRgb(AlphaMode alpha) {
        return frame.toRgb(raw);
    }
}
