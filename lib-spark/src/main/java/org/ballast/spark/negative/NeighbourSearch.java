package org.ballast.spark.negative;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.flatten;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.ballast.core.negative.BestMatches;
import org.ballast.core.negative.RetrievedNegative;

/**
 * The most similar responses of each query among those in the cells that it searches. Cells are compared by blocks of
 * candidates and portions of queries, each pair of these a piece of work of bounded size; the driver holds two numbers a cell.
 */
final class NeighbourSearch {
    private static final StructType ASSIGNED = Embedded.SCHEMA
            .add("pool", DataTypes.IntegerType)
            .add("cell", DataTypes.IntegerType)
            .add("probed", DataTypes.createArrayType(DataTypes.IntegerType));

    /** What a piece of work is, and then the row. */
    private static final StructType PLACED = new StructType()
            .add("pool", DataTypes.IntegerType)
            .add("cell", DataTypes.IntegerType)
            .add("block", DataTypes.IntegerType)
            .add("portion", DataTypes.IntegerType)
            .add("query", DataTypes.BooleanType)
            .add("prompt_id", DataTypes.StringType)
            .add("image_id", DataTypes.StringType)
            .add("kind", DataTypes.StringType)
            .add("labels", DataTypes.createArrayType(DataTypes.IntegerType))
            .add("response", DataTypes.StringType)
            .add("vector", DataTypes.BinaryType);

    private static final String[] PIECE = {"pool", "cell", "block", "portion"};

    private final SparkSession spark;
    private final CellIndex index;
    private final RetrieveOptions options;

    NeighbourSearch(SparkSession spark, CellIndex index, RetrieveOptions options) {
        this.spark = spark;
        this.index = index;
        this.options = options;
    }

    /**
     * Searches; what comes is asked for once.
     *
     * @param rows {@link Embedded#SCHEMA}
     * @param probes cells that each query searches
     * @param use of the matches, {@link Neighbours#TABLE}; queries without one are left out
     */
    void search(Dataset<Row> rows, int probes, Consumer<Dataset<Row>> use) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<CellIndex> shared = context.broadcast(index);
        Dataset<Row> assigned = rows.mapPartitions(
                        new Assign(shared, probes, options.rule().most()), Encoders.row(ASSIGNED))
                .persist(StorageLevel.DISK_ONLY());
        try {
            Pieces pieces = Pieces.of(
                    assigned.filter(col("candidate")).select("pool", "cell"),
                    assigned.filter(col("searches"))
                            .select(col("pool"), explode(col("probed")).as("cell")));
            Dataset<Row> placed = assigned.flatMap(new Place(pieces), Encoders.row(PLACED));
            use.accept(compared(placed, tasks(context, pieces)));
        } finally {
            assigned.unpersist(false);
            shared.destroy();
        }
    }

    private static int tasks(JavaSparkContext context, Pieces pieces) {
        return (int) Math.max(1, Math.min(pieces.count(), 16L * context.defaultParallelism()));
    }

    private Dataset<Row> compared(Dataset<Row> placed, int tasks) {
        Column[] piece = Arrays.stream(PIECE).map(name -> col(name)).toArray(Column[]::new);
        List<Column> order = new ArrayList<>(List.of(piece));
        order.add(col("query"));
        return placed.repartition(tasks, piece)
                .sortWithinPartitions(order.toArray(Column[]::new))
                .mapPartitions(new Compare(options), Encoders.row(Neighbours.SCHEMA))
                .groupBy("prompt_id")
                .agg(flatten(collect_list(Neighbours.RETRIEVED)).as(Neighbours.RETRIEVED))
                .map(new Merge(options.matches()), Encoders.row(Neighbours.SCHEMA));
    }

    /** Rows that neither search nor are candidates are dropped, and queries of a kind without candidates. */
    private record Assign(Broadcast<CellIndex> index, int probes, double most)
            implements MapPartitionsFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            return new Streamed<>(rows, this::assign);
        }

        private Iterator<Row> assign(Row row) {
            Integer pool = index.value().pool(row.getAs("kind"));
            boolean candidate = row.<Boolean>getAs("candidate");
            boolean searches = row.<Boolean>getAs("searches");
            if (pool == null || !(candidate || searches)) {
                return List.<Row>of().iterator();
            }
            float[] vector = Embedded.floats(row.getAs("vector"));
            Object[] values = new Object[ASSIGNED.length()];
            for (int i = 0; i < Embedded.SCHEMA.length(); i++) {
                values[i] = row.get(row.fieldIndex(ASSIGNED.fieldNames()[i]));
            }
            values[ASSIGNED.fieldIndex("pool")] = pool;
            values[ASSIGNED.fieldIndex("cell")] = candidate ? index.value().cell(pool, vector) : null;
            values[ASSIGNED.fieldIndex("probed")] =
                    searches ? index.value().probed(pool, vector, probes, most) : new int[0];
            return List.of(RowFactory.create(values)).iterator();
        }
    }

    /** Copies of a row for each piece of work that it takes part in. */
    private record Place(Pieces pieces) implements FlatMapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Iterator<Row> call(Row row) {
            List<Row> placed = new ArrayList<>();
            int pool = row.<Integer>getAs("pool");
            String id = row.getAs("prompt_id");
            if (row.<Boolean>getAs("candidate")) {
                int cell = row.<Integer>getAs("cell");
                int block = pieces.block(pool, cell, id);
                for (int portion = 0; portion < pieces.portions(pool, cell); portion++) {
                    placed.add(placed(row, pool, cell, block, portion, false));
                }
            }
            for (Integer cell : row.<Integer>getList(row.fieldIndex("probed"))) {
                int portion = pieces.portion(pool, cell, id);
                for (int block = 0; block < pieces.blocks(pool, cell); block++) {
                    placed.add(placed(row, pool, cell, block, portion, true));
                }
            }
            return placed.iterator();
        }

        private static Row placed(Row row, int pool, int cell, int block, int portion, boolean query) {
            return RowFactory.create(
                    pool,
                    cell,
                    block,
                    portion,
                    query,
                    row.getAs("prompt_id"),
                    row.getAs("image_id"),
                    row.getAs("kind"),
                    row.getList(row.fieldIndex("labels")).toArray(),
                    row.getAs("response"),
                    row.getAs("vector"));
        }
    }

    /** The best of a query's matches in all pieces. */
    private record Merge(int count) implements MapFunction<Row, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Row row) {
            BestMatches<Row> best = new BestMatches<>(count);
            for (Row match : row.<Row>getList(1)) {
                best.offer(
                        match.getAs("id"),
                        RetrievedNegative.normalised(match.getAs("response")),
                        match.<Float>getAs("similarity"),
                        match);
            }
            return RowFactory.create(row.getString(0), best.values().toArray());
        }
    }
}
