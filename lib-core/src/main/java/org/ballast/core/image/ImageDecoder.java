package org.ballast.core.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.Locale;
import java.util.Objects;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * Bytes of a PNG, JPEG, GIF or BMP to 8-bit RGB, as Pillow's {@code Image.open(file).convert("RGB")} gives it: colour profiles and gamma are not
 * applied, 16-bit grey is clipped at 255, other 16-bit samples keep their high byte, of an animation the first frame is taken. Transparency and EXIF
 * orientation go by {@link RgbConversion}.
 */
public record ImageDecoder(ImageLimits limits, RgbConversion conversion) implements Serializable {

    public ImageDecoder {
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(conversion, "conversion");
    }

    /** The header of a picture within the limits. */
    public ImageHeader header(byte[] bytes) throws ImageRejected {
        if (bytes.length > limits.maxBytes()) {
            throw new ImageRejected(
                    Reason.TOO_LARGE, "file of " + bytes.length + " bytes, at most " + limits.maxBytes() + " are read");
        }
        ImageHeader header = ImageHeader.read(bytes);
        long pixels = (long) header.width() * header.height();
        if (Math.max(header.width(), header.height()) > limits.maxSide() || pixels > limits.maxPixels()) {
            throw new ImageRejected(
                    Reason.TOO_LARGE,
                    "%s of %d x %d pixels, at most %d a side and %d in all are read"
                            .formatted(
                                    header.format().code(),
                                    header.width(),
                                    header.height(),
                                    limits.maxSide(),
                                    limits.maxPixels()));
        }
        if (3 * pixels > Integer.MAX_VALUE - 8) {
            throw new ImageRejected(Reason.TOO_LARGE, "%d pixels do not fit one array".formatted(pixels));
        }
        return header;
    }

    /**
     * The picture's pixels. The limits are checked on the header before anything of the picture's size is allocated.
     *
     * @throws ImageRejected with a reason; never anything else for what the bytes hold
     */
    public RgbImage decode(byte[] bytes) throws ImageRejected {
        ImageHeader header = header(bytes);
        return switch (header.format()) {
            case PNG -> {
                PngChunks chunks = PngChunks.read(bytes);
                yield upright(decodePng(chunks), chunks.orientation());
            }
            case JPEG -> upright(decodeJpeg(bytes), ExifOrientation.ofJpeg(bytes));
            case GIF, BMP -> decodeOther(header, bytes);
        };
    }

    private RgbImage upright(RgbImage image, int orientation) {
        return conversion.orientation() == RgbConversion.Orientation.APPLY
                ? ExifOrientation.upright(image, orientation)
                : image;
    }

    private RgbImage decodePng(PngChunks chunks) throws ImageRejected {
        BufferedImage image = read(Format.PNG, chunks.png(), reader -> reader.read(0));
        if (image.getColorModel() instanceof IndexColorModel palette) {
            boolean grey = chunks.header().colorType() == PngChunks.GREY; // below 8 bits ImageIO makes it a palette
            return indexed(image.getRaster(), palette, grey ? chunks : null);
        }
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int colors = bands < 3 ? 1 : 3;
        boolean wide = chunks.header().bitDepth() == 16;
        boolean clipped = wide && chunks.header().colorType() == PngChunks.GREY;
        var out = new Canvas(image.getWidth(), image.getHeight());
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
        return out.image();
    }

    private RgbImage indexed(Raster raster, IndexColorModel palette, PngChunks greyChunks) {
        int[] colors = new int[palette.getMapSize()];
        palette.getRGBs(colors);
        var out = new Canvas(raster.getWidth(), raster.getHeight());
        int[] row = new int[raster.getWidth()];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getSamples(0, y, raster.getWidth(), 1, 0, row);
            for (int x = 0; x < row.length; x++) {
                int color = row[x] < colors.length ? colors[row[x]] : 0xff000000;
                boolean clear = greyChunks != null && greyChunks.isTransparent(row, x, 1);
                out.put(color >> 16 & 255, color >> 8 & 255, color & 255, clear ? 0 : color >>> 24);
            }
        }
        return out.image();
    }

    private RgbImage decodeJpeg(byte[] bytes) throws ImageRejected {
        JpegFrame frame = JpegFrame.read(bytes);
        if (!JpegFrame.hasEnd(bytes)) {
            throw new ImageRejected(Reason.TRUNCATED, "jpeg ends at byte " + bytes.length + " without its end marker");
        }
        // the raw raster: ImageIO's own conversions apply profiles, and know no CMYK
        String[] truncated = new String[1];
        Raster raw = read(Format.JPEG, bytes, reader -> {
            reader.addIIOReadWarningListener((source, warning) -> {
                String text = warning.toLowerCase(Locale.ROOT);
                if (text.contains("truncated") || text.contains("premature end")) {
                    truncated[0] = warning;
                }
            });
            return reader.readRaster(0, null);
        });
        if (truncated[0] != null) {
            throw new ImageRejected(Reason.TRUNCATED, "jpeg: " + truncated[0]);
        }
        return frame.toRgb(raw);
    }

    private RgbImage decodeOther(ImageHeader header, byte[] bytes) throws ImageRejected {
        BufferedImage image = read(header.format(), bytes, reader -> {
            // a GIF's frame has a size of its own
            return reader.getWidth(0) == header.width() && reader.getHeight(0) == header.height()
                    ? reader.read(0)
                    : null;
        });
        if (image == null) {
            throw new ImageRejected(
                    Reason.UNSUPPORTED, header.format().code() + " whose first frame does not fill its screen");
        }
        if (image.getColorModel() instanceof IndexColorModel palette) {
            return indexed(image.getRaster(), palette, null);
        }
        var out = new Canvas(image.getWidth(), image.getHeight());
        for (int y = 0; y < image.getHeight(); y++) {
            for (int color : image.getRGB(0, y, image.getWidth(), 1, null, 0, image.getWidth())) {
                out.put(color >> 16 & 255, color >> 8 & 255, color & 255, color >>> 24);
            }
        }
        return out.image();
    }

    private interface Read<T> {
        T from(ImageReader reader) throws IOException;
    }

    private static <T> T read(Format format, byte[] bytes, Read<T> read) throws ImageRejected {
        ImageReader reader = jdkReader(format);
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(in, true, true);
            return read.from(reader);
        } catch (IOException | RuntimeException e) { // ImageIO's readers answer broken bytes with either
            throw ImageHeader.unreadable(format, e);
        } finally {
            reader.dispose();
        }
    }

    /** The JDK's own reader: another one on the class path may decode a JPEG differently in the last bit. */
    private static ImageReader jdkReader(Format format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.code());
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
                return reader;
            }
        }
        throw new IllegalStateException("this Java runtime has no " + format.code() + " reader");
    }

    /** Takes pixels in order and composites each on white, or drops its alpha. */
    private final class Canvas {
        private static final int SHIFT = 7; // as libImaging/AlphaComposite.c

        private final int width;
        private final int height;
        private final byte[] rgb;
        private int at;

        Canvas(int width, int height) {
            this.width = width;
            this.height = height;
            rgb = new byte[3 * width * height];
        }

        void put(int red, int green, int blue, int opacity) {
            rgb[at++] = over(red, opacity);
            rgb[at++] = over(green, opacity);
            rgb[at++] = over(blue, opacity);
        }

        private byte over(int sample, int opacity) {
            if (conversion.alpha() == AlphaMode.DROP || opacity == 255) {
                return (byte) sample;
            }
            int sum = (sample * opacity + 255 * (255 - opacity) << SHIFT) + (128 << SHIFT);
            return (byte) ((sum >> 8) + sum >> 8 >> SHIFT);
        }

        RgbImage image() {
            return new RgbImage(width, height, rgb);
        }
    }
}
