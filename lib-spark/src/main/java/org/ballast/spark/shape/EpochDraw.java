package org.ballast.spark.shape;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;

import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.ballast.core.longtail.ClassDraw;
import org.ballast.core.longtail.SamplingStrategy;

/** Draws an epoch of training samples against the tail. */
public final class EpochDraw {
    private static final StructType DRAW = new StructType()
            .add("position", DataTypes.LongType)
            .add("label", DataTypes.IntegerType)
            .add("number", DataTypes.LongType);

    private EpochDraw() {}

    /**
     * Draws with replacement: a class by the strategy, then one of its samples. The same for any partitions and order of
     * {@code rows}.
     *
     * @param rows of one split; those without a label, or with one below 0, are never drawn. Read twice, so they must come
     *     from storage
     * @param id column that names a row, unique
     * @param progress t/T, see {@link SamplingStrategy#probabilities}
     * @param draws length of the epoch
     * @return {@code position long} from 0, {@code id string}, {@code label int}; in no order
     * @throws IllegalArgumentException when no row has a label
     */
    public static Dataset<Row> draw(
            Dataset<Row> rows,
            String id,
            SamplingStrategy strategy,
            double progress,
            long draws,
            long seed,
            int epoch) {
        Dataset<Row> labelled = rows.filter(col("label").geq(0)).select(col(id).as("id"), col("label"));
        List<Row> counted =
                labelled.groupBy("label").agg(count(lit(1))).orderBy("label").collectAsList();
        int[] labels = counted.stream().mapToInt(row -> row.getInt(0)).toArray();
        long[] counts = counted.stream().mapToLong(row -> row.getLong(1)).toArray();
        Dataset<Row> drawn = rows.sparkSession()
                .range(draws)
                .map(new Drawn(new ClassDraw(strategy, counts, progress), labels, seed, epoch), Encoders.row(DRAW));
        Dataset<Row> numbered = labelled.withColumn(
                "number",
                row_number()
                        .over(Window.partitionBy("label").orderBy("id"))
                        .minus(lit(1))
                        .cast(DataTypes.LongType));
        return drawn.join(numbered, new String[] {"label", "number"}).select("position", "id", "label");
    }

    private record Drawn(ClassDraw draw, int[] labels, long seed, int epoch) implements MapFunction<Long, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row call(Long position) {
            ClassDraw.Draw drawn = draw.draw(seed, epoch, position);
            return RowFactory.create(position, labels[drawn.classIndex()], drawn.sample());
        }
    }
}
