package org.ballast.spark.examples;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.VisionFeature;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.ImageInput;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.rows.VisionFeatureRows;

/** Where rows get their pictures from: the files in the data stages, or what the vision tower made of them in another stage. */
public sealed interface PictureSource {
    /** Adds to rows with an {@code image_id} the column that {@link #input} reads. */
    Dataset<Row> join(Dataset<Row> rows);

    /** @throws StageInputException when the rows' pictures are not all there, naming stage and picture */
    void require(Dataset<Row> rows);

    /** The pictures of the data stages, decoded and sent through the tower where they are needed. */
    static PictureSource files(SparkSession spark, List<StageFolder> data) {
        return new Files(spark, data);
    }

    /**
     * The features that a stage holds in its table {@code vision_features}.
     *
     * @param model that will read them
     * @throws StageInputException when the stage has no such table, or has it of another model, naming both
     */
    static PictureSource features(SparkSession spark, StageFolder stage, ModelSpec model) {
        if (!stage.has(Table.VISION_FEATURES.name())) {
            throw new StageInputException("stage " + stage.stage()
                    + " holds no table vision_features: it must be of the job features with kind = tokens");
        }
        Dataset<Row> features = Tables.read(spark, List.of(stage), Table.VISION_FEATURES);
        List<Row> others = features.filter(col("model").notEqual(model.visionDigest()))
                .select("model")
                .limit(1)
                .collectAsList();
        if (!others.isEmpty()) {
            throw new StageInputException(
                    "stage %s holds the vision features of another model: they are of %s, this stage needs %s (digest of the checkpoint, precision, image.alpha, image.orientation)"
                            .formatted(stage.stage(), others.get(0).getString(0), model.visionDigest()));
        }
        return new Features(stage, features, Tables.read(spark, List.of(stage), Table.QUARANTINE));
    }

    /**
     * A joined row's picture as the model takes it.
     *
     * @return null for a row without a picture
     */
    static ImageInput input(OpenModel model, Row row) throws ImageRejected {
        if (!Arrays.asList(row.schema().fieldNames()).contains(Features.COLUMN)) {
            byte[] picture = row.getAs(PromptWithPicture.PICTURE);
            return picture == null ? null : new ImageInput.Pixels(model.pixels(picture));
        }
        return row.getAs("image_id") == null ? null : Features.input(row);
    }

    /** Encoded pictures. */
    record Files(SparkSession spark, List<StageFolder> data) implements PictureSource {
        @Override
        public Dataset<Row> join(Dataset<Row> rows) {
            return PromptWithPicture.join(spark, data, rows);
        }

        @Override
        public void require(Dataset<Row> rows) {
            // a data stage stores the picture of each of its rows
        }
    }

    /**
     * Features of one model.
     *
     * @param features the table {@code vision_features}
     * @param quarantine pictures that had none
     */
    record Features(StageFolder stage, Dataset<Row> features, Dataset<Row> quarantine) implements PictureSource {
        /** Column with the features as little-endian bytes: Spark holds an array of floats as an object a number. */
        static final String COLUMN = "vision_features";

        private static final StructType BYTES =
                new StructType().add("picture_id", DataTypes.StringType).add(COLUMN, DataTypes.BinaryType);

        @Override
        public Dataset<Row> join(Dataset<Row> rows) {
            Dataset<Row> bytes = features.map((MapFunction<Row, Row>) Features::bytes, Encoders.row(BYTES));
            return rows.join(bytes, col("image_id").equalTo(col("picture_id")), "left")
                    .drop("picture_id");
        }

        @Override
        public void require(Dataset<Row> rows) {
            Dataset<Row> known = features.select(col("image_id")).union(quarantine.select(col("id")));
            Row missing = rows.filter(col("image_id").isNotNull())
                    .select("image_id")
                    .distinct()
                    .join(known, rows.col("image_id").equalTo(known.col("image_id")), "left_anti")
                    .agg(count(lit(1)), min("image_id"))
                    .head();
            if (missing.getLong(0) > 0) {
                throw new StageInputException("stage %s lacks the vision features of %d of the pictures, one is %s"
                        .formatted(stage.stage(), missing.getLong(0), missing.getString(1)));
            }
        }

        private static Row bytes(Row row) {
            VisionFeature feature = VisionFeatureRows.fromRow(row);
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(feature.features().length, Float.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(feature.features());
            return RowFactory.create(feature.imageId(), bytes.array());
        }

        private static ImageInput input(Row row) throws ImageRejected {
            byte[] bytes = row.getAs(COLUMN);
            if (bytes == null) {
                throw new ImageRejected(
                        ImageRejected.Reason.UNSUPPORTED,
                        "picture " + row.getAs("image_id")
                                + " is in quarantine where the vision features were computed");
            }
            float[] values = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values);
            return new ImageInput.Features(values);
        }
    }
}
