package org.ballast.core.image.vp8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The constants of the format, from the resource {@code tables.txt}. */
final class Tables {
    static final int BANDS = 8;
    static final int CONTEXTS = 3;
    static final int NODES = 11;
    static final int MODES = 10;
    static final int MODE_NODES = 9;

    private static final Map<String, int[]> BY_NAME = read();

    /** {@code [128]} by quantizer index. */
    static final int[] DC_QUANTIZERS = table("dc_quantizers", 128);

    static final int[] AC_QUANTIZERS = table("ac_quantizers", 128);
    /** {@code [above mode, left mode, node]}. */
    static final int[] MODE_PROBABILITIES = table("mode_probabilities", MODES * MODES * MODE_NODES);
    /** {@code [block type, band, context, node]}. */
    static final int[] COEFFICIENT_PROBABILITIES = table("coefficient_probabilities", 4 * BANDS * CONTEXTS * NODES);

    static final int[] COEFFICIENT_UPDATES = table("coefficient_updates", 4 * BANDS * CONTEXTS * NODES);

    private Tables() {}

    private static int[] table(String name, int size) {
        int[] table = Objects.requireNonNull(BY_NAME.get(name), name);
        if (table.length != size) {
            throw new IllegalStateException(name + " has " + table.length + " values, not " + size);
        }
        return table;
    }

    private static Map<String, int[]> read() {
        Map<String, int[]> tables = new HashMap<>();
        try (InputStream in = Tables.class.getResourceAsStream("tables.txt");
                var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            String name = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (Character.isDigit(line.charAt(0))) {
                    int[] row = Arrays.stream(line.split(" "))
                            .mapToInt(Integer::parseInt)
                            .toArray();
                    tables.merge(name, row, Tables::joined);
                } else if (line.charAt(0) != '#') {
                    name = line;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tables;
    }

    private static int[] joined(int[] first, int[] second) {
        int[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }
}
