package org.ballast.spark.io;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.Murmur3HashFunction;
import org.apache.spark.sql.types.DataTypes;

/** Puts rows into the Spark partitions that a plan names, where {@code repartition} would let hashes collide. */
public final class ExactPartitions {
    /** Seed of Spark's hash partitioning. */
    private static final int PARTITIONING_SEED = 42;

    private static final String SALT = "__partition";

    private ExactPartitions() {}

    /**
     * The rows in {@code partitions} Spark partitions, each in the one of its number.
     *
     * @param number integer column, 0 .. {@code partitions - 1}
     */
    public static Dataset<Row> of(Dataset<Row> rows, Column number, int partitions) {
        Column salt = element_at(array(salts(partitions)), number.plus(lit(1)));
        return rows.withColumn(SALT, salt).repartition(partitions, col(SALT)).drop(SALT);
    }

    /** For each partition a number that Spark's hash partitioning sends there. */
    private static Column[] salts(int partitions) {
        Column[] salts = new Column[partitions];
        int found = 0;
        for (int candidate = 0; found < partitions; candidate++) {
            long hash = Murmur3HashFunction.hash(candidate, DataTypes.IntegerType, PARTITIONING_SEED);
            int partition = Math.floorMod((int) hash, partitions);
            if (salts[partition] == null) {
                salts[partition] = lit(candidate);
                found++;
            }
        }
        return salts;
    }
}
