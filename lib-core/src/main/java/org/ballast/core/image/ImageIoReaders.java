package org.ballast.core.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.ballast.core.image.ImageHeader.Format;

/** Runs ImageIO's readers on bytes in memory. Which reader decodes a format is fixed here, whatever else is registered on the class path. */
final class ImageIoReaders {
    private ImageIoReaders() {}

    /** What is asked of a reader whose input is set. */
    interface Read<T> {
        T from(ImageReader reader) throws IOException;
    }

    /** @throws ImageRejected for whatever the reader throws: they answer broken bytes with exceptions of many kinds, and with failed assertions */
    static <T> T read(Format format, byte[] bytes, Read<T> read) throws ImageRejected {
        ImageReader reader = reader(format);
        try (ImageInputStream in = new ByteArrayImageInputStream(bytes)) {
            reader.setInput(in, true, true);
            return read.from(reader);
        } catch (IOException | RuntimeException | AssertionError e) {
            throw ImageHeader.unreadable(format, e);
        } finally {
            reader.dispose();
        }
    }

    private static ImageReader reader(Format format) {
        return switch (format) {
            case PNG, JPEG, GIF, BMP -> jdkReader(format);
                // by class, not from the registry: it holds what the loader of the first caller saw
            case TIFF -> new TIFFImageReaderSpi().createReaderInstance(null);
            case WEBP -> throw new IllegalArgumentException("no reader of ImageIO decodes webp");
        };
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
}
