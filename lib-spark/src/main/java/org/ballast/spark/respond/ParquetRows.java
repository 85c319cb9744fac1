package org.ballast.spark.respond;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.AtomicType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Reason;
import org.ballast.spark.io.StageInputException;

/**
 * Parquet files as {@link RequestRows}: {@code id}, {@code prompt} and, where they are there, {@code response} and {@code image} (a path, the bytes, or
 * Hugging Face's struct of both). A row's position is its number in its file.
 */
final class ParquetRows {
    private static final String IMAGE = "image";
    private static final String FILE_PATH = "_metadata.file_path";
    private static final String ROW_INDEX = "_metadata.row_index";

    private final Dataset<Row> stored;
    private final DataType image;

    /** @throws StageInputException naming a column that is missing or of a type that cannot be read */
    ParquetRows(SparkSession spark, InputFiles files) {
        stored = spark.read().option("mergeSchema", "true").parquet(files.paths());
        StructType schema = stored.schema();
        List<String> names = Arrays.asList(schema.fieldNames());
        for (String needed : List.of(RequestRows.ID, RequestRows.PROMPT)) {
            if (!names.contains(needed)) {
                throw new StageInputException(files + " have no column " + needed + ", but " + names);
            }
        }
        if (names.contains("images")) {
            throw new StageInputException(
                    files + " have a column images; one picture a row is read, from the column image");
        }
        image = names.contains(IMAGE) ? schema.apply(IMAGE).dataType() : DataTypes.NullType;
        requireText(files, schema, RequestRows.PROMPT);
        if (names.contains(RequestRows.RESPONSE)) {
            requireText(files, schema, RequestRows.RESPONSE);
        }
        if (!(schema.apply(RequestRows.ID).dataType() instanceof AtomicType)) {
            throw new StageInputException(
                    files + ": column id is " + schema.apply(RequestRows.ID).dataType());
        }
        requireImage(files);
    }

    private static void requireText(InputFiles files, StructType schema, String name) {
        DataType type = schema.apply(name).dataType();
        if (!(type instanceof StringType || type instanceof NullType)) {
            throw new StageInputException(files + ": column " + name + " is " + type.simpleString() + ", not string");
        }
    }

    private void requireImage(InputFiles files) {
        if (image instanceof ArrayType) {
            throw new StageInputException(files + ": column image is a list; a row has one picture at most");
        }
        boolean struct = image instanceof StructType fields
                && List.of(fields.fieldNames()).containsAll(List.of("bytes", "path"))
                && fields.apply("bytes").dataType() instanceof BinaryType;
        if (!(struct || image instanceof StringType || image instanceof BinaryType || image instanceof NullType)) {
            throw new StageInputException(files + ": column image is " + image.simpleString()
                    + "; a path, bytes or struct<bytes: binary, path: string> are read");
        }
    }

    /** The rows without their pictures' bytes. */
    Dataset<Row> rows() {
        Column id = col(RequestRows.ID).cast(DataTypes.StringType);
        Column noId = coalesce(length(id), lit(0)).equalTo(0);
        Column noPrompt = col(RequestRows.PROMPT).isNull();
        Column faulty = noId.or(noPrompt);
        Column response = Arrays.asList(stored.columns()).contains(RequestRows.RESPONSE)
                ? col(RequestRows.RESPONSE).cast(DataTypes.StringType)
                : lit(null).cast(DataTypes.StringType);
        return stored.select(
                col(FILE_PATH).as(RequestRows.FILE),
                col(ROW_INDEX).as(RequestRows.POSITION),
                id.as(RequestRows.ID),
                col(RequestRows.PROMPT).cast(DataTypes.StringType).as(RequestRows.PROMPT),
                response.as(RequestRows.RESPONSE),
                path().as(RequestRows.PATH),
                lit(null).cast(DataTypes.BinaryType).as(RequestRows.PICTURE),
                when(faulty, lit(Reason.MISSING_FIELD.code())).as(RequestRows.REASON),
                when(noId, lit("the row has no id"))
                        .when(noPrompt, lit("the row has no prompt"))
                        .as(RequestRows.MESSAGE),
                when(faulty, concat(lit("id "), coalesce(id, lit("null")))).as(RequestRows.RAW));
    }

    private Column path() {
        Column none = lit(null).cast(DataTypes.StringType);
        if (image instanceof StringType) {
            return col(IMAGE);
        }
        return image instanceof StructType ? col(IMAGE + ".path").cast(DataTypes.StringType) : none;
    }

    /** Adds the pictures' bytes to some of the rows, reading the files that hold them. */
    Dataset<Row> withPictures(Dataset<Row> rows) {
        if (image instanceof StringType || image instanceof NullType) {
            return rows;
        }
        Object[] files = rows.select(RequestRows.FILE).distinct().collectAsList().stream()
                .map(row -> row.getString(0))
                .toArray();
        Dataset<Row> pictures = stored.filter(col(FILE_PATH).isin(files))
                .select(
                        col(FILE_PATH).as("picture_file"),
                        col(ROW_INDEX).as("picture_position"),
                        (image instanceof StructType ? col(IMAGE + ".bytes") : col(IMAGE)).as(RequestRows.PICTURE));
        return pictures.join(
                        broadcast(rows.drop(RequestRows.PICTURE)),
                        col("picture_file")
                                .equalTo(col(RequestRows.FILE))
                                .and(col("picture_position").equalTo(col(RequestRows.POSITION))))
                .drop("picture_file", "picture_position");
    }
}
