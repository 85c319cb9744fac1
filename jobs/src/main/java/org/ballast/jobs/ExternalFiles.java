package org.ballast.jobs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.ballast.core.config.ConfigurationException;
import org.ballast.core.config.StageConfig;

/** Files that a stage reads and no stage wrote. */
public final class ExternalFiles {
    private ExternalFiles() {}

    /**
     * Digest of a file's content; of a folder, the names, lengths and times of its files, for a folder of pictures may be
     * terabytes.
     *
     * @throws ConfigurationException naming key and path when it is not there
     */
    public static String digest(StageConfig stage, String key, String path, Configuration hadoop) throws IOException {
        Path file = new Path(path);
        FileSystem files = file.getFileSystem(hadoop);
        FileStatus status;
        try {
            status = files.getFileStatus(file);
        } catch (FileNotFoundException e) {
            throw new ConfigurationException(
                    "stages." + stage.name() + "." + key, "there is no " + files.makeQualified(file));
        }
        MessageDigest sha256 = sha256();
        if (status.isFile()) {
            try (InputStream in = new DigestInputStream(files.open(file), sha256)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
        } else {
            // the order of a listing is not the file system's promise: add the digests of the entries
            byte[] sum = new byte[sha256.getDigestLength()];
            RemoteIterator<LocatedFileStatus> listing = files.listFiles(file, true);
            while (listing.hasNext()) {
                LocatedFileStatus entry = listing.next();
                byte[] one = sha256().digest(
                                (entry.getPath() + "\0" + entry.getLen() + "\0" + entry.getModificationTime())
                                        .getBytes(StandardCharsets.UTF_8));
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += one[i];
                }
            }
            sha256.update(sum);
        }
        return HexFormat.of().formatHex(sha256.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
