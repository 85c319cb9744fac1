package org.ballast.core.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * What a vision tower made of a picture, before the projector: table {@code vision_features}, key {@code image_id}, {@code model}.
 *
 * @param model digest of the checkpoint, and how the picture was read and the tower computed
 * @param tokens image tokens of the picture
 * @param size numbers of a token
 * @param features {@code [tokens, size]}, row-major; taken and returned without a copy, not to be changed
 */
public record VisionFeature(String imageId, String model, int tokens, int size, float[] features)
        implements Serializable {
    private static final String TABLE = "vision feature";

    public VisionFeature {
        Rows.requireText(imageId, TABLE, imageId, "image_id");
        Rows.requireText(model, TABLE, imageId, "model");
        Rows.require(tokens > 0, TABLE, imageId, "tokens", tokens, "must be above 0");
        Rows.require(size > 0, TABLE, imageId, "size", size, "must be above 0");
        Rows.require(
                features != null && features.length == (long) tokens * size,
                TABLE,
                imageId,
                "features",
                features == null ? "none" : features.length + " numbers",
                "must be tokens * size = " + tokens + " * " + size + " numbers");
        for (int i = 0; i < features.length; i++) {
            Rows.require(
                    Float.isFinite(features[i]), TABLE, imageId, "features[" + i + "]", features[i], "must be finite");
        }
    }

    /** Two rows are equal when all columns are, the features by content. */
    @Override
    public boolean equals(Object other) {
        return other instanceof VisionFeature that
                && imageId.equals(that.imageId)
                && model.equals(that.model)
                && tokens == that.tokens
                && size == that.size
                && Arrays.equals(features, that.features);
    }

    @Override
    public int hashCode() {
        return Objects.hash(imageId, model, tokens, size, Arrays.hashCode(features));
    }
}
