package org.ballast.spark.picture;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.ballast.core.data.Reason;
import org.ballast.core.data.RowRejected;

/**
 * A folder of pictures on any file system. What is wrong with a picture's file is data; a failing file system is not, and
 * propagates.
 *
 * @param root qualified URI
 * @param maxBytes largest file that is read
 */
public record PictureFolder(String root, long maxBytes, Configuration hadoop) {

    /**
     * The bytes of a file below the root.
     *
     * @param path as {@link ImagePath#normalised} gives it
     * @throws RowRejected when there is no such file, when it is a link out of the root, or when it is too large
     */
    public byte[] bytes(String path) throws IOException, RowRejected {
        URI uri = new Path(root).toUri();
        return "file".equals(uri.getScheme()) ? fromDisk(uri.getPath(), path) : fromFileSystem(uri, path);
    }

    private byte[] fromDisk(String root, String path) throws IOException, RowRejected {
        try {
            java.nio.file.Path real = java.nio.file.Path.of(root, path).toRealPath();
            if (!real.startsWith(java.nio.file.Path.of(root).toRealPath())) {
                throw new RowRejected(Reason.PATH_ESCAPES_ROOT, "image '%s' is a link out of %s".formatted(path, root));
            }
            if (!Files.isRegularFile(real)) {
                throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, root));
            }
            requireSize(path, Files.size(real), maxBytes);
            return Files.readAllBytes(real);
        } catch (NoSuchFileException | java.nio.file.FileSystemLoopException | InvalidPathException e) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root));
        } catch (java.nio.file.FileSystemException e) {
            // a name too long, a file where a folder should be, no permission
            throw new RowRejected(
                    Reason.IMAGE_MISSING,
                    "image '%s' cannot be opened in %s (%s)".formatted(path, root, e.getReason()));
        }
    }

    private byte[] fromFileSystem(URI root, String path) throws IOException, RowRejected {
        // not new Path(root, path): a name like "file:/x" would be taken for a place of its own
        Path file = new Path(root.getScheme(), root.getAuthority(), root.getPath() + "/" + path);
        FileSystem files = file.getFileSystem(hadoop);
        try {
            FileStatus status = files.getFileStatus(file);
            if (!status.isFile()) {
                throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is no file in %s".formatted(path, root));
            }
            requireSize(path, status.getLen(), maxBytes);
            try (InputStream in = files.open(file)) {
                return in.readAllBytes();
            }
        } catch (FileNotFoundException e) {
            throw new RowRejected(Reason.IMAGE_MISSING, "image '%s' is not in %s".formatted(path, root));
        }
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
