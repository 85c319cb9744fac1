package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.min;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Components of a graph of texts: each node takes the smallest label around it, then the label of its label, until nothing
 * changes. Labels are nodes of the same component and only ever fall, so this ends, with the smallest node as the label;
 * going to the label's label halves the way, so that rounds grow with the logarithm of the longest path.
 */
final class ConnectedComponents {
    private static final StructType EDGE =
            new StructType().add("node", DataTypes.StringType).add("other", DataTypes.StringType);
    private static final StructType ROUND = new StructType()
            .add("node", DataTypes.StringType)
            .add("before", DataTypes.StringType)
            .add("label", DataTypes.StringType);

    private ConnectedComponents() {}

    /**
     * The component of each node.
     *
     * @param edges two text columns without nulls
     * @return {@code node}, {@code component}: the smallest node that it is linked with; held by Spark's storage until the
     *     driver lets go of it
     */
    static Dataset<Row> of(Dataset<Row> edges) {
        Dataset<Row> one = edges.toDF("node", "other");
        Dataset<Row> both =
                hold(one.union(one.select(col("other"), col("node"))).distinct(), EDGE);
        Dataset<Row> round = hold(
                both.groupBy("node")
                        .agg(min("other").as("least"))
                        .select(col("node"), col("node").as("before"), least(col("node"), col("least"))),
                ROUND);
        while (!round.filter(col("before").notEqual(col("label"))).isEmpty()) {
            round = next(both, round.select("node", "label"));
        }
        return round.select(col("node"), col("label").as("component"));
    }

    private static Dataset<Row> next(Dataset<Row> both, Dataset<Row> labels) {
        Dataset<Row> around = both.join(labels.toDF("other", "of_other"), "other")
                .groupBy("node")
                .agg(min("of_other").as("least"));
        Dataset<Row> taken = labels.join(around, "node")
                .select(
                        col("node"),
                        col("label").as("before"),
                        least(col("label"), col("least")).as("label"));
        Dataset<Row> held = hold(taken, ROUND);
        Dataset<Row> further = held.select(col("node").as("label"), col("label").as("of_label"));
        return hold(
                held.join(further, "label").select(col("node"), col("before"), least(col("label"), col("of_label"))),
                ROUND);
    }

    /** The same rows, computed once; and a plan that does not grow with the rounds, as it would with a cached data set. */
    private static Dataset<Row> hold(Dataset<Row> rows, StructType schema) {
        JavaRDD<Row> held = rows.toJavaRDD().persist(StorageLevel.MEMORY_AND_DISK());
        return rows.sparkSession().createDataFrame(held, schema);
    }
}
