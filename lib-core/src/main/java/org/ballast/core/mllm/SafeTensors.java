package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.from_file;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A safetensors file, memory-mapped: eight bytes of header length (little endian), a JSON header, the tensors' bytes. The header is checked before
 * anything is mapped. Processes on one host share the pages. The file must not be changed while it is open.
 *
 * <p>Source: the format's description in huggingface/safetensors.
 */
public final class SafeTensors implements AutoCloseable {
    /** Where a tensor lies; offsets are counted from the start of the file. */
    record Entry(String name, ScalarType type, long[] shape, long begin, long end) {
        boolean isFloating() {
            return type == ScalarType.Float || type == ScalarType.Half || type == ScalarType.BFloat16;
        }
    }

    private final Path file;
    private final Map<String, Entry> entries;
    private final Tensor bytes;

    private SafeTensors(Path file, Map<String, Entry> entries, Tensor bytes) {
        this.file = file;
        this.entries = entries;
        this.bytes = bytes;
    }

    /** @throws CheckpointException naming the file and the tensor that is wrong */
    public static SafeTensors open(Path file) {
        try (FileChannel channel = FileChannel.open(file);
                PointerScope scope = new PointerScope()) {
            long size = channel.size();
            Map<String, Entry> entries =
                    SafeTensorsHeader.read(Channels.newInputStream(channel), size, file.toString());
            Tensor bytes = from_file(
                    file.toString(),
                    new BoolOptional(false),
                    new LongOptional(size),
                    new TensorOptions(ScalarType.Byte)); // [file size]
            bytes.retainReference();
            return new SafeTensors(file, entries, bytes);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    static int width(ScalarType type) {
        return switch (type) {
            case Double, Long -> 8;
            case Float, Int -> 4;
            case Half, BFloat16, Short -> 2;
            default -> 1;
        };
    }

    public Path file() {
        return file;
    }

    /** Names of the tensors, in the order of their data. */
    public Set<String> names() {
        return entries.keySet();
    }

    Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new CheckpointException(file + ": tensor " + name + " is missing");
        }
        return entry;
    }

    /**
     * A tensor in its stored type: a view of the mapped file, copied only where the file does not align it. Belongs to the caller's
     * {@link PointerScope}; it stays valid after {@link #close}.
     */
    public Tensor tensor(String name) {
        Entry entry = entry(name);
        Tensor raw = bytes.narrow(0, entry.begin(), entry.end() - entry.begin()); // [bytes]
        if (entry.begin() % width(entry.type()) != 0) {
            raw = raw.clone();
        }
        return raw.view(entry.type()).view(entry.shape()); // shape of the entry
    }

    @Override
    public void close() {
        bytes.releaseReference();
    }
}
