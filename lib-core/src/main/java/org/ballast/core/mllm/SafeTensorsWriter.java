package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Writes tensors as a safetensors file: float32, float16 and bfloat16 as they are, all other types as float32. The file appears under its name only when it is
 * complete.
 */
public final class SafeTensorsWriter {
    private static final long CHUNK_BYTES = 1L << 28;

    private SafeTensorsWriter() {}

    /** @param tensors written in the map's order */
    public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        write(file, tensors, CHUNK_BYTES);
    }

    static void write(Path file, Map<String, Tensor> tensors, long chunkBytes) throws IOException {
        byte[] header = header(tensors);
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try (FileChannel channel = FileChannel.open(
                partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            writeFully(
                    channel,
                    ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(header.length)
                            .flip());
            writeFully(channel, ByteBuffer.wrap(header));
            for (Tensor tensor : tensors.values()) {
                try (PointerScope scope = new PointerScope()) {
                    Tensor stored = tensor.detach().cpu().to(type(tensor)).contiguous(); // shape of the tensor
                    writeData(channel, stored, bytes(tensor), chunkBytes);
                }
            }
            channel.force(true);
        }
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    static byte[] header(Map<String, Tensor> tensors) {
        ObjectNode header = new ObjectMapper().createObjectNode();
        header.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
            ObjectNode node = header.putObject(e.getKey()).put("dtype", name(type(e.getValue())));
            ArrayNode shape = node.putArray("shape");
            for (long dim : e.getValue().shape()) {
                shape.add(dim);
            }
            long bytes = bytes(e.getValue());
            node.putArray("data_offsets").add(at).add(at + bytes);
            at += bytes;
        }
        // spaces up to a multiple of 8 align the data, so that readers can map them
        String json = header.toString();
        int unpadded = json.getBytes(StandardCharsets.UTF_8).length;
        return (json + " ".repeat((8 - unpadded % 8) % 8)).getBytes(StandardCharsets.UTF_8);
    }

    private static ScalarType type(Tensor tensor) {
        ScalarType type = tensor.scalar_type().intern();
        return type == ScalarType.Half || type == ScalarType.BFloat16 ? type : ScalarType.Float;
    }

    private static String name(ScalarType type) {
        return switch (type) {
            case Half -> "F16";
            case BFloat16 -> "BF16";
            default -> "F32";
        };
    }

    private static long bytes(Tensor tensor) {
        return SafeTensors.width(type(tensor)) * tensor.numel();
    }

    private static void writeData(FileChannel channel, Tensor tensor, long bytes, long chunkBytes) throws IOException {
        for (long from = 0; from < bytes; from += chunkBytes) {
            Pointer data = tensor.data_ptr();
            BytePointer chunk = new BytePointer(data).capacity(bytes).position(from);
            writeFully(channel, chunk.limit(Math.min(bytes, from + chunkBytes)).asByteBuffer());
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
