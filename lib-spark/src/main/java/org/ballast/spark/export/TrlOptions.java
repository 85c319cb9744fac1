package org.ballast.spark.export;

import java.io.Serializable;
import java.util.Objects;
import org.ballast.core.data.PairRule;

/**
 * What {@code export --format trl} is asked to do.
 *
 * @param rule which completions form pairs
 * @param wavePairs pairs a wave: the most that a killed run does again
 * @param targetFileBytes size of a Parquet file
 */
public record TrlOptions(PairRule rule, int wavePairs, long targetFileBytes) implements Serializable {
    public TrlOptions {
        Objects.requireNonNull(rule, "rule");
        if (wavePairs < 1 || targetFileBytes < 1) {
            throw new IllegalArgumentException(
                    "export: wave pairs and target file size must be at least 1, were %d and %d"
                            .formatted(wavePairs, targetFileBytes));
        }
    }
}
