package org.ballast.spark.examples;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.ballast.core.image.ClipPreprocessor;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.image.RgbImage;
import org.ballast.core.mllm.ImageInput;
import org.ballast.spark.model.OpenModel;

/** A picture of training rows as it lies in memory. */
sealed interface HeldPicture extends Serializable {
    /** As the model takes it. */
    ImageInput input(ClipPreprocessor preprocessor);

    /** @return null for null: a row without a picture */
    static ImageInput input(HeldPicture picture, ClipPreprocessor preprocessor) {
        return picture == null ? null : picture.input(preprocessor);
    }

    /** The picture of a row that a {@link PictureSource} joined; null for a row without one. */
    static HeldPicture of(OpenModel model, Row row) throws ImageRejected {
        ImageInput input = PictureSource.input(model, row);
        if (input instanceof ImageInput.Pixels pixels) {
            return new Shown(model.preprocessor().toRgb(pixels.values()));
        }
        return input == null ? null : new Computed((ImageInput.Features) input);
    }

    /** At the model's size, as 8-bit pixels: a quarter of what the trainer's floats take. */
    record Shown(RgbImage picture) implements HeldPicture {
        @Override
        public ImageInput input(ClipPreprocessor preprocessor) {
            return new ImageInput.Pixels(preprocessor.apply(picture));
        }
    }

    /** What the tower made of it. */
    record Computed(ImageInput.Features features) implements HeldPicture {
        @Override
        public ImageInput input(ClipPreprocessor preprocessor) {
            return features;
        }
    }
}
