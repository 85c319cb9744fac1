package org.ballast.spark.feature;

import java.util.List;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Feature;
import org.ballast.core.data.VisionFeature;
import org.ballast.core.mllm.LlavaModel;
import org.ballast.core.mllm.PooledVisionFeatures;
import org.ballast.core.mllm.VisionFeatures;
import org.ballast.spark.io.Table;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.rows.FeatureRows;
import org.ballast.spark.rows.VisionFeatureRows;

/** What is kept of the vision tower's output. */
public enum FeatureKind {
    /** One vector for the picture of each sample: what heads are trained on. */
    POOLED(Table.FEATURES, Table.SAMPLES) {
        @Override
        List<float[]> of(LlavaModel model, List<float[]> pixels) {
            return new PooledVisionFeatures(model).of(pixels);
        }

        @Override
        Row row(ModelSpec spec, LlavaModel model, String imageId, float[] values) {
            return FeatureRows.toRow(new Feature(imageId, spec.digest(), values, null));
        }
    },
    /** All that the projector reads of every stored picture: it takes the picture's place in training and scoring. */
    TOKENS(Table.VISION_FEATURES, Table.IMAGES) {
        @Override
        List<float[]> of(LlavaModel model, List<float[]> pixels) {
            return new VisionFeatures(model).of(pixels);
        }

        @Override
        Row row(ModelSpec spec, LlavaModel model, String imageId, float[] values) {
            int tokens = model.config().imageTokens();
            return VisionFeatureRows.toRow(
                    new VisionFeature(imageId, spec.visionDigest(), tokens, values.length / tokens, values));
        }
    };

    private final Table table;
    private final Table pictures;

    FeatureKind(Table table, Table pictures) {
        this.table = table;
        this.pictures = pictures;
    }

    /** What is written. */
    Table table() {
        return table;
    }

    /** Whose column {@code image_id} says which pictures. */
    Table pictures() {
        return pictures;
    }

    /** One array a picture. */
    abstract List<float[]> of(LlavaModel model, List<float[]> pixels);

    abstract Row row(ModelSpec spec, LlavaModel model, String imageId, float[] values);
}
