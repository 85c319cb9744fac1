package org.ballast.spark.shape;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Rows in their shape.
 *
 * @param rows all that came in, with {@code split}, {@code reason} and {@code message} as decided
 * @param figures for the manifest, by name
 */
public record Shaped(Dataset<Row> rows, Map<String, Double> figures) {
    public Shaped {
        figures = Collections.unmodifiableMap(new TreeMap<>(figures));
    }
}
