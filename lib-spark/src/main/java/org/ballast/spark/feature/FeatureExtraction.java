package org.ballast.spark.feature;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.ballast.core.data.Quarantined;
import org.ballast.core.data.Reason;
import org.ballast.core.image.ImageRejected;
import org.ballast.spark.examples.PromptWithPicture;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.units.UnitFunction;
import org.ballast.spark.units.UnitOptions;
import org.ballast.spark.units.UnitRunner;

/** What the vision tower makes of each picture. */
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
            FeatureKind kind,
            int batchRows,
            UnitOptions options) {
        Dataset<Row> pictures = Tables.read(spark, data, kind.pictures())
                .select(col("image_id"))
                .distinct();
        return new UnitRunner(spark, output, kind.table(), options)
                .run(
                        pictures,
                        "image_id",
                        wave -> PromptWithPicture.join(spark, data, wave),
                        new Extract(model, kind, batchRows),
                        1,
                        Tables.TARGET_FILE_BYTES);
    }

    private record Extract(ModelSpec spec, FeatureKind kind, int batchRows) implements UnitFunction {
        @Override
        public void apply(List<Row> rows, Output out) {
            try (var lease = OpenModel.lease(spec)) {
                OpenModel model = lease.value();
                for (int from = 0; from < rows.size(); from += batchRows) {
                    batch(model, rows.subList(from, Math.min(rows.size(), from + batchRows)), out);
                }
            }
        }

        private void batch(OpenModel model, List<Row> rows, Output out) {
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
            List<float[]> features = kind.of(model.model(), pixels);
            for (int i = 0; i < ids.size(); i++) {
                out.accept(kind.row(spec, model.model(), ids.get(i), features.get(i)));
            }
        }
    }
}
