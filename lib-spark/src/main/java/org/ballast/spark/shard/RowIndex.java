package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.Table;

/**
 * Which rows {@code samples} and {@code prompts} hold, without their texts: table {@code index}, by which the next run finds
 * what is new, changed and gone. And {@code gone}: which rows went, run by run.
 */
final class RowIndex {
    static final StructType SCHEMA = new StructType()
            .add("table", DataTypes.StringType)
            .add("key", DataTypes.StringType)
            .add("content", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("split", DataTypes.StringType)
            .add("window", DataTypes.StringType)
            .add("source_file", DataTypes.StringType)
            .add("position", DataTypes.LongType);

    static final Table TABLE = new Table("index", SCHEMA, List.of("table", "key"), false, false);

    static final StructType GONE_SCHEMA = new StructType()
            .add("table", DataTypes.StringType)
            .add("key", DataTypes.StringType)
            .add("window", DataTypes.StringType)
            .add("run_id", DataTypes.StringType)
            .add("reason", DataTypes.StringType);

    static final Table GONE = new Table("gone", GONE_SCHEMA, List.of("table", "key"), false, false);

    /** What became of a row since the earlier run. */
    static final String ADDED = "added";

    static final String CHANGED = "changed";
    static final String UNCHANGED = "unchanged";
    static final String REMOVED = "removed";

    /** A resolved row with its status; {@code old_split, window} are those of the earlier run, null for an added row. */
    static final StructType COMPARED_SCHEMA = RowResolver.RESOLVED
            .add("status", DataTypes.StringType)
            .add("old_split", DataTypes.StringType)
            .add("window", DataTypes.StringType);

    static final Table COMPARED =
            new Table("compared", COMPARED_SCHEMA, List.of("input", "position", "turn"), false, false);

    private RowIndex() {}

    /** All rows of a run that began anew. */
    static Dataset<Row> added(Dataset<Row> resolved) {
        Column none = lit(null).cast(DataTypes.StringType);
        return resolved.withColumn("status", lit(ADDED))
                .withColumn("old_split", none)
                .withColumn("window", none)
                .select(RowResolver.columns(COMPARED_SCHEMA));
    }

    /**
     * Compares rows by key with those of an earlier run. Rows in quarantine are {@code added}; those that went come without
     * a place, as {@code removed}.
     */
    static Dataset<Row> compared(Dataset<Row> resolved, Dataset<Row> index, int tasks) {
        Dataset<Row> good = resolved.filter(col("reason").isNull()).repartition(tasks, col("sample"), col("key"));
        Dataset<Row> before = index.select(
                        col("table").equalTo(Table.SAMPLES.name()).as("old_sample"),
                        col("key").as("old_key"),
                        col("content").as("old_content"),
                        col("image_id").as("old_image_id"),
                        col("split").as("old_split"),
                        col("window"))
                .repartition(tasks, col("old_sample"), col("old_key"));
        Column same = col("content")
                .equalTo(col("old_content"))
                .and(col("image_id").eqNullSafe(col("old_image_id")))
                .and(col("split").equalTo(col("old_split")));
        Dataset<Row> joined = good.join(
                        before.hint("merge"),
                        col("sample").equalTo(col("old_sample")).and(col("key").equalTo(col("old_key"))),
                        "full")
                .withColumn(
                        "status",
                        when(col("key").isNull(), lit(REMOVED))
                                .when(col("old_key").isNull(), lit(ADDED))
                                .when(same, lit(UNCHANGED))
                                .otherwise(lit(CHANGED)))
                .withColumn("sample", coalesce(col("sample"), col("old_sample")))
                .withColumn("key", coalesce(col("key"), col("old_key")))
                .select(RowResolver.columns(COMPARED_SCHEMA));
        return joined.unionByName(added(resolved.filter(col("reason").isNotNull())));
    }

    /** The good rows as rows of the table. */
    static Dataset<Row> rows(Dataset<Row> compared, ShardPlan plan) {
        return compared.filter(col("reason").isNull().and(col("status").notEqual(REMOVED)))
                .map(new ToIndex(plan.options().inputs(), plan.annotations()), Encoders.row(SCHEMA));
    }

    /** What went, as rows of the table {@code gone}. */
    static Dataset<Row> gone(Dataset<Row> compared, String window, String runId) {
        return compared.filter(col("status").isin(REMOVED, CHANGED))
                .select(
                        table().as("table"),
                        col("key"),
                        lit(window).cast(DataTypes.StringType).as("window"),
                        lit(runId).as("run_id"),
                        col("status").as("reason"));
    }

    static Column table() {
        return when(col("sample"), lit(Table.SAMPLES.name())).otherwise(lit(Table.PROMPTS.name()));
    }

    /** The window of a row: an unchanged one keeps that in which it came. */
    static String window(Row compared, ShardInput input) {
        return UNCHANGED.equals(compared.getAs("status")) ? compared.getAs("window") : input.window();
    }

    private record ToIndex(List<ShardInput> inputs, List<String> files) implements MapFunction<Row, Row>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            int input = row.<Integer>getAs("input");
            Object[] values = {
                row.<Boolean>getAs("sample") ? Table.SAMPLES.name() : Table.PROMPTS.name(),
                row.getAs("key"),
                row.getAs("content"),
                row.getAs("image_id"),
                row.getAs("split"),
                window(row, inputs.get(input)),
                files.get(input),
                row.getAs("position")
            };
            return new GenericRowWithSchema(values, SCHEMA);
        }
    }

    /** Names of the columns that the texts' rows are found by. */
    static List<String> place() {
        return List.of("input", "position", "turn");
    }
}
