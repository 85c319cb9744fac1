package org.ballast.spark.shard;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Reason;
import org.ballast.spark.io.Table;

/**
 * What became of a picture that was read: it has an id, or a reason.
 *
 * @param length of the file in bytes
 * @param modified with the length, what tells this picture from a later one of the same name
 * @param edge {@link PictureFiles#edge}
 * @param imageId null with a reason
 * @param reason null with an id
 * @param first true for the picture that was stored, false for one that was stored before under another name
 */
record Verdict(
        int root,
        String path,
        long length,
        long modified,
        long edge,
        String imageId,
        Reason reason,
        String message,
        boolean first) {

    static final StructType SCHEMA = new StructType()
            .add("root", DataTypes.IntegerType)
            .add("image", DataTypes.StringType)
            .add("length", DataTypes.LongType)
            .add("modified", DataTypes.LongType)
            .add("edge", DataTypes.LongType)
            .add("image_id", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType)
            .add("first", DataTypes.BooleanType);

    static final Table TABLE = new Table("verdicts", SCHEMA, List.of("root", "image"), false, false);

    Row toRow() {
        Object[] values = {
            root, path, length, modified, edge, imageId, reason == null ? null : reason.code(), message, first
        };
        return new GenericRowWithSchema(values, SCHEMA);
    }

    /** The verdicts of a task as bytes, a third of what they are as objects: the driver holds those of a whole wave. */
    static final class Packer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);

        void add(Verdict verdict) {
            try {
                out.writeInt(verdict.root);
                text(verdict.path);
                out.writeLong(verdict.length);
                out.writeLong(verdict.modified);
                out.writeLong(verdict.edge);
                out.writeBoolean(verdict.first);
                out.writeBoolean(verdict.imageId != null);
                if (verdict.imageId != null) {
                    out.write(HexFormat.of().parseHex(verdict.imageId));
                } else {
                    out.writeByte(verdict.reason.ordinal());
                    text(verdict.message);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("bytes in memory", e);
            }
        }

        byte[] packed() {
            return bytes.toByteArray();
        }

        private void text(String text) throws IOException {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            out.writeInt(utf8.length);
            out.write(utf8);
        }
    }

    static List<Verdict> unpack(byte[] packed) {
        List<Verdict> verdicts = new ArrayList<>();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(packed))) {
            while (in.available() > 0) {
                int root = in.readInt();
                String path = text(in);
                long length = in.readLong();
                long modified = in.readLong();
                long edge = in.readLong();
                boolean first = in.readBoolean();
                boolean good = in.readBoolean();
                String id = good ? HexFormat.of().formatHex(in.readNBytes(32)) : null;
                Reason reason = good ? null : Reason.values()[in.readUnsignedByte()];
                String message = good ? null : text(in);
                verdicts.add(new Verdict(root, path, length, modified, edge, id, reason, message, first));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("bytes in memory", e);
        }
        return verdicts;
    }

    private static String text(DataInputStream in) throws IOException {
        byte[] utf8 = new byte[in.readInt()];
        if (in.readNBytes(utf8, 0, utf8.length) < utf8.length) {
            throw new EOFException();
        }
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
