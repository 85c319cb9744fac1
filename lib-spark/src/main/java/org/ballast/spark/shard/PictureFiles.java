package org.ballast.spark.shard;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;
import org.ballast.spark.picture.PictureFolder;

/** The bytes of pictures in all image roots, for one task. A failing file system propagates. */
final class PictureFiles implements Closeable {
    /** Bytes at either end of a picture that {@link #edge} looks at. */
    private static final int EDGE_BYTES = 4096;

    /** What the executors need to know. */
    record Settings(List<ImageRoot> roots, long maxBytes) implements Serializable {}

    private final Settings settings;
    private final Configuration hadoop;
    private final Map<Integer, PictureFolder> folders = new HashMap<>();
    private final Map<Integer, Archive> archives = new HashMap<>();
    private final List<Closeable> open = new ArrayList<>();

    /** Part of an archive's bytes; false when the archive ends before. */
    private interface Archive {
        boolean read(long offset, byte[] bytes) throws IOException;
    }

    PictureFiles(Settings settings, Configuration hadoop) {
        this.settings = settings;
        this.hadoop = hadoop;
    }

    /** What the file system knows of a picture in a folder. */
    PictureFolder.Found find(int root, String path) throws IOException, RowRejected {
        return folder(root).find(path);
    }

    /**
     * Reads a picture.
     *
     * @param offset in a tar; null in a folder
     * @param length in bytes
     * @throws RowRejected when it is not there any more as it was found
     */
    byte[] read(int root, String path, Long offset, long length) throws IOException, RowRejected {
        if (offset == null) {
            return folder(root).bytes(path, length);
        }
        byte[] bytes = new byte[Math.toIntExact(length)];
        if (!archive(root).read(offset, bytes)) {
            throw cutOff(root, path);
        }
        return bytes;
    }

    /** A fingerprint of the first and the last 4 KiB: equal pictures have equal ones. */
    static long edge(byte[] bytes) {
        int count = Math.min(EDGE_BYTES, bytes.length);
        return edge(bytes, 0, bytes, bytes.length - count, count);
    }

    /** The same, of a picture that is not read whole; parameters and errors of {@link #read}. */
    long edge(int root, String path, Long offset, long length) throws IOException, RowRejected {
        int count = (int) Math.min(EDGE_BYTES, length);
        byte[] head = new byte[count];
        byte[] tail = new byte[count];
        if (offset == null) {
            head = folder(root).part(path, 0, count);
            tail = folder(root).part(path, length - count, count);
        } else if (!archive(root).read(offset, head) || !archive(root).read(offset + length - count, tail)) {
            throw cutOff(root, path);
        }
        return edge(head, 0, tail, 0, count);
    }

    private static long edge(byte[] head, int headFrom, byte[] tail, int tailFrom, int count) {
        CRC32C first = new CRC32C();
        first.update(head, headFrom, count);
        CRC32C last = new CRC32C();
        last.update(tail, tailFrom, count);
        return first.getValue() << 32 | last.getValue();
    }

    private RowRejected cutOff(int root, String path) {
        return new RowRejected(
                Reason.IMAGE_TRUNCATED,
                "image '%s': %s ends before it does"
                        .formatted(path, settings.roots().get(root).name()));
    }

    private PictureFolder folder(int root) {
        return folders.computeIfAbsent(
                root, index -> new PictureFolder(settings.roots().get(index).uri(), settings.maxBytes(), hadoop));
    }

    private Archive archive(int root) throws IOException {
        Archive archive = archives.get(root);
        if (archive == null) {
            Path tar = new Path(settings.roots().get(root).uri());
            if ("file".equals(tar.toUri().getScheme())) {
                FileChannel file =
                        FileChannel.open(java.nio.file.Path.of(tar.toUri().getPath()), StandardOpenOption.READ);
                open.add(file);
                archive = (offset, bytes) -> PictureFolder.readWhole(file, offset, bytes);
            } else {
                FSDataInputStream file = tar.getFileSystem(hadoop).open(tar);
                open.add(file);
                archive = (offset, bytes) -> {
                    file.readFully(offset, bytes);
                    return true;
                };
            }
            archives.put(root, archive);
        }
        return archive;
    }

    @Override
    public void close() throws IOException {
        for (Closeable file : open) {
            file.close();
        }
        open.clear();
    }
}
