package org.ballast.spark.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Round states in a directory of any Hadoop file system, the last two kept. A file is written under another name,
 * closed and then renamed, and ends in a checksum: a half-written one is never taken for a state.
 *
 * <p>Layout, big-endian: magic (8 bytes), header length (int) and header (JSON); then theta, updater state, momentum,
 * each as length (int) and little-endian float32; then the CRC-32C of all before (long).
 */
final class RoundStore {
    private static final Logger LOG = LoggerFactory.getLogger(RoundStore.class);
    private static final long MAGIC = 0x42414C5253543031L;
    private static final int KEPT = 2;
    private static final int MAX_HEADER_BYTES = 1 << 28;
    private static final int CHUNK_FLOATS = 1 << 16;
    private static final String SUFFIX = ".state";
    private static final ObjectMapper JSON = new ObjectMapper();

    private record Header(String runKey, int rounds, long iteration, long examples, LossCurve curve) {}

    private final FileSystem files;
    private final Path directory;

    RoundStore(Path directory, Configuration hadoop) throws IOException {
        this.files = directory.getFileSystem(hadoop);
        this.directory = files.makeQualified(directory);
    }

    /** Writes a state beside the others and forgets all but the newest two. */
    void write(RoundState state) throws IOException {
        files.mkdirs(directory);
        Path target = new Path(directory, String.format("round-%08d%s", state.rounds(), SUFFIX));
        Path unfinished = new Path(directory, "." + target.getName() + ".unfinished");
        try (FSDataOutputStream out = files.create(unfinished, true)) {
            var checked = new CheckedOutputStream(out, new CRC32C());
            var data = new DataOutputStream(checked);
            data.writeLong(MAGIC);
            var header = new Header(state.runKey(), state.rounds(), state.iteration(), state.examples(), state.curve());
            byte[] json = JSON.writeValueAsBytes(header);
            data.writeInt(json.length);
            data.write(json);
            writeFloats(data, state.theta());
            writeFloats(data, state.updaterState());
            writeFloats(data, state.momentum());
            data.writeLong(checked.getChecksum().getValue());
            data.flush();
            if (out.hasCapability(StreamCapabilities.HSYNC)) {
                out.hsync();
            }
        }
        // a state of this round that was there is unreadable, or it would have been resumed from
        files.delete(target, false);
        if (!files.rename(unfinished, target)) {
            throw new IOException("cannot rename " + unfinished + " to " + target);
        }
        for (Path old : newestFirst().stream().skip(KEPT).toList()) {
            files.delete(old, false);
        }
    }

    /**
     * The newest state that is whole; damaged ones are logged and passed over.
     *
     * @throws IllegalStateException if it belongs to another run
     */
    Optional<RoundState> newest(String runKey) throws IOException {
        for (Path path : newestFirst()) {
            RoundState state;
            try {
                state = read(path);
            } catch (IOException damaged) {
                LOG.warn("passing over a damaged training state, {}: {}", path, damaged.getMessage());
                continue;
            }
            if (!state.runKey().equals(runKey)) {
                throw new IllegalStateException(path + " belongs to a run with another configuration (" + state.runKey()
                        + ", this is " + runKey + "): give this run another directory, or delete that one");
            }
            return Optional.of(state);
        }
        return Optional.empty();
    }

    private List<Path> newestFirst() throws IOException {
        try {
            return Arrays.stream(files.listStatus(directory))
                    .map(FileStatus::getPath)
                    .filter(path -> path.getName().matches("round-\\d{8}\\" + SUFFIX))
                    .sorted(Comparator.comparing(Path::getName).reversed())
                    .toList();
        } catch (FileNotFoundException none) {
            return List.of();
        }
    }

    private RoundState read(Path path) throws IOException {
        long length = files.getFileStatus(path).getLen();
        try (var in = files.open(path)) {
            var checked = new CheckedInputStream(in, new CRC32C());
            var data = new DataInputStream(checked);
            if (data.readLong() != MAGIC) {
                throw new IOException("not a training state");
            }
            byte[] json = new byte[bounded(data.readInt(), Math.min(length, MAX_HEADER_BYTES))];
            data.readFully(json);
            float[] theta = readFloats(data, length);
            float[] updaterState = readFloats(data, length);
            float[] momentum = readFloats(data, length);
            long expected = checked.getChecksum().getValue();
            if (data.readLong() != expected) {
                throw new IOException("checksum differs");
            }
            Header header = JSON.readValue(json, Header.class);
            return new RoundState(
                    header.runKey(),
                    header.rounds(),
                    header.iteration(),
                    header.examples(),
                    theta,
                    updaterState,
                    momentum,
                    header.curve());
        }
    }

    private static int bounded(int count, long most) throws IOException {
        if (count < 0 || count > most) {
            throw new IOException("impossible length " + count);
        }
        return count;
    }

    private static void writeFloats(DataOutputStream out, float[] values) throws IOException {
        out.writeInt(values.length);
        ByteBuffer chunk = ByteBuffer.allocate(Float.BYTES * Math.min(values.length, CHUNK_FLOATS))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < values.length; from += CHUNK_FLOATS) {
            int count = Math.min(CHUNK_FLOATS, values.length - from);
            chunk.asFloatBuffer().put(values, from, count);
            out.write(chunk.array(), 0, Float.BYTES * count);
        }
    }

    private static float[] readFloats(DataInputStream in, long fileLength) throws IOException {
        float[] values = new float[bounded(in.readInt(), fileLength / Float.BYTES)];
        ByteBuffer chunk = ByteBuffer.allocate(Float.BYTES * Math.min(values.length, CHUNK_FLOATS))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < values.length; from += CHUNK_FLOATS) {
            int count = Math.min(CHUNK_FLOATS, values.length - from);
            in.readFully(chunk.array(), 0, Float.BYTES * count);
            chunk.asFloatBuffer().get(values, from, count);
        }
        return values;
    }
}
