package org.ballast.core.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Reads the golden fixtures of the math ({@code goldens/math/README.md}) and compares at their stated tolerance. */
public final class MathGoldens {
    private static final ObjectMapper JSON = new ObjectMapper();

    private MathGoldens() {}

    public static JsonNode json(String file) {
        try {
            return JSON.readTree(bytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A safetensors file of F64 and I64 tensors. */
    public static Tensors tensors(String file) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[Math.toIntExact(buffer.getLong())];
        buffer.get(header);
        try {
            return new Tensors(JSON.readTree(header), buffer.slice().order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tensors by name, row-major. */
    public record Tensors(JsonNode header, ByteBuffer data) {
        public double[] values(String name) {
            JsonNode entry = entry(name);
            int begin = entry.get("data_offsets").get(0).intValue();
            double[] values = new double[(entry.get("data_offsets").get(1).intValue() - begin) / Double.BYTES];
            boolean integers = entry.get("dtype").textValue().equals("I64");
            for (int i = 0; i < values.length; i++) {
                int at = begin + i * Double.BYTES;
                values[i] = integers ? data.getLong(at) : data.getDouble(at);
            }
            return values;
        }

        public double[][] matrix(String name) {
            double[] values = values(name);
            int columns = entry(name).get("shape").get(1).intValue();
            double[][] rows = new double[values.length / columns][columns];
            for (int i = 0; i < values.length; i++) {
                rows[i / columns][i % columns] = values[i];
            }
            return rows;
        }

        private JsonNode entry(String name) {
            JsonNode entry = header.get(name);
            assertThat(entry).as("tensor %s", name).isNotNull();
            return entry;
        }
    }

    private static byte[] bytes(String file) {
        try (InputStream in = MathGoldens.class.getResourceAsStream("/goldens/math/" + file)) {
            assertThat(in).as("fixture %s", file).isNotNull();
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    public static double[] doubles(JsonNode array) {
        return stream(array).mapToDouble(JsonNode::doubleValue).toArray();
    }

    public static int[] ints(JsonNode array) {
        return stream(array).mapToInt(JsonNode::intValue).toArray();
    }

    public static double[][] rows(JsonNode array) {
        return stream(array).map(MathGoldens::doubles).toArray(double[][]::new);
    }

    public static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        array.forEach(node -> strings.add(node.textValue()));
        return strings;
    }

    /** |a - b| {@code <=} 1e-10 + 1e-9 |b|; JSON null stands for an undefined value. */
    public static void assertClose(String what, Double actual, JsonNode expected) {
        assertThat(expected).as("golden of %s", what).isNotNull();
        if (expected.isNull()) {
            assertThat(actual).as(what).isNull();
        } else {
            assertThat(actual).as(what).isNotNull();
            assertClose(what, actual.doubleValue(), expected.doubleValue());
        }
    }

    public static void assertClose(String what, double actual, double expected) {
        assertClose(what, actual, expected, 1e-10, 1e-9);
    }

    public static void assertClose(String what, double actual, double expected, double absolute, double relative) {
        assertThat(Math.abs(actual - expected))
                .as("%s: %s, expected %s", what, actual, expected)
                .isLessThanOrEqualTo(absolute + relative * Math.abs(expected));
    }

    public static void assertClose(String what, double[] actual, double[] expected) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertClose(what + "[" + i + "]", actual[i], expected[i]);
        }
    }
}
