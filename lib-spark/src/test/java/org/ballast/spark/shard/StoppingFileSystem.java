package org.ballast.spark.shard;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk under the scheme {@code stop}, which lets so many changes happen and none thereafter: what a run leaves that
 * was killed there, for whoever tidies up behind it fails as well.
 */
public final class StoppingFileSystem extends RawLocalFileSystem {
    /** Name of the scheme. */
    public static final String SCHEME = "stop";

    private static final AtomicLong LEFT = new AtomicLong(Long.MAX_VALUE);

    /** Lets so many changes happen from now on. */
    public static void stopAfter(long changes) {
        LEFT.set(changes);
    }

    /** Changes that may still happen. */
    public static long left() {
        return LEFT.get();
    }

    private static void change() throws IOException {
        if (LEFT.decrementAndGet() < 0) {
            throw new IOException("stopped here");
        }
    }

    @Override
    public URI getUri() {
        return URI.create(SCHEME + ":///");
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public FSDataOutputStream create(
            Path file,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        change();
        return super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        change();
        return super.rename(from, to);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        if (exists(path)) {
            change();
        }
        return super.delete(path, recursive);
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        if (!exists(path)) {
            change();
        }
        return super.mkdirs(path);
    }
}
