package org.ballast.core.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import org.ballast.core.image.ImageHeader.Format;

/** Runs ImageIO's readers on bytes in memory. Which reader decodes a format is fixed here, whatever else is registered on the class path. */
final class ImageIoReaders {
    /** The registry goes through all its providers at each look-up. */
    private static final Map<Format, ImageReaderSpi> JDK_PROVIDERS = new ConcurrentHashMap<>();

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
        try {
            return newReader(format);
        } catch (IOException e) {
            throw new UncheckedIOException("the reader of " + format.code() + " does not start", e);
        }
    }

    private static ImageReader newReader(Format format) throws IOException {
        return switch (format) {
            case PNG, JPEG, GIF, BMP -> JDK_PROVIDERS
                    .computeIfAbsent(format, ImageIoReaders::jdkProvider)
                    .createReaderInstance();
                // by class, not from the registry: it holds what the loader of the first caller saw
            case TIFF -> new TIFFImageReaderSpi().createReaderInstance(null);
            case WEBP -> throw new IllegalArgumentException("no reader of ImageIO decodes webp");
        };
    }

    /** The JDK's own reader: another one on the class path may decode a JPEG differently in the last bit. */
    private static ImageReaderSpi jdkProvider(Format format) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.code());
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getName().startsWith("com.sun.imageio.")) {
                return reader.getOriginatingProvider();
            }
        }
        throw new IllegalStateException("this Java runtime has no " + format.code() + " reader");
    }
}
