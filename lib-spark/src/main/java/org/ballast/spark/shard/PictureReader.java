package org.ballast.spark.shard;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.ImageRow;
import org.ballast.core.data.Reason;
import org.ballast.core.data.Sha256;
import org.ballast.core.image.AlphaMode;
import org.ballast.core.image.ImageDecoder;
import org.ballast.core.image.ImageHeader;
import org.ballast.core.image.ImageLimits;
import org.ballast.core.image.ImageRejected;
import org.ballast.spark.io.Table;
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
        this.decoder = new ImageDecoder(settings.limits(), AlphaMode.WHITE);
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
            byte[] bytes =
                    from.kind() == ImageRoot.Kind.FOLDER ? fromFolder(from, path) : fromTar(from, path, offset, length);
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
        } catch (PictureRejected e) {
            return row(root, path, e.reason, e.getMessage());
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

    private byte[] fromTar(ImageRoot root, String path, Long offset, Long length) throws IOException, PictureRejected {
        if (offset == null || length == null) {
            throw new PictureRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, root.name()));
        }
        requireSize(path, length);
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

    private byte[] fromFolder(ImageRoot root, String path) throws IOException, PictureRejected {
        URI uri = new Path(root.uri()).toUri();
        return "file".equals(uri.getScheme()) ? fromDisk(uri.getPath(), path) : fromFileSystem(uri, path);
    }

    private byte[] fromDisk(String root, String path) throws IOException, PictureRejected {
        try {
            java.nio.file.Path real = java.nio.file.Path.of(root, path).toRealPath();
            if (!real.startsWith(java.nio.file.Path.of(root).toRealPath())) {
                throw new PictureRejected(
                        Reason.PATH_ESCAPES_ROOT, "image '%s' is a link out of %s".formatted(path, root));
            }
            if (!Files.isRegularFile(real)) {
                throw new PictureRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, root));
            }
            requireSize(path, Files.size(real));
            return Files.readAllBytes(real);
        } catch (NoSuchFileException | java.nio.file.FileSystemLoopException | InvalidPathException e) {
            throw new PictureRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root));
        } catch (java.nio.file.FileSystemException e) {
            // a name too long, a file where a folder should be, no permission
            throw new PictureRejected(
                    Reason.IMAGE_MISSING,
                    "image '%s' cannot be opened in %s (%s)".formatted(path, root, e.getReason()));
        }
    }

    private byte[] fromFileSystem(URI root, String path) throws IOException, PictureRejected {
        // not new Path(root, path): a name like "file:/x" would be taken for a place of its own
        Path file = new Path(root.getScheme(), root.getAuthority(), root.getPath() + "/" + path);
        FileSystem files = file.getFileSystem(hadoop);
        try {
            FileStatus status = files.getFileStatus(file);
            if (!status.isFile()) {
                throw new PictureRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, root));
            }
            requireSize(path, status.getLen());
            try (InputStream in = files.open(file)) {
                return in.readAllBytes();
            }
        } catch (FileNotFoundException e) {
            throw new PictureRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root));
        }
    }

    private void requireSize(String path, long bytes) throws PictureRejected {
        if (bytes > settings.limits().maxBytes()) {
            throw new PictureRejected(
                    Reason.IMAGE_TOO_LARGE,
                    "image '%s' has %d bytes, at most %d are read"
                            .formatted(path, bytes, settings.limits().maxBytes()));
        }
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

    /** A picture that cannot be had. */
    private static final class PictureRejected extends Exception {
        private static final long serialVersionUID = 1L;

        private final Reason reason;

        PictureRejected(Reason reason, String message) {
            super(message);
            this.reason = reason;
        }
    }
}
