package org.ballast.spark.feature;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Feature;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.PooledVisionFeatures;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.FeatureRows;
import org.ballast.spark.units.UnitFunction;
import org.ballast.spark.units.UnitOptions;
import org.ballast.spark.units.UnitRunner;

/** One feature vector for each picture of the samples. */
public final class FeatureExtraction {
    private FeatureExtraction() {}

    /**
     * Runs.
     *
     * @param batchRows pictures computed together
     */
    public static UnitRunner.Outcome run(
            SparkSession spark,
            StageFolder output,
            List<StageFolder> data,
            ModelSpec model,
            int batchRows,
            UnitOptions options) {
        Dataset<Row> pictures =
                Tables.read(spark, data, Table.SAMPLES).select(col("image_id")).distinct();
        return new UnitRunner(spark, output, Table.FEATURES, options)
                .run(
                        pictures,
                        "image_id",
                        wave -> PromptWithPicture.join(spark, data, wave),
                        new Extract(model, batchRows),
                        1,
                        Tables.TARGET_FILE_BYTES);
    }

    private record Extract(ModelSpec spec, int batchRows) implements UnitFunction {
        @Override
        public void apply(List<Row> rows, Output out) {
            try (var lease = OpenModel.lease(spec)) {
                OpenModel model = lease.value();
                PooledVisionFeatures pooled = new PooledVisionFeatures(model.model());
                for (int from = 0; from < rows.size(); from += batchRows) {
                    batch(model, pooled, rows.subList(from, Math.min(rows.size(), from + batchRows)), out);
                }
            }
        }

        private void batch(OpenModel model, PooledVisionFeatures pooled, List<Row> rows, Output out) {
            List<String> ids = new ArrayList<>();
            List<float[]> pixels = new ArrayList<>();
            for (Row row : rows) {
                String id = row.getAs("image_id");
                try {
                    pixels.add(model.pixels(row.getAs(PromptWithPicture.PICTURE)));
                    ids.add(id);
                } catch (ImageRejected e) {
                    out.reject(new Quarantined(id, "images", -1, Reason.NOT_AN_IMAGE, e.getMessage(), null));
                }
            }
            List<float[]> features = pooled.of(pixels);
            for (int i = 0; i < ids.size(); i++) {
                out.accept(FeatureRows.toRow(new Feature(ids.get(i), spec.digest(), features.get(i), null)));
            }
        }
    }
}
