package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/**
 * What earlier runs found when they read pictures: table {@code picture_index}, to which each run adds. A picture is the
 * same as long as its root, its path, its length and its time are; then its verdict, good or bad, still holds.
 */
final class PictureMemory {
    static final StructType SCHEMA = new StructType()
            .add("root_uri", DataTypes.StringType)
            .add("path", DataTypes.StringType)
            .add("length", DataTypes.LongType)
            .add("modified", DataTypes.LongType)
            .add("edge", DataTypes.LongType)
            .add("image_id", DataTypes.StringType)
            .add("reason", DataTypes.StringType)
            .add("message", DataTypes.StringType);

    static final Table TABLE = new Table("picture_index", SCHEMA, List.of("root_uri", "path"), false, false);

    private final ShardContext shard;

    private PictureMemory(ShardContext shard) {
        this.shard = shard;
    }

    static PictureMemory of(ShardContext shard) {
        return new PictureMemory(shard);
    }

    /** The pictures that an earlier run read as they are now: {@code root, image, image_id, reason, message}. */
    Dataset<Row> remembered(Dataset<Row> there) {
        int tasks = shard.shuffles();
        Dataset<Row> now = there.select(
                        col("root"),
                        col("image"),
                        rootUri().as("root_uri"),
                        col("image").as("path"),
                        col("length"),
                        col("modified"))
                .repartition(tasks, col("root_uri"), col("path"), col("length"), col("modified"));
        Dataset<Row> known =
                table().drop("edge").repartition(tasks, col("root_uri"), col("path"), col("length"), col("modified"));
        return now.join(known.hint("merge"), ShardContext.on("root_uri", "path", "length", "modified"))
                .select("root", "image", "image_id", "reason", "message");
    }

    /** The ids of stored pictures of these lengths, in the columns of {@link PictureTask#SCHEMA} but the bucket. */
    Dataset<Row> known(Dataset<Row> lengths) {
        Column none = lit(null).cast(DataTypes.LongType);
        return table().filter(col("image_id").isNotNull())
                .join(lengths.hint("merge"), ShardContext.on("length"), "left_semi")
                .select(col("length"), col("edge"), col("image_id"))
                .distinct()
                .select(
                        lit(-1).as("root"),
                        lit("").as("image"),
                        none.as("offset"),
                        col("length"),
                        none.as("modified"),
                        col("edge"),
                        col("image_id").as("known"));
    }

    /** What the waves of this run found, as rows of the table. */
    Dataset<Row> fresh(Dataset<Row> verdicts) {
        return verdicts.select(
                rootUri().as("root_uri"),
                col("image").as("path"),
                col("length"),
                col("modified"),
                col("edge"),
                col("image_id"),
                col("reason"),
                col("message"));
    }

    private Dataset<Row> table() {
        return Tables.read(shard.spark(), shard.stage(), TABLE);
    }

    /** Numbers of roots change with the configuration, their places do not. */
    private Column rootUri() {
        Column[] uris =
                shard.plan().roots().stream().map(root -> lit(root.uri())).toArray(Column[]::new);
        return uris.length == 0 ? lit("") : element_at(array(uris), col("root").plus(lit(1)));
    }
}
