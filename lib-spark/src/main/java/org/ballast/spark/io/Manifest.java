package org.ballast.spark.io;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.util.StdConverter;
import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.ballast.core.data.RowAccount;

/**
 * What manifest.json holds: the record of a finished stage.
 *
 * @param run the header of the run
 * @param configuration resolved configuration as a JSON object, secrets redacted
 * @param codeVersion recorded, not part of {@link #digest()}
 * @param models digest of each model by its role
 * @param seeds each seed by its name
 * @param rows in, out and quarantined
 * @param metrics finite figures by name
 * @param durationsMillis wall-clock time by phase
 * @param parent the run whose output this one updated; null for a run that began anew
 */
public record Manifest(
        RunHeader run,
        @JsonRawValue @JsonDeserialize(converter = Manifest.AsText.class) String configuration,
        String codeVersion,
        Map<String, String> models,
        Map<String, Long> seeds,
        RowAccount rows,
        Map<String, Double> metrics,
        Map<String, Long> durationsMillis,
        Parent parent)
        implements Serializable {
    /**
     * A finished run, as its manifest names it.
     *
     * @param digest {@link Manifest#digest()}
     */
    public record Parent(String runId, String digest) implements Serializable {}

    /** The record of a run that began anew. */
    public Manifest(
            RunHeader run,
            String configuration,
            String codeVersion,
            Map<String, String> models,
            Map<String, Long> seeds,
            RowAccount rows,
            Map<String, Double> metrics,
            Map<String, Long> durationsMillis) {
        this(run, configuration, codeVersion, models, seeds, rows, metrics, durationsMillis, null);
    }

    @JsonCreator
    public Manifest {
        if (run == null || configuration == null || codeVersion == null || rows == null) {
            throw new IllegalArgumentException("manifest needs run, configuration, code version and rows");
        }
        configuration = canonical(configuration);
        models = sorted(models);
        seeds = sorted(seeds);
        metrics = sorted(metrics);
        durationsMillis = sorted(durationsMillis);
        metrics.forEach((name, value) -> {
            if (value == null || !Double.isFinite(value)) {
                throw new IllegalArgumentException(
                        "metric '%s' of stage '%s' must be finite, was %s".formatted(name, run.stage(), value));
            }
        });
    }

    /** {@link RunHeader#digest()}: what identifies the output; later stages name it as their input. */
    public String digest() {
        return run.digest();
    }

    /** This record with the run whose output was updated. */
    Manifest withParent(Parent updated) {
        return new Manifest(run, configuration, codeVersion, models, seeds, rows, metrics, durationsMillis, updated);
    }

    private static String canonical(String configuration) {
        try {
            JsonNode tree = Json.read(configuration, JsonNode.class);
            if (!tree.isObject()) {
                throw new IllegalArgumentException("configuration must be a JSON object, was " + configuration);
            }
            return tree.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("configuration is no JSON: " + configuration, e);
        }
    }

    private static <V> Map<String, V> sorted(Map<String, V> map) {
        return Collections.unmodifiableMap(new TreeMap<>(map));
    }

    /** Keeps the configuration as text when it stands as an object in the file. */
    static final class AsText extends StdConverter<JsonNode, String> {
        @Override
        public String convert(JsonNode tree) {
            return tree.toString();
        }
    }
}
