package org.ballast.spark.io;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** Records of figures as the text of a stage's {@code metrics.json}: indented, keys in the order of the records; a number that JSON cannot say is an error. */
public final class MetricsJson {
    /** File in the folder of a stage that measures something. */
    public static final String NAME = "metrics.json";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .disable(JsonGenerator.Feature.QUOTE_NON_NUMERIC_NUMBERS)
            .build();

    private MetricsJson() {}

    /** The JSON text, with a line feed at its end. */
    public static String write(Record metrics) {
        try {
            return JSON.writeValueAsString(metrics) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("metrics cannot be written: " + e.getOriginalMessage(), e);
        }
    }

    /** Reads what {@link #write} wrote; an unknown or missing key is an error that names it and {@code source}. */
    public static <T extends Record> T read(String json, Class<T> type, String source) {
        try {
            return JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(source + ": " + e.getOriginalMessage(), e);
        }
    }
}
