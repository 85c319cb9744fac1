package org.ballast.core.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.ballast.core.image.ImageRejected.Reason;

/**
 * What the header of a picture says, read without decoding it and without allocating anything of its size.
 *
 * @param width pixels as stored, before any EXIF rotation; of an animation, those of its canvas
 * @param height likewise
 */
public record ImageHeader(Format format, int width, int height) implements Serializable {

    /** The formats that are read. */
    public enum Format {
        PNG,
        JPEG,
        GIF,
        BMP,
        WEBP,
        TIFF;

        /** The name as it stands in the column {@code format} and as ImageIO knows it: {@code png}, {@code jpeg} ... */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public ImageHeader {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("a picture of " + width + " x " + height);
        }
    }

    /**
     * The header of a file's bytes.
     *
     * @throws ImageRejected if they are empty, no picture, of a format or variant that is not read, or end within the header
     */
    public static ImageHeader read(byte[] bytes) throws ImageRejected {
        Format format = format(bytes);
        return switch (format) {
            case PNG -> {
                PngChunks.Header png = PngChunks.header(bytes);
                yield of(format, png.width(), png.height());
            }
            case JPEG -> {
                JpegFrame jpeg = JpegFrame.read(bytes);
                yield of(format, jpeg.width(), jpeg.height());
            }
            case GIF -> {
                GifFile gif = GifFile.read(bytes);
                yield of(format, gif.width(), gif.height());
            }
            case BMP -> {
                BmpFile bmp = BmpFile.read(bytes);
                yield of(format, bmp.width(), bmp.height());
            }
            case WEBP -> {
                WebpFile webp = WebpFile.read(bytes);
                yield of(format, webp.width(), webp.height());
            }
            case TIFF -> {
                TiffPage tiff = TiffPage.read(bytes);
                yield of(format, tiff.width(), tiff.height());
            }
        };
    }

    private static ImageHeader of(Format format, long width, long height) throws ImageRejected {
        if (width < 1 || height < 1 || width > Integer.MAX_VALUE || height > Integer.MAX_VALUE) {
            throw new ImageRejected(Reason.CORRUPT, format.code() + " header says " + width + " x " + height);
        }
        return new ImageHeader(format, (int) width, (int) height);
    }

    private static Format format(byte[] bytes) throws ImageRejected {
        if (bytes.length == 0) {
            throw new ImageRejected(Reason.EMPTY, "no bytes");
        }
        String start = new String(bytes, 0, Math.min(16, bytes.length), StandardCharsets.ISO_8859_1);
        if (start.startsWith("\u0089PNG\r\n\u001a\n")) {
            return Format.PNG;
        }
        if (start.startsWith("\u00ff\u00d8\u00ff")) {
            return Format.JPEG;
        }
        if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) {
            return Format.GIF;
        }
        if (start.startsWith("BM")) {
            return Format.BMP;
        }
        if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) {
            return Format.WEBP;
        }
        if (start.startsWith("II*\0") || start.startsWith("MM\0*")) {
            return Format.TIFF;
        }
        String other = start.startsWith("II+\0") || start.startsWith("MM\0+")
                ? "BigTIFF"
                : start.startsWith("ftyp", 4) ? "heif or avif" : start.startsWith("8BPS") ? "psd" : null;
        if (other != null) {
            throw new ImageRejected(Reason.UNSUPPORTED, other + " is not read; png, jpeg, gif, bmp, webp and tiff are");
        }
        throw new ImageRejected(Reason.NOT_AN_IMAGE, "no picture starts with " + printable(start));
    }

    private static String printable(String start) {
        var text = new StringBuilder("'");
        start.chars().forEach(c -> text.append(c >= ' ' && c < 127 ? (char) c : '.'));
        return text.append('\'').toString();
    }

    /** How a reader's complaint is filed: an end before the picture's is {@code TRUNCATED}, all else {@code CORRUPT}. */
    static ImageRejected unreadable(Format format, Throwable cause) {
        for (Throwable e = cause; e != null; e = e.getCause()) {
            if (e instanceof EOFException) {
                return new ImageRejected(Reason.TRUNCATED, format.code() + " ends before its picture does", cause);
            }
        }
        String kind = cause instanceof IOException ? "" : cause.getClass().getSimpleName() + ": ";
        return new ImageRejected(
                Reason.CORRUPT, format.code() + " cannot be decoded: " + kind + cause.getMessage(), cause);
    }
}
