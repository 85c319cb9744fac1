package org.ballast.spark.io;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What the driver does with files and folders of a stage; a fault of the file system is an {@link UncheckedIOException} that names the path. */
public record StageFiles(FileSystem fileSystem) {
    /** Whether there is a file or a folder of this name. */
    public boolean exists(Path path) {
        try {
            return fileSystem.exists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for " + path, e);
        }
    }

    /** What a folder holds; nothing when there is none. */
    public FileStatus[] list(Path folder) {
        try {
            return fileSystem.listStatus(folder);
        } catch (FileNotFoundException e) {
            return new FileStatus[0];
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    /** Deletes a file, or a folder with all below it; nothing happens when there is none. */
    public void delete(Path path) {
        try {
            fileSystem.delete(path, true);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + path, e);
        }
    }

    /** A small text file. */
    String text(Path file) {
        try (FSDataInputStream in = fileSystem.open(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /** Writes a small text file, in place of what was there, so that it is seen whole or not at all. */
    void write(Path target, String text) {
        Path temporary = new Path(target.getParent(), "." + target.getName() + ".tmp");
        try {
            try (FSDataOutputStream out = fileSystem.create(temporary, true)) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            }
            fileSystem.delete(target, false);
            if (!fileSystem.rename(temporary, target)) {
                throw new IOException("rename of " + temporary + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + target, e);
        }
    }
}
