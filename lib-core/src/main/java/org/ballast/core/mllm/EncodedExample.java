package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.Objects;

/**
 * One row for supervised training or scoring.
 *
 * @param image null for a row without a picture
 * @param promptIds prompt with the image token already repeated for every image feature
 * @param responseIds what is to be predicted, with its end token
 */
public record EncodedExample(String id, ImageInput image, int[] promptIds, int[] responseIds) implements Serializable {
    public EncodedExample {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(promptIds, () -> "row " + id + ": promptIds");
        Objects.requireNonNull(responseIds, () -> "row " + id + ": responseIds");
    }

    /** @param pixels {@code [channels, side, side]}, normalised, row-major; null for a row without a picture */
    public EncodedExample(String id, float[] pixels, int[] promptIds, int[] responseIds) {
        this(id, ImageInput.ofPixels(pixels), promptIds, responseIds);
    }

    /** The picture's pixels; null where the row has no picture, or only its features. */
    public float[] pixels() {
        return image instanceof ImageInput.Pixels picture ? picture.values() : null;
    }
}
