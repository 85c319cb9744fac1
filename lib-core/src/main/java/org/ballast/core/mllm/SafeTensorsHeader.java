package org.ballast.core.mllm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.mllm.SafeTensors.Entry;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The head of a safetensors file: eight bytes of length (little endian), then as many bytes of JSON. It is read as a stream, so that what it takes is bounded by
 * what it holds, and checked whole: every tensor lies inside the file and is as long as its shape says, and the tensors cover the data without overlap or gap.
 */
final class SafeTensorsHeader {
    /** Longest header that is read, as in the reference implementation. */
    static final long MAX_BYTES = 100_000_000;

    private static final int MAX_DIMENSIONS = 32;
    private static final int MAX_DEPTH = 8;

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final String file;
    private final long dataStart;
    private final long size;

    private SafeTensorsHeader(String file, long dataStart, long size) {
        this.file = file;
        this.dataStart = dataStart;
        this.size = size;
    }

    /**
     * Tensors by name, in the order of their data.
     *
     * @param content the whole file
     * @param file what messages call it
     */
    static Map<String, Entry> parse(byte[] content, String file) {
        try {
            return read(new ByteArrayInputStream(content), content.length, file);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    /**
     * The same of a stream that stands at the file's first byte; it is read up to the header's end at most.
     *
     * @param size length of the whole file, bytes
     */
    static Map<String, Entry> read(InputStream content, long size, String file) throws IOException {
        byte[] first = content.readNBytes(8);
        if (size < 8 || first.length < 8) {
            throw new CheckpointException(file + ": " + size + " bytes are too few for a safetensors file");
        }
        long length = ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > MAX_BYTES || length > size - 8) {
            throw new CheckpointException(file + ": header length " + Long.toUnsignedString(length)
                    + " is not between 2 and " + Math.min(MAX_BYTES, size - 8));
        }
        SafeTensorsHeader header = new SafeTensorsHeader(file, 8 + length, size);
        return header.inOrder(header.entries(new Bounded(content, length)));
    }

    private List<Entry> entries(InputStream json) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new CheckpointException(file + ": header is no JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                if (name.equals("__metadata__")) {
                    parser.skipChildren();
                } else {
                    entries.add(entry(name, parser));
                }
            }
            if (parser.nextToken() != null) {
                throw new CheckpointException(file + ": header goes on behind its JSON object");
            }
        } catch (IOException e) {
            throw new CheckpointException(file + ": header is no JSON: " + e.getMessage(), e);
        }
        return entries;
    }

    private Entry entry(String name, JsonParser parser) throws IOException {
        String where = file + ": tensor " + name + ": ";
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new CheckpointException(where + "is no JSON object");
        }
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "dtype" -> dtype = parser.getText();
                case "shape" -> shape = sizes(where + key, parser, MAX_DIMENSIONS);
                case "data_offsets" -> offsets = sizes(where + key, parser, 2);
                default -> parser.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw new CheckpointException(where + "needs a dtype, a shape and two data_offsets, has " + dtype + ", "
                    + Arrays.toString(shape) + ", " + Arrays.toString(offsets));
        }
        return entry(where, name, dtype, shape, offsets[0], offsets[1]);
    }

    private Entry entry(String where, String name, String dtype, long[] shape, long begin, long end) {
        ScalarType type = type(dtype);
        if (type == null) {
            throw new CheckpointException(where + "dtype " + dtype + " is not supported");
        }
        if (begin > end || end > size - dataStart) {
            throw new CheckpointException(where + "data_offsets [" + begin + ", " + end + "] lie outside the "
                    + (size - dataStart) + " bytes of data");
        }
        long expected;
        try {
            // a dimension of 0 must not hide others that no reader can stride over
            Shapes.elements(Arrays.stream(shape).map(n -> Math.max(1, n)).toArray());
            expected = Math.multiplyExact(Shapes.elements(shape), (long) SafeTensors.width(type));
        } catch (ArithmeticException e) {
            throw new CheckpointException(where + "shape " + Arrays.toString(shape) + " overflows", e);
        }
        if (expected != end - begin) {
            throw new CheckpointException(where + "shape " + Arrays.toString(shape) + " takes " + expected
                    + " bytes, its data are " + (end - begin));
        }
        return new Entry(name, type, shape, dataStart + begin, dataStart + end);
    }

    private static long[] sizes(String where, JsonParser parser, int most) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new CheckpointException(where + " is no list");
        }
        long[] values = new long[most];
        int n = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (n == most) {
                throw new CheckpointException(where + " has more than " + most + " values");
            }
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                    || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    || parser.getLongValue() < 0) {
                throw new CheckpointException(where + ": " + parser.getText() + " is no size");
            }
            values[n++] = parser.getLongValue();
        }
        return Arrays.copyOf(values, n);
    }

    private Map<String, Entry> inOrder(List<Entry> list) {
        list.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        Map<String, Entry> entries = new LinkedHashMap<>();
        long at = dataStart;
        for (Entry entry : list) {
            if (entry.begin() != at) {
                throw new CheckpointException(file + ": tensor " + entry.name() + " begins at byte " + entry.begin()
                        + (entry.begin() < at ? ", inside the tensor before it" : ", after a gap") + " (expected " + at
                        + ")");
            }
            at = entry.end();
            entries.put(entry.name(), entry);
        }
        if (at != size) {
            throw new CheckpointException(file + ": the tensors end at byte " + at + ", the file at " + size);
        }
        return Collections.unmodifiableMap(entries);
    }

    private static ScalarType type(String name) {
        return switch (name) {
            case "F64" -> ScalarType.Double;
            case "F32" -> ScalarType.Float;
            case "F16" -> ScalarType.Half;
            case "BF16" -> ScalarType.BFloat16;
            case "I64" -> ScalarType.Long;
            case "I32" -> ScalarType.Int;
            case "I16" -> ScalarType.Short;
            case "I8" -> ScalarType.Char;
            case "U8" -> ScalarType.Byte;
            case "BOOL" -> ScalarType.Bool;
            default -> null;
        };
    }

    /** The first bytes of a stream. */
    private static final class Bounded extends InputStream {
        private final InputStream in;
        private long left;

        Bounded(InputStream in, long length) {
            this.in = in;
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int n = in.read(into, from, (int) Math.min(left, length));
            left -= Math.max(0, n);
            return n;
        }
    }
}
