package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.data.split.GroupKeys;
import org.ballast.core.data.split.Links;
import org.ballast.core.data.split.SplitRule;

/** Adds to each row the group that it must not be parted from. */
final class Groups {
    /** Column that is added. */
    static final String GROUP = "__group";

    private static final String KEYS = "__keys";
    private static final StructType ROOTS =
            new StructType().add("hash", DataTypes.LongType).add("root", DataTypes.LongType);

    private Groups() {}

    /**
     * Rows that share a key of {@link GroupKeys}, or are linked over several, have one {@value #GROUP}: the least of their
     * keys.
     */
    static Dataset<Row> add(Dataset<Row> rows, SplitRule rule) {
        GroupKeys keys = new GroupKeys(rule);
        Column of = udf(new KeysOf(keys), DataTypes.createArrayType(DataTypes.StringType))
                .apply(
                        coalesce(col(ShapeColumns.ID), col(ShapeColumns.KEY)),
                        col(ShapeColumns.IMAGE_ID),
                        ShapeColumns.optional(rows, ShapeColumns.DUPLICATE_OF),
                        col(ShapeColumns.SOURCE));
        if (keys.single()) {
            return rows.withColumn(GROUP, element_at(of, 1));
        }
        Dataset<Row> keyed = rows.withColumn(KEYS, of);
        Dataset<Row> links = keyed.filter(size(col(KEYS)).gt(1))
                .select(
                        element_at(col(KEYS), 1).as("one"),
                        explode(expr("slice(%s, 2, size(%s))".formatted(KEYS, KEYS)))
                                .as("other"))
                .distinct();
        return keyed.join(groups(links), element_at(col(KEYS), 1).equalTo(col("linked")), "left")
                .withColumn(GROUP, coalesce(col("least"), element_at(col(KEYS), 1)))
                .drop("linked", "least", KEYS);
    }

    /**
     * The group of each key that is linked with another. One task holds all links, as numbers; should two keys have one
     * digest of 64 bits, their groups are one, which parts nothing.
     *
     * @param links pairs of keys
     * @return {@code linked}, {@code least}
     */
    private static Dataset<Row> groups(Dataset<Row> links) {
        Dataset<Row> roots = links.select(xxhash64(col("one")), xxhash64(col("other")))
                .coalesce(1)
                .mapPartitions(new Linked(), Encoders.row(ROOTS));
        return links.select(col("one").as("linked"))
                .union(links.select("other"))
                .distinct()
                .withColumn("hash", xxhash64(col("linked")))
                .join(roots, "hash")
                .select(
                        col("linked"),
                        min("linked").over(Window.partitionBy("root")).as("least"));
    }

    private record KeysOf(GroupKeys keys) implements UDF4<String, String, String, String, List<String>> {
        private static final long serialVersionUID = 1L;

        @Override
        public List<String> call(String id, String imageId, String duplicateOf, String source) {
            return keys.of(id, imageId, duplicateOf, source);
        }
    }

    /** Pairs of nodes to each node's component. */
    private record Linked() implements MapPartitionsFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Iterator<Row> pairs) {
            Links links = new Links();
            pairs.forEachRemaining(pair -> links.add(pair.getLong(0), pair.getLong(1)));
            Links.Components components = links.components();
            return IntStream.range(0, components.size())
                    .mapToObj(i -> RowFactory.create(components.node(i), components.component(i)))
                    .iterator();
        }
    }
}
