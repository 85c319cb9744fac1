package org.ballast.spark.train;

import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/** The training set as the driver holds it: it brings each round's examples to their workers. */
public interface Examples<E> extends AutoCloseable {
    /** How many there are; their indexes are 0 .. count - 1. */
    long count();

    /** The round's shards: partition w holds the shard of worker w and nothing else. */
    JavaRDD<Shard<E>> deliver(JavaSparkContext spark, List<WorkerPlan> plans);

    /** Releases what the cluster holds of it. */
    @Override
    void close();

    /** Examples that every executor reads for itself, such as files on a disk or an object store that all can see. */
    static <E> Examples<E> from(ExampleSource<E> source, long count) {
        return new Examples<>() {
            @Override
            public long count() {
                return count;
            }

            @Override
            public JavaRDD<Shard<E>> deliver(JavaSparkContext spark, List<WorkerPlan> plans) {
                return shards(spark, plans, source);
            }

            @Override
            public void close() {}
        };
    }

    /** Each worker's plan in its own partition, with a source that travels along. */
    static <E> JavaRDD<Shard<E>> shards(JavaSparkContext spark, List<WorkerPlan> plans, ExampleSource<E> source) {
        List<Shard<E>> shards =
                plans.stream().map(plan -> new Shard<>(plan, source)).toList();
        return spark.parallelize(shards, shards.size());
    }
}
