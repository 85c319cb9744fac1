package org.ballast.core.mllm;

import com.fasterxml.jackson.databind.ObjectMapper;
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

/** Writes tensors as a safetensors file in float32; the file appears under its name only when it is complete. */
public final class SafeTensorsWriter {
    private static final long CHUNK_BYTES = 1L << 28;

    private SafeTensorsWriter() {}

    /** @param tensors written in the map's order */
    public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        ObjectNode header = new ObjectMapper().createObjectNode();
        header.putObject("__metadata__").put("format", "pt");
        long at = 0;
        for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
            ObjectNode node = header.putObject(e.getKey()).put("dtype", "F32");
            for (long dim : e.getValue().shape()) {
                node.withArray("shape").add(dim);
            }
            if (e.getValue().dim() == 0) {
                node.putArray("shape");
            }
            long bytes = 4 * e.getValue().numel();
            node.putArray("data_offsets").add(at).add(at + bytes);
            at += bytes;
        }
        // spaces up to a multiple of 8 align the data, so that readers can map them
        String json = header.toString();
        int unpadded = json.getBytes(StandardCharsets.UTF_8).length;
        byte[] text = (json + " ".repeat((8 - unpadded % 8) % 8)).getBytes(StandardCharsets.UTF_8);
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try (FileChannel channel = FileChannel.open(
                partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            writeFully(
                    channel,
                    ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(text.length)
                            .flip());
            writeFully(channel, ByteBuffer.wrap(text));
            for (Tensor tensor : tensors.values()) {
                try (PointerScope scope = new PointerScope()) {
                    writeData(channel, tensor.detach().to(ScalarType.Float).contiguous());
                }
            }
            channel.force(true);
        }
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void writeData(FileChannel channel, Tensor tensor) throws IOException {
        long bytes = 4 * tensor.numel();
        for (long from = 0; from < bytes; from += CHUNK_BYTES) {
            Pointer data = tensor.data_ptr();
            BytePointer chunk = new BytePointer(data).capacity(bytes).position(from);
            writeFully(channel, chunk.limit(Math.min(bytes, from + CHUNK_BYTES)).asByteBuffer());
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
