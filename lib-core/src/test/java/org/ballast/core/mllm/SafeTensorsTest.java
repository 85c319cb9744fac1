package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path dir;

    @Test
    void malformedSafetensorsAreRefusedBeforeTheyAreMapped() throws IOException {
        byte[] good = Files.readAllBytes(Golden.path("adapter/adapter_model.safetensors"));
        Path file = dir.resolve("x.safetensors");
        Files.write(file, Arrays.copyOf(good, good.length - 1));
        assertRefused(file, "lie outside");
        Files.write(file, Arrays.copyOf(good, good.length + 1));
        assertRefused(file, "the file at");
        Files.write(file, new byte[3]);
        assertRefused(file, "3 bytes are too few");
        for (long length : new long[] {-1, Long.MAX_VALUE, good.length, 0, 99_999_999}) {
            byte[] hostile = good.clone();
            ByteBuffer.wrap(hostile).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            Files.write(file, hostile);
            assertRefused(file, "header length " + Long.toUnsignedString(length));
        }
        assertHeader(file, "[]", 0, "no JSON object");
        assertHeader(file, "{\"t\": nope}", 0, "no JSON");
        assertHeader(file, tensor("t", "F32", "[2]", 0, 4), 4, "shape [2] takes 8 bytes, its data are 4");
        assertHeader(file, tensor("t", "F32", "[1]", 0, 8), 4, "lie outside");
        assertHeader(file, tensor("t", "F32", "[-1]", 0, 4), 4, "-1 is no size");
        assertHeader(file, tensor("t", "F32", "[4611686018427387904, 4]", 0, 4), 4, "overflows");
        assertHeader(file, tensor("t", "F7", "[1]", 0, 4), 4, "F7");
        assertHeader(file, tensor("t", "F32", "[1]", 4, 0), 4, "lie outside");
        assertHeader(file, tensor("t", "F32", "[1]", 4, 8), 8, "after a gap");
        String overlap = tensor("a", "F32", "[2]", 0, 8).replace("}}", "}, ")
                + tensor("b", "F32", "[1]", 4, 8).substring(1);
        assertHeader(file, overlap, 8, "b begins at byte");
        String twice = tensor("a", "F32", "[1]", 0, 4).replace("}}", "}, ")
                + tensor("a", "F32", "[1]", 4, 8).substring(1);
        assertHeader(file, twice, 8, "Duplicate");
        assertHeader(file, tensor("t", "F32", "[0, 4611686018427387904, 4]", 0, 0), 0, "overflows");
        assertHeader(file, tensor("t", "F32", "[1.0]", 0, 4), 4, "1.0 is no size");
        assertHeader(file, tensor("t", "F32", "[99999999999999999999]", 0, 4), 4, "is no size");
        assertHeader(file, tensor("t", "F32", "[" + "1,".repeat(32) + "1]", 0, 4), 4, "more than 32 values");
        assertHeader(file, tensor("t", "F32", "[[1]]", 0, 4), 4, "is no size");
        assertHeader(file, tensor("t", "F32", "{}", 0, 4), 4, "shape is no list");
        assertHeader(file, "{\"t\": {\"dtype\": \"F32\", \"shape\": [1]}}", 4, "needs a dtype, a shape and two");
        assertHeader(file, "{\"t\": 3}", 4, "tensor t: is no JSON object");
        assertHeader(file, "{\"t\": {\"x\": " + "[".repeat(50), 4, "depth");
        assertHeader(file, "{\"__metadata__\": " + "{\"a\": ".repeat(50), 4, "depth");
        assertHeader(file, tensor("t", "F32", "[1]", 0, 4) + "{}", 4, "goes on behind");
        assertHeader(file, tensor("t", "F32", "[1]", 0, 4).replace("}}", "}"), 4, "no JSON");
        assertThatThrownBy(() -> SafeTensors.open(dir.resolve("none"))).hasMessageContaining("none");
    }

    /** 20 bytes that promise a header of nearly the longest length, or of the longest, ask for no memory. */
    @Test
    void promisedLengthsAreNotAllocated() {
        for (long length : new long[] {99_999_999, 100_000_000, Long.MAX_VALUE}) {
            byte[] bytes = ByteBuffer.allocate(20)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .array();
            assertThatThrownBy(() -> SafeTensorsHeader.parse(bytes, "x"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage("x: header length " + length + " is not between 2 and 12");
        }
    }

    /** Every byte of a good file changed in turn, and every shorter file: a message or a header, never another exception. */
    @Test
    void damagedHeadersAreRefusedInOneWay() throws IOException {
        byte[] good = Files.readAllBytes(FamiliesTest.family("mistral").resolve("model.safetensors"));
        int header =
                8 + (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(SafeTensorsHeader.parse(good, "x")).hasSize(21);
        int refused = 0;
        for (int i = 0; i < header; i++) {
            byte[] damaged = good.clone();
            damaged[i] ^= 0x15;
            refused += isRefused(damaged) ? 1 : 0;
            assertThat(isRefused(Arrays.copyOf(good, i))).isTrue();
        }
        assertThat(refused).isGreaterThan(header / 2);
    }

    private static boolean isRefused(byte[] content) {
        try {
            SafeTensorsHeader.parse(content, "x");
            return false;
        } catch (CheckpointException e) {
            assertThat(e).hasMessageStartingWith("x: ");
            return true;
        }
    }

    @Test
    void tensorsAreWrittenInTheirTypeInPiecesOfAnySize() throws IOException {
        Path file = dir.resolve("t.safetensors");
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            Tensor values = Tensor.create(new float[] {1, -2.5f, 3e-5f, 65504, 0.1f, -0f}, 2, 3); // [2, 3]
            tensors.put("f32", values);
            tensors.put("f16", values.to(ScalarType.Half));
            tensors.put("bf16", values.to(ScalarType.BFloat16));
            tensors.put("f64", values.to(ScalarType.Double));
            tensors.put("transposed", values.t());
            tensors.put("scalar", Tensor.create(4f).view(new long[0]));
            tensors.put("empty", Tensor.create(new float[0], 0, 3));
            for (long chunk : new long[] {1, 7, 1 << 20}) {
                SafeTensorsWriter.write(file, tensors, chunk);
                try (SafeTensors read = SafeTensors.open(file)) {
                    assertThat(read.names()).containsExactlyElementsOf(tensors.keySet());
                    tensors.forEach((name, expected) -> {
                        Tensor actual = read.tensor(name);
                        boolean isDouble = name.equals("f64");
                        assertThat(actual.scalar_type().intern())
                                .isEqualTo(
                                        isDouble
                                                ? ScalarType.Float
                                                : expected.scalar_type().intern());
                        assertThat(actual.equal(expected.to(actual.scalar_type().intern())))
                                .as(name)
                                .isTrue();
                    });
                }
            }
        }
    }

    /** Three tensors of 2.4 GB each, expanded from one element. */
    @Test
    void offsetsGoBeyondTwoGigabytes() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Tensor wide = torch.zeros(1).expand(600_000_000L); // [600,000,000]
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("a", wide);
            tensors.put("b", wide);
            tensors.put("c", torch.zeros(1).to(ScalarType.BFloat16).expand(1_200_000_000L));
            JsonNode header = JSON.readTree(SafeTensorsWriter.header(tensors));
            assertThat(header.at("/b/data_offsets").toString()).isEqualTo("[2400000000,4800000000]");
            assertThat(header.at("/c/data_offsets").toString()).isEqualTo("[4800000000,7200000000]");
            assertThat(header.at("/c/dtype").asText()).isEqualTo("BF16");
        }
    }

    @Test
    void unalignedDataAndHalfPrecisionAreRead() throws IOException {
        Path file = dir.resolve("odd.safetensors");
        String header =
                "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]},"
                        + "\"h\":{\"dtype\":\"BF16\",\"shape\":[1,1],\"data_offsets\":[5,7]}}";
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + 7).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text).put((byte) 9).putFloat(1.5f).putShort((short) 0x3fc0);
        Files.write(file, bytes.array());
        try (PointerScope scope = new PointerScope();
                SafeTensors tensors = SafeTensors.open(file)) {
            assertThat(tensors.tensor("f").item_float()).isEqualTo(1.5f);
            assertThat(tensors.tensor("h").to(ScalarType.Float).item_float()).isEqualTo(1.5f);
            assertThat(tensors.tensor("b").add(new Scalar(0)).item_int()).isEqualTo(9);
            assertThat(tensors.tensor("h").shape()).containsExactly(1, 1);
        }
    }

    private static String tensor(String name, String type, String shape, long begin, long end) {
        return "{\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}}"
                .formatted(name, type, shape, begin, end);
    }

    private static void assertHeader(Path file, String header, int data, String message) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + data).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, bytes.putLong(text.length).put(text).array());
        assertRefused(file, message);
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }
}
