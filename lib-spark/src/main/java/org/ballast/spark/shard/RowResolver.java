package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.dense_rank;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Reason;
import org.ballast.spark.io.Table;

/** Decides which candidates stay: unique ids first, then, once pictures were read, those whose picture is good. */
final class RowResolver {
    /** A candidate with the {@code key} it will have in its table. */
    static final StructType KEYED = Candidate.SCHEMA.add("key", DataTypes.StringType);

    static final Table KEYED_TABLE = new Table("rows", KEYED, List.of("input", "position", "turn"), false, false);

    /** A keyed row with its picture. */
    static final StructType RESOLVED = KEYED.add("image_id", DataTypes.StringType);

    static final Table RESOLVED_TABLE =
            new Table("resolved", RESOLVED, List.of("input", "position", "turn"), false, false);

    private RowResolver() {}

    /**
     * Gives each row its key. Samples: the first row of an id has it, the others are {@code duplicate-id}. Prompts: rows
     * of one id that say the same are {@code duplicate-row} behind the first; the n-th different one gets {@code #n}.
     * First is by input, then position.
     */
    static Dataset<Row> keyed(Dataset<Row> candidates) {
        Column place = struct(col("input"), col("position"));
        WindowSpec same = Window.partitionBy("sample", "id", "digest");
        WindowSpec sameId = Window.partitionBy("sample", "id").orderBy("owner");
        Dataset<Row> good = candidates
                .filter(col("reason").isNull())
                .withColumn("owner", min(place).over(same))
                .withColumn("version", dense_rank().over(sameId));
        Column isFirst = place.equalTo(col("owner"));
        Column isFirstOfId = isFirst.and(col("version").equalTo(1));
        Column key = when(col("sample"), col("id"))
                .otherwise(concat(
                        col("id"),
                        when(col("turn").geq(0), concat(lit("/"), col("turn"))).otherwise(lit("")),
                        when(col("version").gt(1), concat(lit("#"), col("version")))
                                .otherwise(lit(""))));
        Column reason = when(col("sample"), when(isFirstOfId, lit(null)).otherwise(lit(Reason.DUPLICATE_ID.code())))
                .otherwise(when(isFirst, lit(null)).otherwise(lit(Reason.DUPLICATE_ROW.code())));
        Column message = when(
                        col("sample"),
                        when(isFirstOfId, lit(null))
                                .otherwise(concat(lit("id '"), col("id"), lit("' was given to an earlier row"))))
                .otherwise(when(isFirst, lit(null))
                        .otherwise(concat(
                                lit("says the same as row "),
                                col("owner.position"),
                                lit(" of input "),
                                col("owner.input"))));
        Dataset<Row> judged = good.withColumn("key", key)
                .withColumn("reason", reason.cast(DataTypes.StringType))
                .withColumn("message", message.cast(DataTypes.StringType))
                .select(columns(KEYED));
        Dataset<Row> rejected = candidates
                .filter(col("reason").isNotNull())
                .withColumn("key", col("id"))
                .select(columns(KEYED));
        return judged.unionByName(rejected);
    }

    /** Joins what was found of the pictures ({@link PictureReader#TABLE}) to the rows that name them. */
    static Dataset<Row> resolved(Dataset<Row> keyed, Dataset<Row> pictures) {
        Dataset<Row> found = pictures.select(
                col("root").as("picture_root"),
                col("path").as("picture_path"),
                col("image_id"),
                col("reason").as("picture_reason"),
                col("message").as("picture_message"));
        Column matches = col("root")
                .equalTo(col("picture_root"))
                .and(col("image").equalTo(col("picture_path")))
                .and(col("reason").isNull());
        return keyed.join(found, matches, "left")
                .withColumn("reason", coalesce(col("reason"), col("picture_reason")))
                .withColumn("message", coalesce(col("message"), col("picture_message")))
                .select(columns(RESOLVED));
    }

    private static Column[] columns(StructType schema) {
        return Stream.of(schema.fieldNames()).map(name -> col(name)).toArray(Column[]::new);
    }
}
