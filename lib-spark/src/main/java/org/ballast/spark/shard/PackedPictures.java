package org.ballast.spark.shard;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Pictures in what can not be entered at a picture: they are copied once, in their order, to a plain tar in the stage's work
 * folder, where any task finds any of them.
 */
final class PackedPictures implements Closeable {
    private final TarArchiveOutputStream out;

    private PackedPictures(TarArchiveOutputStream out) {
        this.out = out;
    }

    /**
     * Copies the pictures of a packed root to the tar {@code to}, seen whole or not at all.
     *
     * @throws AnnotationException when the root is broken
     */
    static void unpack(Configuration hadoop, ImageRoot root, Path to) {
        if (root.kind() == ImageRoot.Kind.TAR_GZ) {
            TarArchives.unpack(hadoop, new Path(root.uri()), to);
            return;
        }
        Path temporary = to.suffix("." + System.nanoTime() + ".tmp");
        try {
            FileSystem files = to.getFileSystem(hadoop);
            try (PackedPictures tar = new PackedPictures(new TarArchiveOutputStream(files.create(temporary, true)))) {
                tar.out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
                tar.out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
                if (root.kind() == ImageRoot.Kind.IDX) {
                    IdxFile.copy(hadoop, root, tar);
                } else {
                    ParquetPictures.copy(hadoop, root, tar);
                }
            } catch (AnnotationException e) {
                files.delete(temporary, false);
                throw e;
            }
            files.delete(to, false);
            if (!files.rename(temporary, to)) {
                throw new IOException("rename of " + temporary + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy the pictures of " + root.name() + " to " + to, e);
        }
    }

    /** Adds a picture; {@code bytes} is not kept. */
    void add(String path, byte[] bytes) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(path);
        entry.setSize(bytes.length);
        entry.setModTime(0);
        out.putArchiveEntry(entry);
        out.write(bytes);
        out.closeArchiveEntry();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
