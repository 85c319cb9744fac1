package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.Objects;

/**
 * One preference: two responses to the same prompt and picture.
 *
 * @param image null for a row without a picture
 * @param promptIds prompt with the image token already repeated for every image feature
 * @param referenceChosen log-probability of the chosen response under the reference model, summed over its tokens, in nats
 * @param referenceRejected the same of the rejected response
 */
public record EncodedPair(
        String id,
        ImageInput image,
        int[] promptIds,
        int[] chosenIds,
        int[] rejectedIds,
        double referenceChosen,
        double referenceRejected)
        implements Serializable {
    public EncodedPair {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(promptIds, () -> "row " + id + ": promptIds");
        Objects.requireNonNull(chosenIds, () -> "row " + id + ": chosenIds");
        Objects.requireNonNull(rejectedIds, () -> "row " + id + ": rejectedIds");
        if (!Double.isFinite(referenceChosen) || !Double.isFinite(referenceRejected)) {
            throw new IllegalArgumentException("row " + id + ": reference log-probabilities " + referenceChosen
                    + " and " + referenceRejected + " must be finite");
        }
    }

    /** @param pixels {@code [channels, side, side]}, normalised, row-major; null for a row without a picture */
    public EncodedPair(
            String id,
            float[] pixels,
            int[] promptIds,
            int[] chosenIds,
            int[] rejectedIds,
            double referenceChosen,
            double referenceRejected) {
        this(id, ImageInput.ofPixels(pixels), promptIds, chosenIds, rejectedIds, referenceChosen, referenceRejected);
    }
}
