package org.ballast.core.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * Pooled features of a picture under a model: table {@code features}, key {@code image_id}, {@code model}.
 *
 * @param model digest of the model and its preprocessing
 * @param imageFeature {@code [dim]}; taken and returned without a copy, not to be changed
 * @param textFeature {@code [dim]} of the caption, null when there is none
 */
public record Feature(String imageId, String model, float[] imageFeature, float[] textFeature) implements Serializable {
    public Feature {
        Rows.requireText(imageId, "feature", imageId, "image_id");
        Rows.requireText(model, "feature", imageId, "model");
        Rows.require(
                imageFeature != null && imageFeature.length > 0,
                "feature",
                imageId,
                "image_feature",
                "none",
                "must not be empty");
        requireFinite(imageFeature, imageId, "image_feature");
        if (textFeature != null) {
            requireFinite(textFeature, imageId, "text_feature");
        }
    }

    private static void requireFinite(float[] values, String imageId, String field) {
        for (int i = 0; i < values.length; i++) {
            Rows.require(
                    Float.isFinite(values[i]), "feature", imageId, field + "[" + i + "]", values[i], "must be finite");
        }
    }

    /** Two rows are equal when all columns are, the features by content. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Feature that
                && imageId.equals(that.imageId)
                && model.equals(that.model)
                && Arrays.equals(imageFeature, that.imageFeature)
                && Arrays.equals(textFeature, that.textFeature);
    }

    @Override
    public int hashCode() {
        return Objects.hash(imageId, model, Arrays.hashCode(imageFeature), Arrays.hashCode(textFeature));
    }
}
