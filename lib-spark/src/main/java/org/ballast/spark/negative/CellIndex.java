package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.xxhash64;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.clustering.KMeans;
import org.apache.spark.ml.clustering.KMeansModel;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.negative.CoarseCells;
import org.ballast.spark.io.StageFolder;
import org.ballast.spark.io.Table;
import org.ballast.spark.io.Waves;

/**
 * Where responses are looked for: each kind is a pool of its own; a small one is one cell, a large one is cut into cells by
 * spherical k-means (Dhillon and Modha, Concept Decompositions for Large Sparse Text Data Using Clustering, 2001: MLlib's with the cosine distance).
 */
final class CellIndex implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Texts that k-means sees for each cell: FAISS warns below 39 and leaves out more than 256. */
    private static final int TRAINING_ROWS = 64;
    /** Texts that k-means sees at most: it runs in one task, so that it gives the same whatever the partitions. */
    private static final long MOST_TRAINING_ROWS = 100_000;

    private static final int ITERATIONS = 10;
    private static final long RESOLUTION = 1L << 30;

    private static final StructType CENTROIDS = new StructType()
            .add("pool", DataTypes.IntegerType)
            .add("cell", DataTypes.IntegerType)
            .add("spread", DataTypes.DoubleType)
            .add("vector", DataTypes.BinaryType);
    private static final Table TABLE = new Table("cells", CENTROIDS, List.of("pool", "cell"), false, false);

    private static final StructType FEATURES = new StructType().add("features", SQLDataTypes.VectorType());

    /** Numbers of kinds; the null key is a kind. */
    private final HashMap<String, Integer> pools;

    /** By pool; none for a pool that is one cell. */
    private final HashMap<Integer, CoarseCells> cells;

    private CellIndex(Map<String, Integer> pools, Map<Integer, CoarseCells> cells) {
        this.pools = new HashMap<>(pools);
        this.cells = new HashMap<>(cells);
    }

    /**
     * The index of the candidates, with its centroids stored in the stage's working folder.
     *
     * @param embedded {@link Embedded#SCHEMA}, from storage
     */
    static CellIndex of(SparkSession spark, StageFolder stage, Dataset<Row> embedded, RetrieveOptions options) {
        Dataset<Row> candidates = embedded.filter(col("candidate"));
        Map<String, Integer> pools = new HashMap<>();
        Map<Integer, Long> large = new TreeMap<>();
        for (Row kind : candidates
                .groupBy("kind")
                .count()
                .orderBy(col("kind").asc_nulls_first())
                .collectAsList()) {
            int pool = pools.size();
            pools.put(kind.getString(0), pool);
            if (kind.getLong(1) > options.exactBelow()) {
                large.put(pool, kind.getLong(1));
            }
        }
        if (large.isEmpty()) {
            return new CellIndex(pools, Map.of());
        }
        Waves stored = Waves.of(stage, TABLE);
        for (Map.Entry<String, Integer> kind : pools.entrySet()) {
            Long count = large.get(kind.getValue());
            if (count != null) {
                stored.write(
                        kind.getValue(),
                        () -> spark.createDataFrame(
                                trained(
                                        kind.getValue(),
                                        candidates.filter(col("kind").eqNullSafe(kind.getKey())),
                                        count,
                                        options),
                                CENTROIDS));
            }
        }
        Map<Integer, List<float[]>> centroids = new HashMap<>();
        Map<Integer, Double> spreads = new HashMap<>();
        for (Row row : stored.read(spark).orderBy("pool", "cell").collectAsList()) {
            centroids
                    .computeIfAbsent(row.getInt(0), pool -> new ArrayList<>())
                    .add(Embedded.floats(row.getAs("vector")));
            spreads.put(row.getInt(0), row.getDouble(2));
        }
        Map<Integer, CoarseCells> cells = new HashMap<>();
        centroids.forEach((pool, vectors) -> cells.put(pool, new CoarseCells(vectors, spreads.get(pool))));
        return new CellIndex(pools, cells);
    }

    private static List<Row> trained(int pool, Dataset<Row> candidates, long count, RetrieveOptions options) {
        int wanted = options.cellsFor(count);
        double share = Math.min(1, (double) Math.min(MOST_TRAINING_ROWS, (long) TRAINING_ROWS * wanted) / count);
        Dataset<Row> sample = candidates
                .filter(pmod(xxhash64(lit(options.seed()), col("prompt_id")), lit(RESOLUTION))
                        .lt((long) (share * RESOLUTION)))
                .groupBy("vector")
                .agg(min("prompt_id").as("first"))
                .repartition(1)
                .sortWithinPartitions("first")
                .map(new Features(), Encoders.row(FEATURES));
        KMeansModel model = new KMeans()
                .setK(Math.max(2, wanted))
                .setSeed(options.seed())
                .setMaxIter(ITERATIONS)
                .setDistanceMeasure("cosine")
                .setInitMode("random")
                .fit(sample);
        long seen = 0;
        for (long size : model.summary().clusterSizes()) {
            seen += size;
        }
        double spread = Math.min(1, Math.max(0.01, 1 - model.summary().trainingCost() / seen));
        List<Row> rows = new ArrayList<>();
        for (Vector centre : model.clusterCenters()) {
            float[] unit = unit(centre.toArray());
            if (unit != null) {
                rows.add(RowFactory.create(pool, rows.size(), spread, Embedded.bytes(unit)));
            }
        }
        return rows;
    }

    /** @return null for a vector without a direction */
    private static float[] unit(double[] vector) {
        double squares = 0;
        for (double value : vector) {
            squares += value * value;
        }
        if (!(squares > 0)) {
            return null;
        }
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (vector[i] / Math.sqrt(squares));
        }
        return unit;
    }

    /** Number of the kind's pool, null where no candidate is of this kind. */
    Integer pool(String kind) {
        return pools.get(kind);
    }

    /** Kinds of which a query that searches so many cells does not see all candidates; null is a kind. */
    List<String> leavingOut(int probes) {
        List<String> kinds = new ArrayList<>();
        pools.forEach((kind, pool) -> {
            CoarseCells of = cells.get(pool);
            if (of != null && of.size() > probes) {
                kinds.add(kind);
            }
        });
        return kinds;
    }

    /** The cell of a candidate. */
    int cell(int pool, float[] vector) {
        CoarseCells of = cells.get(pool);
        return of == null ? 0 : of.nearest(vector);
    }

    /** The cells to search for a query, see {@link CoarseCells#nearest(float[], int, double)}. */
    int[] probed(int pool, float[] vector, int probes, double most) {
        CoarseCells of = cells.get(pool);
        return of == null ? new int[] {0} : of.nearest(vector, probes, most);
    }

    private record Features() implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            float[] vector = Embedded.floats(row.getAs("vector"));
            double[] values = new double[vector.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = vector[i];
            }
            return RowFactory.create(Vectors.dense(values));
        }
    }
}
