package org.ballast.spark.export;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.input_file_name;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lower;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.StageInputException;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/** Where each picture lies, found without reading one. */
final class PicturePlaces {
    /** Column of the place; null in a row without a picture. */
    static final String PLACE = "place";

    /**
     * {@code file}: the Parquet file of the table {@code images} that holds it, as {@code input_file_name()} spells it;
     * {@code bytes}: its length, 0 for a reference; {@code extension}: of a file name, without the dot; {@code reference}:
     * the picture's own path or URI where the table holds that alone, else null.
     */
    static final StructType SCHEMA = new StructType()
            .add("file", DataTypes.StringType)
            .add("bytes", DataTypes.LongType)
            .add("extension", DataTypes.StringType)
            .add("reference", DataTypes.StringType);

    private PicturePlaces() {}

    /**
     * Joins {@link #PLACE} to rows with an {@code image_id}.
     *
     * @throws StageInputException naming the first row whose picture or prompt is in none of the stages
     */
    static Dataset<Row> located(ExportInputs inputs, Dataset<Row> rows) {
        Dataset<Row> places = null;
        List<StageFolder> stages = inputs.pictures();
        for (int stage = 0; stage < stages.size(); stage++) {
            Dataset<Row> one = ofStage(inputs, stages.get(stage), stage);
            places = places == null ? one : places.union(one);
        }
        // a picture that several stages hold is taken from the first of them
        Dataset<Row> first = places.groupBy("picture_id").agg(min("found").as("found"));
        return rows.join(first, col(TextRows.IMAGE_ID).equalTo(col("picture_id")), "left")
                .withColumn(PLACE, when(col("found").isNotNull(), place(col("found"))))
                .drop("picture_id", "found");
    }

    private static Dataset<Row> ofStage(ExportInputs inputs, StageFolder stage, int number) {
        return Tables.read(inputs.spark(), stage, Table.IMAGES)
                .select(
                        col("image_id").as("picture_id"),
                        struct(
                                        lit(number).as("stage"),
                                        input_file_name().as("file"),
                                        col("bytes"),
                                        extension().as("extension"),
                                        col("image.path").as("path"))
                                .as("found"));
    }

    private static Column extension() {
        Column named = expr("nullif(regexp_extract(lower(image.path), '[.](jpe?g|png|webp|gif|bmp|tiff?)$', 1), '')");
        Column format = lower(col("format"));
        return coalesce(when(format.equalTo("jpeg"), "jpg").otherwise(format), named, lit("img"));
    }

    private static Column place(Column found) {
        Column bytes = found.getField("bytes");
        return struct(
                found.getField("file").as("file"),
                coalesce(bytes, lit(0L)).as("bytes"),
                found.getField("extension").as("extension"),
                when(bytes.isNull(), found.getField("path")).as("reference"));
    }

    /** The rows as they were stored, once every prompt and picture was found. */
    static Dataset<Row> complete(Dataset<Row> located) {
        for (Row row : located.filter(col(Table.SPLIT)
                        .isNull()
                        .or(col(TextRows.IMAGE_ID).isNotNull().and(col(PLACE).isNull())))
                .select(
                        col(TextRows.KEY),
                        col(TextRows.IMAGE_ID),
                        col(Table.SPLIT),
                        promptId(located).as("prompt_id"))
                .orderBy(TextRows.KEY)
                .limit(1)
                .collectAsList()) {
            throw new StageInputException(
                    row.isNullAt(2)
                            ? "row '%s': prompt '%s' is in none of the stages that were given"
                                    .formatted(row.getString(0), row.getString(3))
                            : "row '%s': picture %s is in none of the stages that were given"
                                    .formatted(row.getString(0), row.getString(1)));
        }
        return located;
    }

    private static Column promptId(Dataset<Row> located) {
        StructType body = (StructType) located.schema().apply(TextRows.BODY).dataType();
        return body.getFieldIndex("prompt_id").isDefined()
                ? col(TextRows.BODY).getField("prompt_id")
                : col(TextRows.KEY);
    }
}
