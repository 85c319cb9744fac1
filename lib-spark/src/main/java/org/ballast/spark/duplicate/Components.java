package org.ballast.spark.duplicate;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Connected components by alternating large-star and small-star (Kiveris et al., Connected Components in MapReduce and Beyond, 2014): each round links nodes
 * to the least neighbour, until every component is a star around its least node. Some log n rounds; no component is ever held by one task. Few links are
 * joined on the driver instead, which is faster.
 *
 * @param stars {@code (a long, b long)}: every node but the least of its component, and that least one; each node once
 * @param held what the cluster holds until closed; null for nothing
 */
record Components(Dataset<Row> stars, JavaRDD<Row> held) implements AutoCloseable {
    /** Two longs each. */
    static final int MOST_ON_DRIVER = 200_000;

    private static final StructType LINK =
            new StructType().add("a", DataTypes.LongType).add("b", DataTypes.LongType);
    private static final String A = "a";
    private static final String B = "b";
    private static final int MOST_ROUNDS = 200;

    /**
     * The components of a graph.
     *
     * @param links {@code (a long, b long)}, a differs from b; any order and any repetition
     * @param mostOnDriver links up to which the driver joins them
     */
    static Components of(Dataset<Row> links, int mostOnDriver) {
        Components edges = holding(links.select(
                        greatest(col(A), col(B)).as(A), least(col(A), col(B)).as(B))
                .distinct());
        Row before = edges.fingerprint();
        if (before.getLong(0) <= mostOnDriver) {
            try (Components few = edges) {
                List<Row> joined = joined(few.stars.collectAsList());
                return new Components(links.sparkSession().createDataFrame(joined, LINK), null);
            }
        }
        for (int round = 0; round < MOST_ROUNDS; round++) {
            Components next = holding(smallStar(largeStar(edges.stars)));
            Row after = next.fingerprint();
            edges.close();
            edges = next;
            if (after.equals(before)) {
                return edges;
            }
            before = after;
        }
        throw new IllegalStateException("components did not settle in " + MOST_ROUNDS + " rounds");
    }

    /** Behind an RDD the plan of the rows begins anew: the plans of all rounds, each naming the last one twice, would have no end. */
    private static Components holding(Dataset<Row> edges) {
        JavaRDD<Row> rows = edges.toJavaRDD().persist(StorageLevel.MEMORY_AND_DISK());
        return new Components(edges.sparkSession().createDataFrame(rows, LINK), rows);
    }

    private static List<Row> joined(List<Row> edges) {
        Map<Long, Long> parents = new HashMap<>();
        for (Row edge : edges) {
            long a = root(parents, edge.getLong(0));
            long b = root(parents, edge.getLong(1));
            if (a != b) {
                parents.put(Math.max(a, b), Math.min(a, b));
            }
        }
        List<Row> stars = new ArrayList<>();
        for (long node : parents.keySet()) {
            stars.add(RowFactory.create(node, root(parents, node)));
        }
        return stars;
    }

    /** Every node's parent is less than it; a root has none. */
    private static long root(Map<Long, Long> parents, long node) {
        long root = node;
        for (Long up = parents.get(root); up != null; up = parents.get(root)) {
            root = up;
        }
        for (long at = node; at != root; ) {
            at = parents.put(at, root); // shortens the way for the next
        }
        return root;
    }

    /** Each node's larger neighbours are linked to the least of its neighbours and itself. */
    private static Dataset<Row> largeStar(Dataset<Row> edges) {
        Dataset<Row> both = edges.select(A, B).union(edges.select(col(B).as(A), col(A).as(B)));
        Dataset<Row> leasts = both.groupBy(A)
                .agg(min(B).as("m"))
                .select(col(A).as("node"), least(col(A), col("m")).as("least"));
        return both.join(leasts, col(A).equalTo(col("node")))
                .where(col(B).gt(col(A)))
                .select(col(B).as(A), col("least").as(B))
                .distinct();
    }

    /** Each node and its smaller neighbours are linked to the least of these. */
    private static Dataset<Row> smallStar(Dataset<Row> edges) {
        Dataset<Row> leasts = edges.groupBy(A).agg(min(B).as("least")).select(col(A).as("node"), col("least"));
        Dataset<Row> neighbours = edges.join(leasts, col(A).equalTo(col("node")))
                .where(col(B).notEqual(col("least")))
                .select(col(B).as(A), col("least").as(B));
        return neighbours
                .union(leasts.select(col("node").as(A), col("least").as(B)))
                .distinct();
    }

    /** Number and digest: equal for equal edges. */
    private Row fingerprint() {
        return stars.agg(
                        count(lit(1)),
                        coalesce(
                                sum(xxhash64(col(A), col(B)).cast(DataTypes.createDecimalType(20, 0))),
                                lit(0).cast(DataTypes.createDecimalType(38, 0))))
                .first();
    }

    @Override
    public void close() {
        if (held != null) {
            held.unpersist();
        }
    }
}
