package org.ballast.spark.shape;

import java.io.Serializable;
import java.util.Objects;

/**
 * What {@code reshape} is asked to do.
 *
 * @param maxFailureRate share of rows in quarantine above which the job fails, 0 to 1
 * @param targetFileBytes size of a Parquet file before compression
 */
public record ReshapeOptions(ShapeOptions shape, double maxFailureRate, long targetFileBytes) implements Serializable {
    public ReshapeOptions {
        Objects.requireNonNull(shape, "shape");
        if (!(maxFailureRate >= 0 && maxFailureRate <= 1)) {
            throw new IllegalArgumentException("reshape: max failure rate must be in [0, 1], was " + maxFailureRate);
        }
        if (targetFileBytes < 1) {
            throw new IllegalArgumentException(
                    "reshape: target file size must be at least 1 byte, was " + targetFileBytes);
        }
    }
}
