package org.ballast.spark.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.deploy.SparkHadoopUtil;

/**
 * A folder with a model's files on any Hadoop file system, a checkpoint or an adapter, known by its content.
 *
 * @param uri the folder, with its scheme
 * @param digest {@link #digest} of its content
 */
public record ModelFiles(String uri, String digest) implements Serializable {
    private static final Object LOCK = new Object();

    /** The files of a folder, digested. */
    public static ModelFiles of(org.apache.hadoop.fs.Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        org.apache.hadoop.fs.Path qualified = files.makeQualified(folder);
        return new ModelFiles(qualified.toString(), digest(files, qualified));
    }

    /** Puts a local folder's files into a folder of any file system, in place of what was there. */
    public static ModelFiles publish(Path local, org.apache.hadoop.fs.Path folder, Configuration hadoop)
            throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        files.delete(folder, true);
        files.mkdirs(folder);
        try (var listed = Files.list(local)) {
            for (Path file : listed.sorted().toList()) {
                files.copyFromLocalFile(
                        false,
                        true,
                        new org.apache.hadoop.fs.Path(file.toUri()),
                        new org.apache.hadoop.fs.Path(folder, file.getFileName().toString()));
            }
        }
        return of(folder, hadoop);
    }

    /** sha256 over the names and contents of the files in a folder, in the order of their names. */
    static String digest(FileSystem files, org.apache.hadoop.fs.Path folder) throws IOException {
        MessageDigest sha256;
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        byte[] buffer = new byte[1 << 20];
        for (FileStatus file : listed(files, folder)) {
            sha256.update((file.getPath().getName() + "\0" + file.getLen() + "\0").getBytes(StandardCharsets.UTF_8));
            try (InputStream in = files.open(file.getPath())) {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    sha256.update(buffer, 0, n);
                }
            }
        }
        return HexFormat.of().formatHex(sha256.digest());
    }

    /**
     * The folder on this machine's disk: the folder itself where its file system is the local one, else a copy in the
     * temporary folder, made once for all processes.
     */
    public Path local() {
        URI location = new org.apache.hadoop.fs.Path(uri).toUri(); // not URI.create: a path may hold a space
        if ("file".equals(location.getScheme())) {
            return Path.of(location.getPath());
        }
        Path copy = Path.of(System.getProperty("java.io.tmpdir"), "ballast-models", digest);
        synchronized (LOCK) {
            if (!Files.isDirectory(copy)) {
                try {
                    download(copy);
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot copy the model " + uri + " to " + copy, e);
                }
            }
        }
        return copy;
    }

    private void download(Path copy) throws IOException {
        Files.createDirectories(copy.getParent());
        Path lock = copy.resolveSibling(digest + ".lock");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            if (!held.isValid() || Files.isDirectory(copy)) {
                return;
            }
            Configuration hadoop = SparkHadoopUtil.get().conf();
            org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(uri);
            FileSystem files = source.getFileSystem(hadoop);
            Path partial = Files.createTempDirectory(copy.getParent(), digest);
            for (FileStatus file : listed(files, source)) {
                files.copyToLocalFile(
                        false,
                        file.getPath(),
                        new org.apache.hadoop.fs.Path(
                                partial.resolve(file.getPath().getName()).toUri()),
                        true);
            }
            Files.move(partial, copy, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static FileStatus[] listed(FileSystem files, org.apache.hadoop.fs.Path folder) throws IOException {
        FileStatus[] all = files.listStatus(folder, path -> !path.getName().startsWith("."));
        FileStatus[] plain = Arrays.stream(all).filter(FileStatus::isFile).toArray(FileStatus[]::new);
        Arrays.sort(plain, Comparator.comparing(file -> file.getPath().getName()));
        return plain;
    }
}
