package org.ballast.spark.negative;

import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/**
 * Unit vectors about centres that are drawn evenly on the sphere, made where they are needed: row i hangs on i alone.
 *
 * @param centres clusters
 * @param noise length of what is added to a centre, on average; 1 puts a vector at about 0.7 from it
 * @param classes row i is of class (its cluster) mod classes; 0: no classes
 */
record ClusteredEmbeddings(int dimensions, int centres, double noise, int classes)
        implements MapPartitionsFunction<Long, Row> {
    private static final long serialVersionUID = 1L;

    Dataset<Row> rows(SparkSession spark, int count, int partitions) {
        Dataset<Row> rows = spark.createDataset(
                        LongStream.range(0, count).boxed().toList(), Encoders.LONG())
                .repartition(partitions)
                .mapPartitions(this, Encoders.row(Embedded.SCHEMA));
        // as if they came from storage: what Spark hands on from one function to the next has no names
        return spark.createDataFrame(rows.javaRDD(), Embedded.SCHEMA);
    }

    @Override
    public Iterator<Row> call(Iterator<Long> numbers) {
        return new Streamed<>(numbers, number -> List.of(row(number)).iterator());
    }

    private Row row(long number) {
        Random random = new Random(31 * number + 7);
        int cluster = random.nextInt(centres);
        Random centre = new Random(1_000_003L * cluster);
        float[] vector = new float[dimensions];
        double squares = 0;
        for (int k = 0; k < dimensions; k++) {
            vector[k] = (float) ((centre.nextGaussian() + noise * random.nextGaussian()) / Math.sqrt(dimensions));
            squares += vector[k] * vector[k];
        }
        for (int k = 0; k < dimensions; k++) {
            vector[k] /= (float) Math.sqrt(squares);
        }
        return RowFactory.create(
                "p%07d".formatted(number),
                "i" + number / 2,
                "describe",
                classes == 0 ? new Integer[0] : new Integer[] {cluster % classes},
                "text " + number,
                number % 10 != 9,
                true,
                Embedded.bytes(vector));
    }
}
