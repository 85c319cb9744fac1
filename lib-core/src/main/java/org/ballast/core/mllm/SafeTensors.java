package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.from_file;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
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
 * anything is mapped: its length, that every tensor lies inside the file and is as long as its shape says, and that the tensors cover the
 * data without overlap or gap. Processes on one host share the pages. The file must not be changed while it is open.
 *
 * <p>Source: the format's description in huggingface/safetensors.
 */
public final class SafeTensors implements AutoCloseable {
    /** Longest header that is read, as in the reference implementation. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

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
            Map<String, Entry> entries = header(file, channel, size);
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

    private static Map<String, Entry> header(Path file, FileChannel channel, long size) throws IOException {
        if (size < 8) {
            throw new CheckpointException(file + ": " + size + " bytes are too few for a safetensors file");
        }
        long length = read(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > MAX_HEADER_BYTES || length > size - 8) {
            throw new CheckpointException(file + ": header length " + Long.toUnsignedString(length)
                    + " is not between 2 and " + Math.min(MAX_HEADER_BYTES, size - 8));
        }
        JsonNode root;
        try {
            root = JSON.readTree(read(channel, 8, (int) length).array());
        } catch (IOException e) {
            throw new CheckpointException(file + ": header is no JSON: " + e.getMessage(), e);
        }
        if (!root.isObject()) {
            throw new CheckpointException(file + ": header is no JSON object");
        }
        long dataStart = 8 + length;
        List<Entry> list = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (!field.getKey().equals("__metadata__")) {
                list.add(entry(file, field.getKey(), field.getValue(), dataStart, size));
            }
        }
        list.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long at = dataStart;
        for (Entry entry : list) {
            if (entry.begin() != at) {
                throw new CheckpointException(file + ": tensor " + entry.name() + " begins at byte " + entry.begin()
                        + (entry.begin() < at ? ", inside the tensor before it" : ", after a gap") + " (expected " + at
                        + ")");
            }
            at = entry.end();
        }
        if (at != size) {
            throw new CheckpointException(file + ": the tensors end at byte " + at + ", the file at " + size);
        }
        Map<String, Entry> entries = new LinkedHashMap<>();
        list.forEach(e -> entries.put(e.name(), e));
        return Collections.unmodifiableMap(entries);
    }

    private static Entry entry(Path file, String name, JsonNode node, long dataStart, long size) {
        String where = file + ": tensor " + name + ": ";
        ScalarType type = type(node.path("dtype").asText(""));
        if (type == null) {
            throw new CheckpointException(where + "dtype " + node.path("dtype") + " is not supported");
        }
        JsonNode dims = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!dims.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw new CheckpointException(where + "needs a shape and two data_offsets, has " + node);
        }
        long[] shape = new long[dims.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = natural(where, dims.get(i));
        }
        long begin = natural(where, offsets.get(0));
        long end = natural(where, offsets.get(1));
        if (begin > end || end > size - dataStart) {
            throw new CheckpointException(where + "data_offsets [" + begin + ", " + end + "] lie outside the "
                    + (size - dataStart) + " bytes of data");
        }
        long expected;
        try {
            expected = Math.multiplyExact(Shapes.elements(shape), (long) width(type));
        } catch (ArithmeticException e) {
            throw new CheckpointException(where + "shape " + dims + " overflows", e);
        }
        if (expected != end - begin) {
            throw new CheckpointException(
                    where + "shape " + dims + " takes " + expected + " bytes, its data are " + (end - begin));
        }
        return new Entry(name, type, shape, dataStart + begin, dataStart + end);
    }

    private static long natural(String where, JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw new CheckpointException(where + node + " is no size");
        }
        return node.longValue();
    }

    private static ByteBuffer read(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new IOException("ends at byte " + (position + buffer.position()));
            }
        }
        return buffer.flip();
    }

    private static ScalarType type(String name) {
        return switch (name) {
            case "F64" -> ScalarType.Double;
            case "F32" -> ScalarType.Float;
            case "F16" -> ScalarType.Half;
            case "BF16" -> ScalarType.BFloat16;
            case "I64" -> ScalarType.Long;
            case "I32" -> ScalarType.Int;
            case "U8" -> ScalarType.Byte;
            default -> null;
        };
    }

    private static int width(ScalarType type) {
        return switch (type) {
            case Double, Long -> 8;
            case Float, Int -> 4;
            case Half, BFloat16 -> 2;
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
