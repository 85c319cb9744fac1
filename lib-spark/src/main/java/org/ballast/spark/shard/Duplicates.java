package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.ballast.core.data.Duplicate;
import org.ballast.spark.duplicate.PerceptualDuplicates;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;
import org.ballast.spark.rows.DuplicateRows;

/**
 * Pictures that are there more than once: table {@code duplicates}. {@code exact}: another name of a picture that is stored
 * once; {@code image_id} and {@code duplicate_of} are the same. {@code perceptual}: another picture that looks like it, see
 * {@link PerceptualDuplicates}.
 */
final class Duplicates implements AutoCloseable {
    private final ShardContext shard;
    private final Dataset<Row> named;
    /** Null until it is asked for, and where nobody looks for look-alikes. */
    private PerceptualDuplicates perceptual;

    private Duplicates(ShardContext shard, Dataset<Row> resolved) {
        this.shard = shard;
        this.named = resolved.filter(col("reason").isNull().and(col("image").isNotNull()))
                .select("root", "image", "image_id")
                .repartition(shard.shuffles(), col("image_id"))
                .distinct();
    }

    /**
     * Those of a run, as rows of {@link DuplicateRows#SCHEMA}.
     *
     * @param resolved rows with their pictures, of which the good ones count
     */
    static Dataset<Row> of(ShardContext shard, Dataset<Row> resolved) {
        try (Duplicates duplicates = new Duplicates(shard, resolved)) {
            return shard.once(Table.DUPLICATES, () -> duplicates
                    .rows()
                    .select(RowResolver.columns(DuplicateRows.SCHEMA))
                    .coalesce(1)
                    .sortWithinPartitions("image_id", "duplicate_of", "path"));
        }
    }

    private Dataset<Row> rows() {
        int distance = shard.options().nearDuplicates();
        if (distance < 0) {
            return exact();
        }
        Dataset<Row> hashes = Tables.read(shard.spark(), shard.stage(), Table.IMAGES)
                .select(col("image_id"), col("image.path").as("path"), col("dhash"))
                .join(named.select("image_id").distinct().hint("merge"), ShardContext.on("image_id"), "left_semi");
        perceptual = PerceptualDuplicates.of(hashes, distance);
        return exact().unionByName(perceptual.rows());
    }

    @Override
    public void close() {
        if (perceptual != null) {
            perceptual.close();
        }
    }

    private Dataset<Row> exact() {
        Column place = struct(col("root"), col("image"));
        Dataset<Row> repeated = named.groupBy("image_id")
                .agg(min(place).as("first"), count(lit(1)).as("names"))
                .filter(col("names").gt(1));
        return named.join(repeated.hint("merge"), ShardContext.on("image_id"))
                .filter(place.notEqual(col("first")))
                .select(
                        col("image_id"),
                        col("image").as("path"),
                        col("image_id").as("duplicate_of"),
                        lit(Duplicate.Kind.EXACT.code()).as("kind"),
                        lit(0).as("distance"));
    }
}
