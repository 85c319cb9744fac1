package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.Objects;

/**
 * One row for supervised training or scoring.
 *
 * @param pixels {@code [channels, side, side]}, normalised, row-major; null for a row without a picture
 * @param promptIds prompt with the image token already repeated for every image feature
 * @param responseIds what is to be predicted, with its end token
 */
public record EncodedExample(String id, float[] pixels, int[] promptIds, int[] responseIds) implements Serializable {
    public EncodedExample {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(promptIds, () -> "row " + id + ": promptIds");
        Objects.requireNonNull(responseIds, () -> "row " + id + ": responseIds");
    }
}
