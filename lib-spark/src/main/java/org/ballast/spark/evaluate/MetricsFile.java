package org.ballast.spark.evaluate;

import org.ballast.spark.io.MetricsJson;

/** {@link Metrics} as the text of an evaluation's {@code metrics.json}. */
public final class MetricsFile {
    public static final String NAME = MetricsJson.NAME;

    private MetricsFile() {}

    /** The JSON text, with a line feed at its end. */
    public static String write(Metrics metrics) {
        return MetricsJson.write(metrics);
    }

    /** Reads what {@link #write} wrote; an unknown or missing key is an error that names it and {@code source}. */
    public static Metrics read(String json, String source) {
        return MetricsJson.read(json, Metrics.class, source);
    }
}
