package org.ballast.core.mllm.generate;

import java.io.Serializable;
import java.util.Objects;

/**
 * One prompt to be answered.
 *
 * @param id names the row, and seeds its draws
 * @param promptIds prompt with the image token already repeated for every image feature
 * @param pixels {@code [channels, side, side]}, normalised; null for a prompt without a picture, or where only the weakened one is asked for
 * @param weakenedPixels the same picture weakened; null where no contrast is asked for
 * @param maxTokens most new tokens of this row; 0: as the options have it
 */
@SuppressWarnings("ArrayRecordComponent")
public record GenerationRequest(String id, int[] promptIds, float[] pixels, float[] weakenedPixels, int maxTokens)
        implements Serializable {
    public GenerationRequest {
        Objects.requireNonNull(id, "id");
        if (promptIds.length == 0) {
            throw new IllegalArgumentException("row " + id + ": the prompt is empty");
        }
        if (maxTokens < 0) {
            throw new IllegalArgumentException("row " + id + ": maxTokens must be at least 0, is " + maxTokens);
        }
    }

    /** A request with the limit of the options. */
    public GenerationRequest(String id, int[] promptIds, float[] pixels, float[] weakenedPixels) {
        this(id, promptIds, pixels, weakenedPixels, 0);
    }

    public GenerationRequest withMaxTokens(int other) {
        return new GenerationRequest(id, promptIds, pixels, weakenedPixels, other);
    }
}
