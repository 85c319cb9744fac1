package org.ballast.core.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Picture files put together byte by byte, sound ones and others. */
final class PictureBytes {
    private PictureBytes() {}

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    static byte[] text(String latin) {
        return latin.getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] join(byte[]... parts) {
        var out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /** The bytes with others in place of some. */
    static byte[] with(byte[] original, int at, int... values) {
        byte[] changed = original.clone();
        System.arraycopy(bytes(values), 0, changed, at, values.length);
        return changed;
    }

    static byte[] shorts(int... values) {
        ByteBuffer out = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            out.putShort((short) value);
        }
        return out.array();
    }

    static byte[] ints(int... values) {
        ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            out.putInt(value);
        }
        return out.array();
    }

    static byte[] deflated(byte[] plain) {
        var deflater = new Deflater();
        deflater.setInput(plain);
        deflater.finish();
        var out = new ByteArrayOutputStream();
        byte[] block = new byte[4096];
        while (!deflater.finished()) {
            out.write(block, 0, deflater.deflate(block));
        }
        deflater.end();
        return out.toByteArray();
    }

    static byte[] chunk(String type, byte[] data) {
        ByteBuffer chunk = ByteBuffer.allocate(12 + data.length).putInt(data.length);
        chunk.put(text(type)).put(data);
        var crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + data.length);
        return chunk.putInt((int) crc.getValue()).array();
    }

    static byte[] pngHeader(int width, int height, int depth, int color, int compression, int interlace) {
        return chunk(
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put(bytes(depth, color, compression, 0, interlace))
                        .array());
    }

    static byte[] png(byte[]... chunks) {
        return join(bytes(0x89, 'P', 'N', 'G', 13, 10, 26, 10), join(chunks), chunk("IEND", new byte[0]));
    }

    /** A grey PNG of zeros. */
    static byte[] png(int width, int height) {
        return png(pngHeader(width, height, 8, 0, 0, 0), chunk("IDAT", deflated(new byte[(width + 1) * height])));
    }

    /** {@code JFIF} marker segment with its length. */
    static byte[] segment(int marker, byte[] body) {
        return join(bytes(0xff, marker, body.length + 2 >> 8, body.length + 2), body);
    }

    static byte[] jpegFrame(int marker, int precision, int width, int height, int components) {
        byte[] body = new byte[6 + 3 * components];
        ByteBuffer.wrap(body)
                .put((byte) precision)
                .putShort((short) height)
                .putShort((short) width)
                .put((byte) components);
        for (int i = 0; i < components; i++) {
            body[6 + 3 * i] = (byte) (i + 1);
            body[7 + 3 * i] = 0x11;
        }
        return segment(marker, body);
    }

    static byte[] jpeg(byte[]... segments) {
        return join(bytes(0xff, 0xd8), join(segments), bytes(0xff, 0xd9));
    }

    /** A whole grey JPEG of 8 x 8 with the smallest of tables: one Huffman code of one bit for each kind. */
    static byte[] greyJpeg(byte[]... before) {
        byte[] quantizers = filled(65, 1);
        quantizers[0] = 0;
        byte[] table = new byte[18];
        table[1] = 1;
        byte[] alternating = table.clone();
        alternating[0] = 0x10;
        return jpeg(
                join(before),
                segment(0xdb, quantizers),
                jpegFrame(0xc0, 8, 8, 8, 1),
                segment(0xc4, table),
                segment(0xc4, alternating),
                segment(0xda, bytes(1, 1, 0, 0, 63, 0)),
                bytes(0x3f));
    }

    static byte[] riff(byte[]... chunks) {
        byte[] body = join(text("WEBP"), join(chunks));
        return join(text("RIFF"), ints(body.length), body);
    }

    static byte[] riffChunk(String name, byte[] payload) {
        return join(text(name), ints(payload.length), payload, new byte[payload.length & 1]);
    }

    static byte[] webpCanvas(int flags, int width, int height) {
        return riffChunk("VP8X", join(ints(flags), threeBytes(width - 1), threeBytes(height - 1)));
    }

    static byte[] threeBytes(int value) {
        return bytes(value, value >> 8, value >> 16);
    }

    /** The signature, size and version of a lossless stream. */
    static byte[] losslessHeader(int width, int height, int version) {
        return join(bytes(0x2f), ints(width - 1 | height - 1 << 14 | version << 29));
    }

    /** A little-endian TIFF whose directory stands at byte 8 and whose data behind it. Values of the type LONG. */
    static byte[] tiff(Map<Integer, long[]> tags, byte[] data) {
        var sorted = new TreeMap<>(tags);
        int outside = 8 + 2 + 12 * sorted.size() + 4;
        int size = outside
                + sorted.values().stream()
                        .mapToInt(v -> v.length > 1 ? 4 * v.length : 0)
                        .sum();
        ByteBuffer out = ByteBuffer.allocate(size + data.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(text("II*\0")).putInt(8).putShort((short) sorted.size());
        for (var tag : sorted.entrySet()) {
            long[] values = tag.getValue();
            out.putShort(tag.getKey().shortValue()).putShort((short) 4).putInt(values.length);
            if (values.length == 1) {
                out.putInt((int) values[0]);
            } else {
                out.putInt(outside);
                for (long value : values) {
                    out.putInt(outside, (int) value);
                    outside += 4;
                }
            }
        }
        out.position(size);
        return out.put(data).array();
    }
}
