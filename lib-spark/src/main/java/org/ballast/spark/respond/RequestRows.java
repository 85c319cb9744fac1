package org.ballast.spark.respond;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.lpad;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Reason;

/** Rows that ask for a response, usable or not: what every form of input is brought to. */
final class RequestRows {
    static final String KEY = "row_key";
    static final String FILE = "source_file";
    static final String POSITION = "position";
    static final String ID = "id";
    static final String PROMPT = "prompt";
    static final String RESPONSE = "response";
    /** Path of the picture's file; null where there is none, or where {@link #PICTURE} is there. */
    static final String PATH = "image_path";
    /** The encoded picture itself. */
    static final String PICTURE = "picture";
    /** Why the row cannot be used; null where it can. */
    static final String REASON = "reason";

    static final String MESSAGE = "message";
    static final String RAW = "raw";

    static final StructType SCHEMA = new StructType()
            .add(FILE, DataTypes.StringType)
            .add(POSITION, DataTypes.LongType)
            .add(ID, DataTypes.StringType)
            .add(PROMPT, DataTypes.StringType)
            .add(RESPONSE, DataTypes.StringType)
            .add(PATH, DataTypes.StringType)
            .add(PICTURE, DataTypes.BinaryType)
            .add(REASON, DataTypes.StringType)
            .add(MESSAGE, DataTypes.StringType)
            .add(RAW, DataTypes.StringType);

    private static final int DIGITS = 15;

    private RequestRows() {}

    /** Adds the key, which orders rows as they stand in their files, and marks what repeats an earlier row's id. */
    static Dataset<Row> keyed(Dataset<Row> rows) {
        Dataset<Row> keyed = rows.withColumn(
                KEY, concat(col(FILE), lit("#"), lpad(col(POSITION).cast("string"), DIGITS, "0")));
        Dataset<Row> counted = keyed.withColumn(
                "nth", row_number().over(Window.partitionBy(col(ID)).orderBy(col(KEY))));
        var repeated = col(REASON).isNull().and(col("nth").gt(1));
        return counted.withColumn(
                        MESSAGE,
                        when(repeated, concat(lit("an earlier row has the id '"), col(ID), lit("' too")))
                                .otherwise(col(MESSAGE)))
                .withColumn(
                        REASON, when(repeated, lit(Reason.DUPLICATE_ID.code())).otherwise(col(REASON)))
                .drop("nth");
    }
}
