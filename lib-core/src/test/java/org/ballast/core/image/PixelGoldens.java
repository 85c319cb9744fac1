package org.ballast.core.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/** The golden fixtures on the class path: JSON, raw files, and tensors of a safetensors file in plain arrays. */
public record PixelGoldens(JsonNode header, ByteBuffer data) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static byte[] bytes(String name) {
        try (InputStream in = PixelGoldens.class.getResourceAsStream("/goldens/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static JsonNode json(String name) {
        try {
            return JSON.readTree(bytes(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static PixelGoldens open(String name) {
        ByteBuffer file = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
        int headerSize = Math.toIntExact(file.getLong());
        try {
            JsonNode header = JSON.readTree(file.array(), 8, headerSize);
            return new PixelGoldens(header, file.slice(8 + headerSize, file.capacity() - 8 - headerSize));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public int[] shape(String tensor) {
        return JSON.convertValue(entry(tensor).get("shape"), int[].class);
    }

    public byte[] unsigned(String tensor) {
        ByteBuffer raw = raw(tensor, "U8");
        byte[] values = new byte[raw.remaining()];
        raw.get(values);
        return values;
    }

    public float[] floats(String tensor) {
        ByteBuffer raw = raw(tensor, "F32");
        float[] values = new float[raw.remaining() / 4];
        raw.asFloatBuffer().get(values);
        return values;
    }

    public double[] doubles(String tensor) {
        ByteBuffer raw = raw(tensor, "F64");
        double[] values = new double[raw.remaining() / 8];
        raw.asDoubleBuffer().get(values);
        return values;
    }

    public RgbImage image(String tensor) {
        int[] shape = shape(tensor);
        return new RgbImage(shape[1], shape[0], unsigned(tensor));
    }

    private JsonNode entry(String tensor) {
        return Objects.requireNonNull(header.get(tensor), tensor);
    }

    private ByteBuffer raw(String tensor, String type) {
        JsonNode entry = entry(tensor);
        if (!entry.get("dtype").asText().equals(type)) {
            throw new IllegalArgumentException(tensor + " is " + entry.get("dtype") + ", not " + type);
        }
        int start = entry.get("data_offsets").get(0).asInt();
        int end = entry.get("data_offsets").get(1).asInt();
        return data.slice(start, end - start).order(ByteOrder.LITTLE_ENDIAN);
    }
}
