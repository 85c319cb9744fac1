package org.ballast.spark.picture;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/**
 * A folder of pictures on any file system. What is wrong with a picture's file is data; a failing file system is not, and
 * propagates. For one thread.
 */
public final class PictureFolder {
    /**
     * What a file system knows of a file.
     *
     * @param length bytes
     * @param modified time of the last change, in the finest unit that the file system has: to be compared, not to be read
     */
    public record Found(long length, long modified) implements Serializable {}

    private final URI root;
    private final long maxBytes;
    private final Configuration hadoop;
    private final boolean onDisk;
    private java.nio.file.Path realRoot;

    /**
     * @param root qualified URI
     * @param maxBytes largest file that is read
     */
    public PictureFolder(String root, long maxBytes, Configuration hadoop) {
        this.root = new Path(root).toUri();
        this.maxBytes = maxBytes;
        this.hadoop = hadoop;
        this.onDisk = "file".equals(this.root.getScheme());
    }

    /**
     * Looks for a file below the root.
     *
     * @param path as {@link ImagePath#normalised} gives it
     * @throws RowRejected when there is no such file, when it is a link out of the root, or when it is too large
     */
    public Found find(String path) throws IOException, RowRejected {
        Found found = onDisk ? findOnDisk(path) : findElsewhere(path);
        requireSize(path, found.length(), maxBytes);
        return found;
    }

    /** The bytes of a file below the root; throws as {@link #find}. */
    public byte[] bytes(String path) throws IOException, RowRejected {
        return bytes(path, find(path).length());
    }

    /**
     * The bytes of a file that was found.
     *
     * @throws RowRejected when it is gone or has another length by now
     */
    public byte[] bytes(String path, long length) throws IOException, RowRejected {
        byte[] bytes = new byte[Math.toIntExact(length)];
        boolean whole = onDisk ? readFromDisk(path, bytes) : readFromElsewhere(path, bytes);
        if (!whole) {
            throw new RowRejected(
                    Reason.IMAGE_CORRUPT,
                    "image '%s' had %d bytes, and another length when it was read".formatted(path, length));
        }
        return bytes;
    }

    /**
     * Some bytes of a file that was found.
     *
     * @throws RowRejected when it is gone or ends before
     */
    public byte[] part(String path, long offset, int count) throws IOException, RowRejected {
        byte[] bytes = new byte[count];
        try {
            if (onDisk) {
                try (FileChannel file = open(path)) {
                    if (!readWhole(file, offset, bytes)) {
                        throw new EOFException();
                    }
                }
            } else {
                Path file = file(path);
                try (FSDataInputStream in = file.getFileSystem(hadoop).open(file)) {
                    in.readFully(offset, bytes);
                }
            }
            return bytes;
        } catch (java.nio.file.FileSystemException | InvalidPathException | FileNotFoundException e) {
            throw missing(path, e);
        } catch (EOFException e) {
            throw new RowRejected(Reason.IMAGE_CORRUPT, "image '%s' became shorter while it was read".formatted(path));
        }
    }

    private FileChannel open(String path) throws IOException {
        return FileChannel.open(java.nio.file.Path.of(root.getPath(), path), StandardOpenOption.READ);
    }

    private Found findOnDisk(String path) throws IOException, RowRejected {
        try {
            java.nio.file.Path real =
                    java.nio.file.Path.of(root.getPath(), path).toRealPath();
            if (!real.startsWith(realRoot())) {
                throw new RowRejected(
                        Reason.PATH_ESCAPES_ROOT, "image '%s' is a link out of %s".formatted(path, root.getPath()));
            }
            BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                throw notAFile(path, root.getPath());
            }
            return new Found(attributes.size(), attributes.lastModifiedTime().to(TimeUnit.MICROSECONDS));
        } catch (java.nio.file.FileSystemException | InvalidPathException e) {
            throw missing(path, e);
        }
    }

    private boolean readFromDisk(String path, byte[] bytes) throws IOException, RowRejected {
        try (FileChannel file = open(path)) {
            return readWhole(file, 0, bytes) && file.read(ByteBuffer.allocate(1)) < 0;
        } catch (java.nio.file.FileSystemException | InvalidPathException e) {
            throw missing(path, e);
        }
    }

    /** Fills {@code bytes} from {@code offset}; false when the file ends before. */
    public static boolean readWhole(FileChannel file, long offset, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        file.position(offset);
        while (buffer.hasRemaining()) {
            if (file.read(buffer) < 0) {
                return false;
            }
        }
        return true;
    }

    private java.nio.file.Path realRoot() throws IOException {
        if (realRoot == null) {
            realRoot = java.nio.file.Path.of(root.getPath()).toRealPath();
        }
        return realRoot;
    }

    private Found findElsewhere(String path) throws IOException, RowRejected {
        try {
            Path file = file(path);
            FileStatus status = file.getFileSystem(hadoop).getFileStatus(file);
            if (!status.isFile()) {
                throw notAFile(path, root.toString());
            }
            return new Found(status.getLen(), status.getModificationTime());
        } catch (FileNotFoundException e) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root));
        }
    }

    private boolean readFromElsewhere(String path, byte[] bytes) throws IOException, RowRejected {
        Path file = file(path);
        FileSystem files = file.getFileSystem(hadoop);
        try (FSDataInputStream in = files.open(file)) {
            return ((InputStream) in).readNBytes(bytes, 0, bytes.length) == bytes.length && in.read() < 0;
        } catch (FileNotFoundException e) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root));
        }
    }

    private Path file(String path) {
        // not new Path(root, path): a name like "file:/x" would be taken for a place of its own
        return new Path(root.getScheme(), root.getAuthority(), root.getPath() + "/" + path);
    }

    private RowRejected notAFile(String path, String in) {
        return new RowRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, in));
    }

    private RowRejected missing(String path, Exception e) {
        if (e instanceof NoSuchFileException
                || e instanceof java.nio.file.FileSystemLoopException
                || e instanceof InvalidPathException
                || e instanceof FileNotFoundException) {
            return new RowRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root.getPath()));
        }
        // a name too long, a file where a folder should be, no permission
        String why = e instanceof java.nio.file.FileSystemException failed ? failed.getReason() : e.getMessage();
        return new RowRejected(
                Reason.IMAGE_MISSING, "image '%s' cannot be opened in %s (%s)".formatted(path, root.getPath(), why));
    }

    /** @throws RowRejected when a file is larger than what is read */
    public static void requireSize(String path, long bytes, long maxBytes) throws RowRejected {
        if (bytes > maxBytes) {
            throw new RowRejected(
                    Reason.IMAGE_TOO_LARGE,
                    "image '%s' has %d bytes, at most %d are read".formatted(path, bytes, maxBytes));
        }
    }
}
