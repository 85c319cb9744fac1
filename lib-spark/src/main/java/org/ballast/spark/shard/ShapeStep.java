package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import java.util.Map;
import java.util.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.split.GroupBy;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.shape.Shaped;
import org.ballast.spark.shape.Shaping;

/** Puts resolved rows into the splits and the tail that are asked for, see {@link Shaping}; an update's rows keep their split. */
final class ShapeStep {
    private static final StructType SCHEMA = RowResolver.RESOLVED
            .add("id", DataTypes.StringType)
            .add("source", DataTypes.StringType)
            .add("duplicate_of", DataTypes.StringType)
            .add("previous_split", DataTypes.StringType);

    private static final Table ROWS = new Table("unshaped", SCHEMA, RowIndex.place(), false, false);
    private static final Table SPLIT = new Table("split_rows", SCHEMA, RowIndex.place(), false, false);

    private final ShardContext shard;

    ShapeStep(ShardContext shard) {
        this.shard = shard;
    }

    /**
     * Shapes.
     *
     * @param resolved rows of {@link RowResolver#RESOLVED}, from storage
     * @param duplicates rows of {@link Table#DUPLICATES}
     * @return rows of {@link RowResolver#RESOLVED}
     */
    Shaped run(Dataset<Row> resolved, Dataset<Row> duplicates) {
        if (shard.options().shape().changesNothing()) {
            return new Shaped(resolved, Map.of());
        }
        Dataset<Row> rows = shard.once(ROWS, () -> known(alike(resolved, duplicates))
                .withColumn("id", Shaping.sourceId(col("sample"), col("key")))
                .withColumn("source", ofInput(input -> lit(input.source())))
                .withColumn(
                        "domain",
                        when(
                                col("sample"),
                                coalesce(
                                        col("domain"),
                                        ofInput(input -> lit(input.domain().stored())))))
                .select(RowResolver.columns(SCHEMA)));
        Shaped shaped = Shaping.shape(
                rows,
                shard.options().shape(),
                split -> shard.once(SPLIT, () -> split.select(RowResolver.columns(SCHEMA))));
        return new Shaped(shaped.rows().select(RowResolver.columns(RowResolver.RESOLVED)), shaped.figures());
    }

    private Dataset<Row> alike(Dataset<Row> resolved, Dataset<Row> duplicates) {
        if (!shard.options().shape().splits().groupBy().contains(GroupBy.NEAR_DUPLICATE)) {
            return resolved.withColumn("duplicate_of", lit(null).cast(DataTypes.StringType));
        }
        return resolved.join(Shaping.lookAlikes(duplicates), ShardContext.on("image_id"), "left");
    }

    /** Rows with the splits that an earlier run put them in. */
    private Dataset<Row> known(Dataset<Row> rows) {
        if (!shard.updates()) {
            return rows.withColumn("previous_split", lit(null).cast(DataTypes.StringType));
        }
        int tasks = shard.shuffles();
        Dataset<Row> index = Tables.read(shard.spark(), shard.stage(), RowIndex.TABLE)
                .select(
                        col("table").equalTo(Table.SAMPLES.name()).as("sample"),
                        col("key"),
                        col("split").as("previous_split"))
                .repartition(tasks, col("sample"), col("key"));
        return rows.repartition(tasks, col("sample"), col("key"))
                .join(index.hint("merge"), ShardContext.on("sample", "key"), "left");
    }

    private Column ofInput(Function<ShardInput, Column> value) {
        Column[] values = shard.options().inputs().stream().map(value).toArray(Column[]::new);
        return element_at(array(values), col("input").plus(lit(1)));
    }
}
