package org.ballast.core.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.ballast.core.image.ImageHeader.Format;

/** RGB rasters to files, by the JDK's own writers: the same picture gives the same bytes, whatever else is registered on the class path. */
final class ImageEncoder {
    private static final float JPEG_QUALITY = 0.95f;

    private ImageEncoder() {}

    /** @param format one that the JDK writes: PNG, JPEG, BMP or TIFF */
    static byte[] encode(RgbImage image, Format format) {
        ImageWriter writer = jdkWriter(format);
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            if (format == Format.JPEG || format == Format.TIFF) {
                param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            }
            if (format == Format.JPEG) {
                param.setCompressionQuality(JPEG_QUALITY);
            } else if (format == Format.TIFF) {
                param.setCompressionType("Deflate");
            }
            writer.setOutput(out);
            writer.write(null, new IIOImage(buffered(image), null, null), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static BufferedImage buffered(RgbImage image) {
        var buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        int[] row = new int[image.width()];
        byte[] rgb = image.rgb();
        for (int y = 0, at = 0; y < image.height(); y++) {
            for (int x = 0; x < row.length; x++, at += 3) {
                row[x] = (rgb[at] & 255) << 16 | (rgb[at + 1] & 255) << 8 | rgb[at + 2] & 255;
            }
            buffered.setRGB(0, y, row.length, 1, row, 0, row.length);
        }
        return buffered;
    }

    private static ImageWriter jdkWriter(Format format) {
        Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName(format.code());
        while (writers.hasNext()) {
            ImageWriter writer = writers.next();
            if (writer.getClass().getName().startsWith("com.sun.imageio.")) {
                return writer;
            }
        }
        throw new IllegalStateException("this Java runtime has no " + format.code() + " writer");
    }
}
