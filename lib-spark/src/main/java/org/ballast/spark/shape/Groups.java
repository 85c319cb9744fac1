package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.udf;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.types.DataTypes;
import org.ballast.core.data.split.GroupKeys;
import org.ballast.core.data.split.SplitRule;

/** Adds to each row the group that it must not be parted from. */
final class Groups {
    /** Column that is added. */
    static final String GROUP = "__group";

    private static final String KEYS = "__keys";

    private Groups() {}

    /** Rows that share a key of {@link GroupKeys}, or are linked over several, have one {@value #GROUP}. */
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
        Dataset<Row> components = ConnectedComponents.of(links);
        return keyed.join(components, element_at(col(KEYS), 1).equalTo(col("node")), "left")
                .withColumn(GROUP, coalesce(col("component"), element_at(col(KEYS), 1)))
                .drop("node", "component", KEYS);
    }

    private record KeysOf(GroupKeys keys) implements UDF4<String, String, String, String, List<String>> {
        private static final long serialVersionUID = 1L;

        @Override
        public List<String> call(String id, String imageId, String duplicateOf, String source) {
            return keys.of(id, imageId, duplicateOf, source);
        }
    }
}
