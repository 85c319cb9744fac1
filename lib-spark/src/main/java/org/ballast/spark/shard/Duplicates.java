package org.ballast.spark.shard;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.struct;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Tables;

/**
 * Pictures that are there more than once: table {@code duplicates}. {@code exact}: another name of a picture that is stored
 * once; {@code image_id} and {@code duplicate_of} are the same. {@code perceptual}: another picture whose difference hash lies
 * within the distance; {@code duplicate_of} has the smaller id of the two.
 */
final class Duplicates {
    static final StructType SCHEMA = new StructType()
            .add("image_id", DataTypes.StringType)
            .add("path", DataTypes.StringType)
            .add("duplicate_of", DataTypes.StringType)
            .add("kind", DataTypes.StringType)
            .add("distance", DataTypes.IntegerType);

    static final Table TABLE =
            new Table("duplicates", SCHEMA, List.of("image_id", "duplicate_of", "path"), false, false);

    private static final String EXACT = "exact";
    private static final String PERCEPTUAL = "perceptual";

    private Duplicates() {}

    /** Those among the pictures that good rows name. */
    static Dataset<Row> of(ShardContext shard, Dataset<Row> compared) {
        Dataset<Row> named = compared.filter(
                        col("reason").isNull().and(col("image").isNotNull()))
                .select("root", "image", "image_id")
                .repartition(shard.shuffles(), col("image_id"))
                .distinct();
        Column place = struct(col("root"), col("image"));
        Dataset<Row> repeated = named.groupBy("image_id")
                .agg(min(place).as("first"), count(lit(1)).as("names"))
                .filter(col("names").gt(1));
        Dataset<Row> exact = named.join(repeated.hint("merge"), ShardContext.on("image_id"))
                .filter(place.notEqual(col("first")))
                .select(
                        col("image_id"),
                        col("image").as("path"),
                        col("image_id").as("duplicate_of"),
                        lit(EXACT).as("kind"),
                        lit(0).as("distance"));
        int distance = shard.options().nearDuplicates();
        return distance < 0 ? exact : exact.unionByName(perceptual(shard, named, distance));
    }

    private static Dataset<Row> perceptual(ShardContext shard, Dataset<Row> named, int distance) {
        Dataset<Row> hashes = Tables.read(shard.spark(), shard.stage(), Table.IMAGES)
                .select(col("image_id"), col("image.path").as("path"), col("dhash"))
                .filter(col("dhash").isNotNull())
                .join(named.select("image_id").distinct().hint("merge"), ShardContext.on("image_id"), "left_semi");
        Dataset<Row> firsts = hashes.groupBy("dhash").agg(min("image_id").as("first"));
        Dataset<Row> same = hashes.join(firsts.hint("merge"), ShardContext.on("dhash"))
                .filter(col("image_id").notEqual(col("first")))
                .select(
                        col("image_id"),
                        col("path"),
                        col("first").as("duplicate_of"),
                        lit(PERCEPTUAL).as("kind"),
                        lit(0).as("distance"));
        if (distance == 0) {
            return same;
        }
        Dataset<Row> near = pairs(firsts, distance)
                .join(hashes.select("image_id", "path").hint("merge"), ShardContext.on("image_id"))
                .select(
                        col("image_id"),
                        col("path"),
                        col("duplicate_of"),
                        lit(PERCEPTUAL).as("kind"),
                        col("distance"));
        return same.unionByName(near);
    }

    /** Of 64 bits in distance + 1 bands, two hashes within the distance share a band. */
    private static Dataset<Row> pairs(Dataset<Row> firsts, int distance) {
        int bands = distance + 1;
        Column[] values = IntStream.range(0, bands)
                .mapToObj(band -> {
                    int from = band * 64 / bands;
                    int bits = (band + 1) * 64 / bands - from;
                    return struct(
                            lit(band).as("band"),
                            shiftrightunsigned(col("dhash"), from)
                                    .bitwiseAND(lit((1L << bits) - 1))
                                    .as("value"));
                })
                .toArray(Column[]::new);
        Dataset<Row> banded = firsts.withColumn("banded", explode(array(values)))
                .select(col("dhash"), col("first"), col("banded.band"), col("banded.value"));
        Dataset<Row> others =
                banded.select(col("dhash").as("other_dhash"), col("first").as("other"), col("band"), col("value"));
        return banded.join(others.hint("merge"), ShardContext.on("band", "value"))
                .filter(col("dhash").lt(col("other_dhash")))
                .withColumn("distance", expr("bit_count(dhash ^ other_dhash)").cast(DataTypes.IntegerType))
                .filter(col("distance").leq(distance))
                .select(
                        greatest(col("first"), col("other")).as("image_id"),
                        least(col("first"), col("other")).as("duplicate_of"),
                        col("distance"))
                .distinct();
    }
}
