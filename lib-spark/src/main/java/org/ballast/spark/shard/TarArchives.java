package org.ballast.spark.shard;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.io.Table;
import org.ballast.spark.picture.ImagePath;

/**
 * Archives of pictures. A plain tar is indexed once (headers are read, bodies skipped by seeking), after which any
 * executor reads any picture by its offset; a {@code .tar.gz} is unpacked once to a plain tar in the stage's work folder
 * first, for gzip cannot be entered in the middle.
 */
final class TarArchives {
    static final StructType INDEX = new StructType()
            .add("root", DataTypes.IntegerType)
            .add("image", DataTypes.StringType)
            .add("offset", DataTypes.LongType)
            .add("length", DataTypes.LongType)
            .add("modified", DataTypes.LongType);

    static final Table TABLE = new Table("tar_index", INDEX, List.of("root", "image"), false, false);

    private static final int BLOCK = 512;

    private TarArchives() {}

    /**
     * Unpacks {@code from} to {@code to}, seen whole or not at all.
     *
     * @throws AnnotationException when it is no gzip, or ends too early
     */
    static void unpack(Configuration hadoop, Path from, Path to) {
        Path temporary = to.suffix("." + System.nanoTime() + ".tmp");
        try {
            FileSystem files = to.getFileSystem(hadoop);
            try (InputStream file = from.getFileSystem(hadoop).open(from);
                    InputStream in = new GZIPInputStream(file, 1 << 16);
                    OutputStream out = files.create(temporary, true)) {
                in.transferTo(out);
            } catch (EOFException | java.util.zip.ZipException e) {
                files.delete(temporary, false);
                throw new AnnotationException(
                        "image root %s is no whole gzip file: %s".formatted(from, e.getMessage()), e);
            }
            files.delete(to, false);
            if (!files.rename(temporary, to)) {
                throw new IOException("rename of " + temporary + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack image root " + from + " to " + to, e);
        }
    }

    /**
     * The regular files of a tar as rows of {@link #INDEX}, in their order; names that leave the root are left out.
     *
     * @param stamp time of entries that have none: changes with the archive
     */
    static Iterator<Row> index(Configuration hadoop, ImageRoot root, long stamp) {
        Path tar = new Path(root.uri());
        try {
            FileSystem files = tar.getFileSystem(hadoop);
            return new Entries(root, files.open(tar), files.getFileStatus(tar).getLen(), stamp);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read image root " + root.name(), e);
        }
    }

    /** Streams the headers; closes the file behind the last. */
    private static final class Entries implements Iterator<Row> {
        private final ImageRoot root;
        private final FSDataInputStream file;
        private final TarHeaderLimit limit;
        private final TarArchiveInputStream archive;
        private final long fileLength;
        private final long stamp;
        private long end;
        private String last = "its start";
        private Row next;

        Entries(ImageRoot root, FSDataInputStream file, long fileLength, long stamp) {
            this.root = root;
            this.file = file;
            this.limit = new TarHeaderLimit(file);
            this.archive = new TarArchiveInputStream(limit);
            this.fileLength = fileLength;
            this.stamp = stamp;
            this.next = read();
        }

        @Override
        public boolean hasNext() {
            return next != null;
        }

        @Override
        public Row next() {
            if (next == null) {
                throw new NoSuchElementException();
            }
            Row current = next;
            next = read();
            return current;
        }

        private TarArchiveEntry nextEntry() throws IOException {
            limit.headers();
            return archive.getNextTarEntry();
        }

        private Row read() {
            try {
                for (TarArchiveEntry entry = nextEntry(); entry != null; entry = nextEntry()) {
                    last = "entry '" + Quarantined.bounded(entry.getName()) + "'";
                    // the archive reads block by block, so the file stands where the body begins
                    long offset = file.getPos();
                    if (offset + entry.getSize() > fileLength) {
                        throw new AnnotationException("image root %s is cut off in %s: %d bytes, needs %d"
                                .formatted(root.name(), last, fileLength, offset + entry.getSize()));
                    }
                    end = offset + (entry.getSize() + BLOCK - 1) / BLOCK * BLOCK;
                    if (entry.isFile() && !entry.isLink() && !entry.isSymbolicLink() && !entry.isSparse()) {
                        try {
                            String name = ImagePath.normalised(entry.getName());
                            long time = entry.getLastModifiedDate().getTime();
                            return RowFactory.create(
                                    root.index(), name, offset, entry.getSize(), time == 0 ? stamp : time);
                        } catch (RowRejected e) {
                            continue;
                        }
                    }
                }
                requireEndMark();
                archive.close();
                return null;
            } catch (IOException e) {
                throw new AnnotationException(
                        "image root %s is no readable tar behind %s: %s".formatted(root.name(), last, e.getMessage()),
                        e);
            }
        }

        /** A file that was cut within or before a header looks like one that ends there. */
        private void requireEndMark() throws IOException {
            byte[] block = new byte[BLOCK];
            boolean marked = end + BLOCK <= fileLength;
            if (marked) {
                file.readFully(end, block);
                for (byte b : block) {
                    marked &= b == 0;
                }
            }
            if (!marked) {
                throw new AnnotationException("image root %s is cut off at byte %d: the end mark of a tar is missing"
                        .formatted(root.name(), Math.min(end, fileLength)));
            }
        }
    }
}
