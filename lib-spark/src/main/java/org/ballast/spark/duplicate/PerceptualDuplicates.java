package org.ballast.spark.duplicate;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.Duplicate;
import org.ballast.spark.rows.DuplicateRows;

/**
 * Marks pictures that look alike: of every group of pictures that are connected by pairs whose dHashes differ in at most {@code maxDistance} bits, all but the one with
 * the least {@code image_id}.
 *
 * <p>Hashes are cut into {@code maxDistance + 1} bands, of which two near ones share at least one; only hashes that share a band are compared, and no two
 * tables are multiplied. With n different hashes a bucket has about n / 2^(64 / (maxDistance + 1)) of them. Groups are transitive, as connected components are: two members of
 * one may differ in more than {@code maxDistance} bits, and {@code distance} says in how many a picture differs from the one that stands for it.
 */
public final class PerceptualDuplicates implements AutoCloseable {
    /** The largest distance: beyond it bands are so short that every bucket is the whole table. */
    public static final int MOST_DISTANCE = 8;

    private static final StructType LINK =
            new StructType().add("a", DataTypes.LongType).add("b", DataTypes.LongType);

    private final Dataset<Row> rows;
    /** Null where equal hashes are all that is asked for. */
    private final Components components;

    private PerceptualDuplicates(Dataset<Row> rows, Components components) {
        this.rows = rows;
        this.components = components;
    }

    /** The duplicates, in the columns of {@link DuplicateRows#SCHEMA}; to be used before closing. */
    public Dataset<Row> rows() {
        return rows;
    }

    @Override
    public void close() {
        if (components != null) {
            components.close();
        }
    }

    /**
     * Finds the duplicates among some pictures: the same whatever the order and the partitions of the pictures.
     *
     * @param images {@code image_id string} (each once), {@code path string}, {@code dhash long}; those without a hash are left out. Read several times
     * @param maxDistance bits, 0 to 8
     */
    public static PerceptualDuplicates of(Dataset<Row> images, int maxDistance) {
        return of(images, maxDistance, Components.MOST_ON_DRIVER);
    }

    static PerceptualDuplicates of(Dataset<Row> images, int maxDistance, int mostOnDriver) {
        if (maxDistance < 0 || maxDistance > MOST_DISTANCE) {
            throw new IllegalArgumentException(
                    "dHash distance must be 0 to %d, was %d".formatted(MOST_DISTANCE, maxDistance));
        }
        Dataset<Row> hashed =
                images.select("image_id", "path", "dhash").where(col("dhash").isNotNull());
        Components components = maxDistance == 0 ? null : Components.of(links(hashed, maxDistance), mostOnDriver);
        Dataset<Row> grouped = components == null
                ? hashed.withColumn("group", col("dhash"))
                : hashed.join(components.stars(), col("dhash").equalTo(col("a")), "left")
                        .withColumn("group", coalesce(col("b"), col("dhash")));
        Dataset<Row> firsts = grouped.groupBy(col("group").as("of"))
                .agg(
                        min(struct(col("image_id"), col("dhash"))).as("first"),
                        count(lit(1)).as("size"))
                .where(col("size").gt(1));
        Dataset<Row> rows = grouped.join(firsts, col("group").equalTo(col("of")))
                .where(col("image_id").notEqual(col("first.image_id")))
                .select(
                        col("image_id"),
                        col("path"),
                        col("first.image_id").as("duplicate_of"),
                        lit(Duplicate.Kind.PERCEPTUAL.code()).as("kind"),
                        expr("bit_count(dhash ^ first.dhash)").as("distance"));
        return new PerceptualDuplicates(rows, components);
    }

    private static Dataset<Row> links(Dataset<Row> hashed, int maxDistance) {
        Column[] bands = Bands.of(-1L, maxDistance + 1).stream()
                .map(band -> struct(
                        lit(band).as("band"), col("dhash").bitwiseAND(band).as("value")))
                .toArray(Column[]::new);
        return hashed.select("dhash")
                .distinct()
                .select(explode(array(bands)).as("at"), col("dhash"))
                .select("at.band", "at.value", "dhash")
                .repartition(col("band"), col("value"))
                .sortWithinPartitions("band", "value", "dhash")
                .mapPartitions(new BucketLinks(maxDistance), Encoders.row(LINK));
    }
}
