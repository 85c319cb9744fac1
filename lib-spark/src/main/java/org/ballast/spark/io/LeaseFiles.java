package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The lease files in a folder: {@code lease.json}, {@code lease-2.json} ..., of which the one with the highest number
 * counts. A file of a number is made once, by one process: on disks by {@code O_EXCL}, on HDFS by its name node.
 *
 * <p>Hadoop's own {@code create(path, false)} of a disk looks for the file and then makes it, so two processes may both
 * succeed; S3A does the same. Where creation is not known to be atomic the caller has to read back what it wrote.
 */
final class LeaseFiles {
    private static final Pattern NAME = Pattern.compile("lease(?:-([1-9]\\d{0,8}))?\\.json");
    private static final Pattern TEMPORARY = Pattern.compile("\\.lease-.*");
    private static final Set<String> ATOMIC = Set.of("file", "hdfs");
    private static final int LOOKS = 6;
    private static final long LOOK_MILLIS = 50;

    private final FileSystem files;
    private final Path folder;
    private final Path temporary;

    /**
     * A lease file that is there.
     *
     * @param record empty when the file has no text: it is being written, or its writer died over it
     * @param modified by the clock of the file system, milliseconds
     */
    record Found(Optional<LeaseRecord> record, long modified) {}

    /** @param runId names what this process writes for a moment */
    LeaseFiles(FileSystem files, Path folder, String runId) {
        this.files = files;
        this.folder = folder;
        this.temporary = new Path(folder, ".lease-" + runId);
    }

    /** Whether a name is that of a lease. */
    static boolean isLease(String name) {
        return NAME.matcher(name).matches() || TEMPORARY.matcher(name).matches();
    }

    boolean createsAtomically() {
        return ATOMIC.contains(files.getUri().getScheme());
    }

    Path path(int number) {
        return new Path(folder, number == 1 ? "lease.json" : "lease-" + number + ".json");
    }

    /** The highest number that is there, 0 for none. */
    int latest() throws IOException {
        int latest = 0;
        for (FileStatus status : list()) {
            latest = Math.max(latest, number(status.getPath().getName()));
        }
        return latest;
    }

    /**
     * Empty when there is no such file. A file without text was looked at for some time.
     *
     * @throws StageConflictException when the text is nothing that a lease holds
     */
    Optional<Found> read(int number) throws IOException {
        for (int look = 1; ; look++) {
            try {
                FileStatus status = files.getFileStatus(path(number));
                String text;
                try (FSDataInputStream in = files.open(path(number))) {
                    text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                }
                Optional<LeaseRecord> record = parsed(text);
                if (record.isEmpty() && !text.isBlank() && look == LOOKS) {
                    throw new StageConflictException(
                            path(number) + " is not a lease of ours: name another root or stage, or delete the file.");
                }
                if (record.isPresent() || look == LOOKS) {
                    return Optional.of(new Found(record, status.getModificationTime()));
                }
            } catch (FileNotFoundException e) {
                return Optional.empty();
            }
            pause(LOOK_MILLIS);
        }
    }

    /** False when the file is there already. */
    boolean create(int number, LeaseRecord record) throws IOException {
        byte[] text = Json.write(record).getBytes(StandardCharsets.UTF_8);
        if (isOnDisk()) {
            java.nio.file.Path file = onDisk(path(number));
            Files.createDirectories(file.getParent());
            try {
                Files.write(file, text, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            }
        }
        FSDataOutputStream made;
        try {
            made = files.create(path(number), false);
        } catch (IOException e) {
            // HDFS has several exceptions for a file that is there, and another for one that is being written
            if (files.exists(path(number))) {
                return false;
            }
            throw e;
        }
        try (FSDataOutputStream out = made) {
            out.write(text);
        }
        return true;
    }

    /** Writes anew a file of this process. */
    void replace(int number, LeaseRecord record) throws IOException {
        byte[] text = Json.write(record).getBytes(StandardCharsets.UTF_8);
        if (isOnDisk()) {
            java.nio.file.Path written = Files.write(onDisk(temporary), text);
            Files.move(
                    written, onDisk(path(number)), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return;
        }
        try (FSDataOutputStream out = files.create(path(number), true)) {
            out.write(text);
        }
    }

    void delete(int number) throws IOException {
        files.delete(path(number), false);
    }

    /**
     * Deletes the files below a number, and what others wrote for a moment and never deleted.
     *
     * @param millis age from which it is sure that they never will
     */
    void deleteBelow(int number, long millis) throws IOException {
        long now = files.getFileStatus(path(number)).getModificationTime();
        for (FileStatus status : list()) {
            String name = status.getPath().getName();
            int found = number(name);
            boolean left = TEMPORARY.matcher(name).matches() && now - status.getModificationTime() > millis;
            if (left || found > 0 && found < number) {
                files.delete(status.getPath(), false);
            }
        }
    }

    /** Milliseconds by the clock that dates the files. */
    long now() throws IOException {
        for (int look = 1; ; look++) {
            try {
                return dateOfNewFile();
            } catch (FileNotFoundException | NoSuchFileException e) {
                // a run that has just taken the lease tidies up
                if (look == LOOKS) {
                    throw e;
                }
            }
        }
    }

    private long dateOfNewFile() throws IOException {
        if (isOnDisk()) {
            java.nio.file.Path written = Files.write(onDisk(temporary), new byte[0]);
            long date = Files.getLastModifiedTime(written).toMillis();
            Files.deleteIfExists(written);
            return date;
        }
        files.create(temporary, true).close();
        long date = files.getFileStatus(temporary).getModificationTime();
        files.delete(temporary, false);
        return date;
    }

    static void pause(long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Optional<LeaseRecord> parsed(String text) {
        try {
            return Optional.ofNullable(Json.read(text, LeaseRecord.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static int number(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return 0;
        }
        return matcher.group(1) == null ? 1 : Integer.parseInt(matcher.group(1));
    }

    private FileStatus[] list() throws IOException {
        try {
            return files.listStatus(folder);
        } catch (FileNotFoundException e) {
            return new FileStatus[0];
        }
    }

    private boolean isOnDisk() {
        return files.getUri().getScheme().equals("file");
    }

    private static java.nio.file.Path onDisk(Path path) {
        return java.nio.file.Path.of(path.toUri().getPath());
    }
}
