package org.ballast.spark.shard;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageHeader;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.RgbConversion;
import org.ballast.spark.io.Table;
import org.ballast.spark.picture.PictureFolder;
import org.ballast.spark.rows.ImageRows;

/**
 * One picture from its root, checked, as a row of {@link #TABLE}: either a picture or a reason. What is wrong with a
 * picture is data; a failing file system is not, and propagates.
 */
final class PictureReader implements AutoCloseable {
    static final StructType SCHEMA = new StructType()
            .add("root", DataTypes.IntegerType)
            .add("path", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("image", ImageRows.IMAGE)
            .add("width", DataTypes.IntegerType)
            .add("height", DataTypes.IntegerType)
            .add("format", DataTypes.StringType)
            .add("bytes", DataTypes.LongType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType);

    static final Table TABLE = new Table("pictures", SCHEMA, List.of("root", "path"), false, true);

    /** What the executors need to know. */
    record Settings(List<ImageRoot> roots, ImageLimits limits, boolean decode) implements Serializable {}

    private final Settings settings;
    private final ImageDecoder decoder;
    private final Configuration hadoop;
    private final Map<Integer, FSDataInputStream> archives = new HashMap<>();

    PictureReader(Settings settings, Configuration hadoop) {
        this.settings = settings;
        this.hadoop = hadoop;
        this.decoder = new ImageDecoder(settings.limits(), RgbConversion.TRANSFORMERS);
    }

    /**
     * Reads a picture.
     *
     * @param path normalised, below the root
     * @param offset in a tar, null when the tar has no such file or the root is a folder
     * @param length in bytes, null as {@code offset}
     */
    Row read(int root, String path, Long offset, Long length) {
        ImageRoot from = settings.roots().get(root);
        try {
            byte[] bytes = from.kind() == ImageRoot.Kind.FOLDER
                    ? folder(from).bytes(path)
                    : fromTar(from, path, offset, length);
            ImageHeader header = decoder.header(bytes);
            if (settings.decode()) {
                decoder.decode(bytes);
            }
            return row(
                    root,
                    new ImageRow(
                            Sha256.of(bytes),
                            bytes,
                            path,
                            header.width(),
                            header.height(),
                            header.format().code()));
        } catch (RowRejected e) {
            return row(root, path, e.reason(), e.getMessage());
        } catch (ImageRejected e) {
            return row(root, path, Reason.of(e.reason().code()), "image '%s': %s".formatted(path, e.getMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read picture '%s' of %s".formatted(path, from.name()), e);
        }
    }

    @Override
    public void close() {
        for (FSDataInputStream archive : archives.values()) {
            try {
                archive.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        archives.clear();
    }

    private PictureFolder folder(ImageRoot root) {
        return new PictureFolder(root.uri(), settings.limits().maxBytes(), hadoop);
    }

    private byte[] fromTar(ImageRoot root, String path, Long offset, Long length) throws IOException, RowRejected {
        if (offset == null || length == null) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, root.name()));
        }
        PictureFolder.requireSize(path, length, settings.limits().maxBytes());
        FSDataInputStream archive = archives.get(root.index());
        if (archive == null) {
            Path tar = new Path(root.uri());
            archive = tar.getFileSystem(hadoop).open(tar);
            archives.put(root.index(), archive);
        }
        byte[] bytes = new byte[Math.toIntExact(length)];
        archive.readFully(offset, bytes);
        return bytes;
    }

    private static Row row(int root, ImageRow image) {
        Row stored = ImageRows.toRow(image);
        Object[] values = {
            root,
            image.path(),
            image.imageId(),
            stored.getAs("image"),
            image.width(),
            image.height(),
            image.format(),
            (long) image.bytes().length,
            null,
            null
        };
        return new GenericRowWithSchema(values, SCHEMA);
    }

    private static Row row(int root, String path, Reason reason, String message) {
        Object[] values = {root, path, null, null, null, null, null, null, reason.code(), message};
        return new GenericRowWithSchema(values, SCHEMA);
    }
}
