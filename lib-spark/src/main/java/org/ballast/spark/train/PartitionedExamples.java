package org.ballast.spark.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * A training set too large for one machine, spread over the cluster. A round scans the persisted rows where they lie
 * and ships those of its batches, once to each worker that wants them; a worker holds its rows of the round. Worth it
 * where a round is long; examples in files that all executors can see are cheaper through an {@link ExampleSource}.
 */
public final class PartitionedExamples<E> implements Examples<E> {
    private final JavaPairRDD<Long, E> rows;
    private final long count;

    /** Numbers the examples in the order of the RDD, which must come out the same each time it is computed. */
    public static <E> PartitionedExamples<E> inOrder(JavaRDD<E> examples, StorageLevel level) {
        return new PartitionedExamples<>(
                examples.zipWithIndex().mapToPair(pair -> new Tuple2<>(pair._2, pair._1)), level);
    }

    /**
     * @param rows examples by index; the indexes are 0 .. count - 1, each once
     * @param level where they are kept between rounds
     */
    public PartitionedExamples(JavaPairRDD<Long, E> rows, StorageLevel level) {
        this.rows = rows.persist(level);
        this.count = this.rows.count();
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public JavaRDD<Shard<E>> deliver(JavaSparkContext spark, List<WorkerPlan> plans) {
        return rows.mapPartitionsToPair(new ToWorkers<E>(Wanted.by(plans)), true)
                .partitionBy(new ByWorker(plans.size()))
                .mapPartitionsWithIndex(new Gather<E>(plans), true);
    }

    @Override
    public void close() {
        rows.unpersist(false);
    }

    /** Pairs (index, worker), sorted: which workers want a row. */
    private record Wanted(long[] indexes, int[] workers) implements Serializable {
        static Wanted by(List<WorkerPlan> plans) {
            record Pair(long index, int worker) {}
            var pairs = new TreeSet<Pair>((a, b) ->
                    a.index != b.index ? Long.compare(a.index, b.index) : Integer.compare(a.worker, b.worker));
            for (WorkerPlan plan : plans) {
                for (long index : plan.indexes()) {
                    pairs.add(new Pair(index, plan.worker()));
                }
            }
            return new Wanted(
                    pairs.stream().mapToLong(Pair::index).toArray(),
                    pairs.stream().mapToInt(Pair::worker).toArray());
        }
    }

    private record ToWorkers<E>(Wanted wanted)
            implements PairFlatMapFunction<Iterator<Tuple2<Long, E>>, Integer, Tuple2<Long, E>> {
        @Override
        public Iterator<Tuple2<Integer, Tuple2<Long, E>>> call(Iterator<Tuple2<Long, E>> partition) {
            // the sent rows of one partition are few beside the scanned ones
            List<Tuple2<Integer, Tuple2<Long, E>>> sent = new ArrayList<>();
            long[] indexes = wanted.indexes();
            while (partition.hasNext()) {
                Tuple2<Long, E> row = partition.next();
                int at = Arrays.binarySearch(indexes, row._1);
                while (at > 0 && indexes[at - 1] == row._1) {
                    at--;
                }
                for (; at >= 0 && at < indexes.length && indexes[at] == row._1; at++) {
                    sent.add(new Tuple2<>(wanted.workers()[at], row));
                }
            }
            return sent.iterator();
        }
    }

    private static final class ByWorker extends Partitioner {
        private final int workers;

        ByWorker(int workers) {
            this.workers = workers;
        }

        @Override
        public int numPartitions() {
            return workers;
        }

        @Override
        public int getPartition(Object worker) {
            return (Integer) worker;
        }
    }

    private record Gather<E>(List<WorkerPlan> plans)
            implements Function2<Integer, Iterator<Tuple2<Integer, Tuple2<Long, E>>>, Iterator<Shard<E>>> {
        @Override
        public Iterator<Shard<E>> call(Integer worker, Iterator<Tuple2<Integer, Tuple2<Long, E>>> rows) {
            Map<Long, E> byIndex = new HashMap<>();
            rows.forEachRemaining(row -> byIndex.put(row._2._1, row._2._2));
            return List.of(new Shard<E>(plans.get(worker), new Gathered<>(byIndex)))
                    .iterator();
        }
    }

    /** Lives within its task. */
    private record Gathered<E>(Map<Long, E> byIndex) implements ExampleSource<E> {
        @Override
        public List<E> fetch(long[] indexes) {
            List<E> result = new ArrayList<>(indexes.length);
            for (long index : indexes) {
                E example = byIndex.get(index);
                if (example == null) {
                    throw new IllegalArgumentException("example " + index + " is not in the partitioned rows");
                }
                result.add(example);
            }
            return result;
        }
    }
}
