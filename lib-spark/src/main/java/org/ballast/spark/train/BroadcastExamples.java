package org.ballast.spark.train;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** A training set small enough to lie in the memory of every executor, sent there once. */
public final class BroadcastExamples<E> implements Examples<E> {
    private final int count;
    private final Broadcast<ArrayList<E>> broadcast;

    /** The examples must be {@code Serializable}. */
    public BroadcastExamples(JavaSparkContext spark, List<E> examples) {
        this.count = examples.size();
        this.broadcast = spark.broadcast(new ArrayList<>(examples));
    }

    private record BroadcastSource<E>(Broadcast<ArrayList<E>> broadcast) implements ExampleSource<E> {
        @Override
        public List<E> fetch(long[] indexes) {
            List<E> all = broadcast.value();
            List<E> result = new ArrayList<>(indexes.length);
            for (long index : indexes) {
                if (index < 0 || index >= all.size()) {
                    throw new IllegalArgumentException("there is no example " + index + " among " + all.size());
                }
                result.add(all.get((int) index));
            }
            return result;
        }
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public JavaRDD<Shard<E>> deliver(JavaSparkContext spark, List<WorkerPlan> plans) {
        return Examples.shards(spark, plans, new BroadcastSource<>(broadcast));
    }

    @Override
    public void close() {
        broadcast.destroy();
    }
}
