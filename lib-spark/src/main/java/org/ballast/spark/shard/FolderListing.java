package org.ballast.spark.shard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** Names, lengths and times of all files below a folder, as one digest: it changes when a picture comes, changes or goes. */
final class FolderListing {
    private final MessageDigest sha256;
    /** Sum of the files' digests, for the order of a listing is nobody's promise. */
    private final byte[] sum;

    private FolderListing() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        sum = new byte[sha256.getDigestLength()];
    }

    static String digest(FileStatus folder, Configuration hadoop) throws IOException {
        FolderListing listing = new FolderListing();
        Path path = folder.getPath();
        if ("file".equals(path.toUri().getScheme())) {
            listing.addDisk(java.nio.file.Path.of(path.toUri().getPath()));
        } else {
            RemoteIterator<LocatedFileStatus> files = path.getFileSystem(hadoop).listFiles(path, true);
            int start = path.toString().length();
            while (files.hasNext()) {
                FileStatus file = files.next();
                listing.add(file.getPath().toString().substring(start), file.getLen(), file.getModificationTime());
            }
        }
        return HexFormat.of().formatHex(listing.sum);
    }

    private void addDisk(java.nio.file.Path root) throws IOException {
        Files.walkFileTree(
                root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(java.nio.file.Path file, BasicFileAttributes attributes) {
                        add(
                                root.relativize(file).toString(),
                                attributes.size(),
                                attributes.lastModifiedTime().to(TimeUnit.MICROSECONDS));
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(java.nio.file.Path file, IOException e) {
                        // a link in a circle, a folder that may not be read: a picture there is missing, which the run
                        // tells
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    private void add(String name, long length, long modified) {
        byte[] one = sha256.digest((name + "\0" + length + "\0" + modified).getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < sum.length; i++) {
            sum[i] += one[i];
        }
    }
}
