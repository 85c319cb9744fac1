package org.ballast.spark.shard;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * MNIST's IDX files, packed or not: {@code <name>-images-idx3-ubyte} holds grey pictures of one size, pixel by pixel, and
 * {@code <name>-labels-idx1-ubyte} beside it a class index for each. A picture becomes a PNG without compression, whose bytes are
 * the same whatever library packs. Source: "The IDX file format" on the MNIST page of Y. LeCun.
 */
final class IdxFile implements SourceRows {
    private static final Pattern PICTURES = Pattern.compile("(.+)-images[-.]idx3-ubyte(\\.gz)?");
    private static final int OF_PICTURES = 0x0803;
    private static final int OF_LABELS = 0x0801;
    private static final int MAX_SIDE = 4_096;
    /** Longest block of a deflate stream that is stored. */
    private static final int MAX_BLOCK = 65_535;

    private final String file;
    private final String name;
    private final DataInputStream labels;
    private final int count;
    private long position = -1;
    private int label;

    /**
     * The rows of a file of pictures: path and label.
     *
     * @throws AnnotationException when it is no such file, or has not as many labels
     */
    IdxFile(Configuration hadoop, String file, Path pictures) throws IOException {
        this.file = file;
        name = name(file, pictures);
        try (DataInputStream in = new DataInputStream(SourceRows.bytes(hadoop, file, pictures))) {
            count = Header.read(file, in).count;
        } catch (EOFException | ZipException e) {
            throw cut(file, e);
        }
        Path beside = labels(hadoop, pictures);
        labels = new DataInputStream(SourceRows.bytes(hadoop, file, beside));
        try {
            int magic = labels.readInt();
            int there = labels.readInt();
            if (magic != OF_LABELS || there != count) {
                throw new AnnotationException("%s has %d pictures, but %s has magic %08x and %d labels"
                        .formatted(file, count, beside.getName(), magic, there));
            }
        } catch (EOFException | ZipException e) {
            throw cut(beside.toString(), e);
        }
    }

    /** True for the name of a file of pictures. */
    static boolean isPictures(String name) {
        return PICTURES.matcher(name).matches();
    }

    private static String name(String file, Path pictures) {
        Matcher name = PICTURES.matcher(pictures.getName());
        if (!name.matches()) {
            throw new AnnotationException(
                    "%s must be called <name>-images-idx3-ubyte or <name>-images-idx3-ubyte.gz".formatted(file));
        }
        return name.group(1);
    }

    private static Path labels(Configuration hadoop, Path pictures) throws IOException {
        String beside =
                pictures.getName().replace("-images-idx3", "-labels-idx1").replace("-images.idx3", "-labels.idx1");
        Path path = new Path(pictures.getParent(), beside);
        if (!path.getFileSystem(hadoop).exists(path)) {
            throw new AnnotationException("%s has no labels beside it: %s is not there".formatted(pictures, beside));
        }
        return path;
    }

    /** Size and number of the pictures. */
    private record Header(int count, int height, int width) {
        static Header read(String file, DataInputStream in) throws IOException {
            int magic = in.readInt();
            Header header = new Header(in.readInt(), in.readInt(), in.readInt());
            if (magic != OF_PICTURES || header.count < 0 || !isSide(header.height) || !isSide(header.width)) {
                throw new AnnotationException(
                        "%s is no IDX file of pictures: magic %08x, %d pictures of %d x %d (sides 1 .. %d)"
                                .formatted(file, magic, header.count, header.width, header.height, MAX_SIDE));
            }
            return header;
        }

        private static boolean isSide(int side) {
            return side >= 1 && side <= MAX_SIDE;
        }
    }

    @Override
    public boolean advance() {
        position++;
        if (position >= count) {
            return false;
        }
        try {
            label = labels.readUnsignedByte();
            return true;
        } catch (EOFException | ZipException e) {
            throw new AnnotationException("the labels of %s end at %d of %d".formatted(file, position, count), e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the labels of " + file, e);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SourceRow row() {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        row.put(PictureSidecars.KEY, name + "/" + position);
        row.put(PictureSidecars.IMAGE, path(position));
        row.put(PictureSidecars.LABEL, label);
        return SourceRow.of(row, row.toString());
    }

    @Override
    public void close() throws IOException {
        labels.close();
    }

    private static String path(long position) {
        return position + ".png";
    }

    /** Copies the pictures of a root, each as a PNG. */
    static void copy(Configuration hadoop, ImageRoot root, PackedPictures to) throws IOException {
        try (DataInputStream in = new DataInputStream(SourceRows.bytes(hadoop, root.name(), new Path(root.uri())))) {
            Header header = Header.read(root.name(), in);
            byte[] pixels = new byte[header.height * header.width];
            for (int i = 0; i < header.count; i++) {
                try {
                    in.readFully(pixels);
                } catch (EOFException | ZipException e) {
                    throw new AnnotationException(
                            "%s ends at picture %d of %d".formatted(root.name(), i, header.count), e);
                }
                to.add(path(i), png(pixels, header.width, header.height));
            }
        }
    }

    /** A grey PNG of 8 bits, stored. */
    private static byte[] png(byte[] pixels, int width, int height) throws IOException {
        byte[] rows = new byte[height * (width + 1)];
        for (int y = 0; y < height; y++) {
            System.arraycopy(pixels, y * width, rows, y * (width + 1) + 1, width);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(rows.length + 100);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeLong(0x89504e470d0a1a0aL);
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(header);
        fields.writeInt(width);
        fields.writeInt(height);
        fields.write(new byte[] {8, 0, 0, 0, 0});
        chunk(out, "IHDR", header.toByteArray());
        chunk(out, "IDAT", stored(rows));
        chunk(out, "IEND", new byte[0]);
        return bytes.toByteArray();
    }

    /** A zlib stream of blocks that are not packed. */
    private static byte[] stored(byte[] rows) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(rows.length + 100);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(0x7801);
        for (int from = 0; from < rows.length; from += MAX_BLOCK) {
            int length = Math.min(MAX_BLOCK, rows.length - from);
            out.writeByte(from + length == rows.length ? 1 : 0);
            out.writeShort(Short.reverseBytes((short) length));
            out.writeShort(Short.reverseBytes((short) ~length));
            out.write(rows, from, length);
        }
        Adler32 sum = new Adler32();
        sum.update(rows);
        out.writeInt((int) sum.getValue());
        return bytes.toByteArray();
    }

    private static void chunk(DataOutputStream out, String type, byte[] data) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.writeInt(data.length);
        out.write(name);
        out.write(data);
        out.writeInt((int) crc.getValue());
    }

    private static AnnotationException cut(String file, IOException e) {
        return new AnnotationException("%s is no whole IDX file: %s".formatted(file, e.getMessage()), e);
    }
}
