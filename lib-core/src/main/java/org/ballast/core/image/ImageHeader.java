package org.ballast.core.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.ballast.core.image.ImageRejected.Reason;

/** What the first bytes of a picture say, read without decoding it and without allocating anything of its size. */
public record ImageHeader(Format format, int width, int height) implements Serializable {

    /** The formats that are read. */
    public enum Format {
        PNG,
        JPEG,
        GIF,
        BMP;

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
        int[] size =
                switch (format) {
                    case PNG -> {
                        PngChunks.Header header = PngChunks.header(bytes);
                        yield new int[] {header.width(), header.height()};
                    }
                    case JPEG -> {
                        JpegFrame frame = JpegFrame.read(bytes);
                        yield new int[] {frame.width(), frame.height()};
                    }
                    case GIF -> {
                        ByteBuffer header = littleEndian(bytes, 10, format);
                        yield new int[] {header.getShort(6) & 0xffff, header.getShort(8) & 0xffff};
                    }
                    case BMP -> bmpSize(bytes);
                };
        if (size[0] < 1 || size[1] < 1) {
            throw new ImageRejected(Reason.CORRUPT, format.code() + " header says " + size[0] + " x " + size[1]);
        }
        return new ImageHeader(format, size[0], size[1]);
    }

    private static int[] bmpSize(byte[] bytes) throws ImageRejected {
        ByteBuffer header = littleEndian(bytes, 26, Format.BMP);
        int headerSize = header.getInt(14);
        if (headerSize == 12) {
            return new int[] {header.getShort(18) & 0xffff, header.getShort(20) & 0xffff};
        }
        int compression = littleEndian(bytes, 34, Format.BMP).getInt(30);
        if (compression < 0 || compression > 3) {
            // 4 and 5 embed a JPEG or a PNG with a size of its own, past the limits
            throw new ImageRejected(Reason.UNSUPPORTED, "bmp with compression " + compression);
        }
        int height = header.getInt(22); // negative: rows from the top
        return new int[] {header.getInt(18), height == Integer.MIN_VALUE ? 0 : Math.abs(height)};
    }

    private static ByteBuffer littleEndian(byte[] bytes, int atLeast, Format format) throws ImageRejected {
        if (bytes.length < atLeast) {
            throw new ImageRejected(
                    Reason.TRUNCATED, format.code() + " ends in its header, after " + bytes.length + " bytes");
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
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
        String other = start.startsWith("RIFF") && start.startsWith("WEBP", 8)
                ? "webp"
                : start.startsWith("II*\0") || start.startsWith("MM\0*")
                        ? "tiff"
                        : start.startsWith("ftyp", 4) ? "heif or avif" : start.startsWith("8BPS") ? "psd" : null;
        if (other != null) {
            throw new ImageRejected(Reason.UNSUPPORTED, other + " is not read; png, jpeg, gif and bmp are");
        }
        throw new ImageRejected(Reason.NOT_AN_IMAGE, "no picture starts with " + printable(start));
    }

    private static String printable(String start) {
        var text = new StringBuilder("'");
        start.chars().forEach(c -> text.append(c >= ' ' && c < 127 ? (char) c : '.'));
        return text.append('\'').toString();
    }

    /** How a reader's complaint is filed: an end before the picture's is {@code TRUNCATED}, all else {@code CORRUPT}. */
    static ImageRejected unreadable(Format format, Exception cause) {
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
