package org.ballast.spark.units;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import scala.Function1;

/** Rows in the order of their keys, numbered by unit. Kept sorted while open, in columns, so that a wave reads only the partitions that its units are in. */
final class UnitRows implements AutoCloseable {
    static final String UNIT = "unit";

    private final SparkSession spark;
    private final Dataset<Row> sorted;
    private final StructType schema;
    private final int unitRows;
    /** Number of the first row of each partition, and of the one behind the last. */
    private final long[] starts;

    private final long attempts;

    /** @param attempts a whole number of each row that is summed up */
    UnitRows(SparkSession spark, Dataset<Row> rows, String key, Column attempts, int unitRows) {
        this.spark = spark;
        this.unitRows = unitRows;
        schema = rows.schema().add(UNIT, DataTypes.IntegerType, false);
        // the number stands where the unit will
        sorted = rows.withColumn(UNIT, attempts.cast(DataTypes.LongType))
                .orderBy(functions.col(key))
                .persist(StorageLevel.MEMORY_AND_DISK());
        List<Counted> counts =
                sorted.select(UNIT).javaRDD().mapPartitions(UnitRows::count).collect();
        starts = new long[counts.size() + 1];
        long sum = 0;
        for (int i = 0; i < counts.size(); i++) {
            starts[i + 1] = starts[i] + counts.get(i).rows;
            sum += counts.get(i).attempts;
        }
        this.attempts = sum;
        units();
    }

    /** Of a partition. */
    private record Counted(long rows, long attempts) implements Serializable {}

    private static Iterator<Counted> count(Iterator<Row> rows) {
        long count = 0;
        long sum = 0;
        while (rows.hasNext()) {
            sum += rows.next().getLong(0);
            count++;
        }
        return List.of(new Counted(count, sum)).iterator();
    }

    long rows() {
        return starts[starts.length - 1];
    }

    int units() {
        return Math.toIntExact((rows() + unitRows - 1) / unitRows);
    }

    /** Attempts of all rows together. */
    long attempts() {
        return attempts;
    }

    /** The rows of units {@code first .. end - 1}, with their unit. */
    Dataset<Row> of(int first, int end) {
        long from = (long) first * unitRows;
        long to = (long) end * unitRows;
        boolean[] wanted = new boolean[starts.length - 1];
        IntStream.range(0, wanted.length).forEach(i -> wanted[i] = starts[i] < to && starts[i + 1] > from);
        JavaRDD<Row> some = PartitionPruningRDD.create(numbered().rdd(), (Function1<Object, Object> & Serializable)
                        partition -> wanted[(Integer) partition])
                .toJavaRDD();
        return spark.createDataFrame(some, schema)
                .filter(functions.col(UNIT).geq(first).and(functions.col(UNIT).lt(end)));
    }

    private JavaRDD<Row> numbered() {
        long[] begins = starts;
        int size = unitRows;
        return sorted.javaRDD()
                .mapPartitionsWithIndex((partition, rows) -> new Numbered(rows, begins[partition], size), true);
    }

    /** Sets the unit of rows whose numbers follow one another. */
    private static final class Numbered implements Iterator<Row> {
        private final Iterator<Row> rows;
        private final int unitRows;
        private long number;

        Numbered(Iterator<Row> rows, long first, int unitRows) {
            this.rows = rows;
            this.unitRows = unitRows;
            number = first;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public Row next() {
            Row row = rows.next();
            Object[] values = new Object[row.size()];
            for (int i = 0; i < values.length - 1; i++) {
                values[i] = row.get(i);
            }
            values[values.length - 1] = Math.toIntExact(number++ / unitRows);
            return RowFactory.create(values);
        }
    }

    @Override
    public void close() {
        sorted.unpersist(false);
    }
}
