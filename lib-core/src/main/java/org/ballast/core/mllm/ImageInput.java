package org.ballast.core.mllm;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/** A picture as the model takes it. Equal by content, so that a picture that stands in several rows is computed once. */
public sealed interface ImageInput extends Serializable {
    /** The numbers that stand for the picture, row-major. */
    float[] values();

    /** How many numbers a model of this configuration expects. */
    int expected(LlavaConfig config);

    /** What the numbers are, for messages. */
    String unit();

    /** @return null for null: a row without a picture */
    static ImageInput ofPixels(float[] pixels) {
        return pixels == null ? null : new Pixels(pixels);
    }

    /** @param values {@code [channels, side, side]}, normalised */
    record Pixels(float[] values) implements ImageInput {
        public Pixels {
            Objects.requireNonNull(values, "pixels");
        }

        @Override
        public int expected(LlavaConfig config) {
            return config.pixels();
        }

        @Override
        public String unit() {
            return "pixel values";
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Pixels that && Arrays.equals(values, that.values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    /**
     * What the vision tower made of a picture, as {@link VisionFeatures} gives it: the tower is not run again.
     *
     * @param values {@code [imageTokens, feature width]}, before the projector
     */
    record Features(float[] values) implements ImageInput {
        public Features {
            Objects.requireNonNull(values, "features");
        }

        @Override
        public int expected(LlavaConfig config) {
            return Math.multiplyExact(config.imageTokens(), config.visionFeatureSize());
        }

        @Override
        public String unit() {
            return "feature values";
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Features that && Arrays.equals(values, that.values);
        }

        @Override
        public int hashCode() {
            return ~Arrays.hashCode(values);
        }
    }
}
