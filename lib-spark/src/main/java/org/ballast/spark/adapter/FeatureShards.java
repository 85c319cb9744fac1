package org.ballast.spark.adapter;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.drift.FeatureScaling;
import org.ballast.core.drift.FeatureShard;
import org.ballast.core.drift.LabelledFeatures;
import scala.Tuple2;

/**
 * Training rows dealt to workers once: every shard has the same number of rows, give or take one, in an order that
 * depends on the ids alone, not on how the rows were partitioned. Shards are cached until {@link #close}.
 */
public final class FeatureShards implements AutoCloseable {
    private final JavaRDD<FeatureShard> shards;
    private final int width;
    private final int[] trainCounts;
    private final long rows;
    private final FeatureScaling scaling;

    private FeatureShards(
            JavaRDD<FeatureShard> shards, int width, int[] trainCounts, long rows, FeatureScaling scaling) {
        this.shards = shards;
        this.width = width;
        this.trainCounts = trainCounts;
        this.rows = rows;
        this.scaling = scaling;
    }

    /** What one pass over the rows gathers. */
    private record Statistics(int[] counts, FeatureScaling.Moments moments) implements Serializable {
        Statistics plus(LabelledFeatures row) {
            if (row.label() < 0 || row.label() >= counts.length) {
                throw new IllegalArgumentException("label of training sample " + row.id() + " is " + row.label()
                        + ", outside 0.." + (counts.length - 1));
            }
            counts[row.label()]++;
            FeatureScaling.Moments sum;
            try {
                sum = moments.plus(row.features());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("training sample " + row.id() + ": " + e.getMessage(), e);
            }
            return new Statistics(counts, sum);
        }

        Statistics plus(Statistics other) {
            for (int k = 0; k < counts.length; k++) {
                counts[k] += other.counts[k];
            }
            return new Statistics(counts, moments.plus(other.moments));
        }
    }

    /** Position in the deal to worker. */
    private static final class RoundRobin extends Partitioner {
        private final int workers;

        RoundRobin(int workers) {
            this.workers = workers;
        }

        @Override
        public int numPartitions() {
            return workers;
        }

        @Override
        public int getPartition(Object position) {
            return (int) ((Long) position % workers);
        }
    }

    /**
     * Deals rows.
     *
     * @param classes number of classes
     * @throws IllegalArgumentException if there are fewer rows than workers
     */
    public static FeatureShards of(JavaRDD<LabelledFeatures> rows, int classes, int workers, FeatureScaling.Mode mode) {
        List<LabelledFeatures> first = rows.take(1);
        if (first.isEmpty()) {
            throw new IllegalArgumentException("no training row");
        }
        int width = first.get(0).features().length;
        // sorted by id before anything is summed, so that the sums do not depend on the partitions given
        JavaPairRDD<Long, LabelledFeatures> dealt = rows.keyBy(row -> order(row.id()))
                .sortByKey(true, Math.max(workers, rows.getNumPartitions()))
                .values()
                .zipWithIndex()
                .mapToPair(Tuple2::swap)
                .partitionBy(new RoundRobin(workers))
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Statistics zero = new Statistics(new int[classes], FeatureScaling.Moments.empty(width));
            List<Statistics> parts = dealt.mapPartitions(it -> {
                        Statistics sum = zero;
                        for (Tuple2<Long, LabelledFeatures> row : inOrder(it)) {
                            sum = sum.plus(row._2());
                        }
                        return List.of(sum).iterator();
                    })
                    .collect();
            Statistics all = new Statistics(new int[classes], FeatureScaling.Moments.empty(width));
            for (Statistics part : parts) {
                all = all.plus(part);
            }
            if (all.moments().count() < workers) {
                throw new IllegalArgumentException(
                        all.moments().count() + " training rows for " + workers + " workers");
            }
            FeatureScaling scaling = mode == FeatureScaling.Mode.STANDARD
                    ? FeatureScaling.standard(all.moments())
                    : FeatureScaling.of(mode);
            JavaRDD<FeatureShard> shards = dealt.mapPartitions(
                            it -> List.of(FeatureShard.of(width, features(inOrder(it)), scaling))
                                    .iterator(),
                            true)
                    .persist(StorageLevel.MEMORY_AND_DISK());
            shards.count();
            return new FeatureShards(shards, width, all.counts(), all.moments().count(), scaling);
        } finally {
            dealt.unpersist(false);
        }
    }

    /** Random, but the same for an id always. */
    private static String order(String id) {
        return Long.toHexString(ItemRandom.of(0, "shuffle", id, 0).nextLong()) + "/" + id;
    }

    private static List<Tuple2<Long, LabelledFeatures>> inOrder(Iterator<Tuple2<Long, LabelledFeatures>> rows) {
        List<Tuple2<Long, LabelledFeatures>> list = new ArrayList<>();
        rows.forEachRemaining(list::add);
        list.sort(Comparator.comparing(Tuple2::_1));
        return list;
    }

    private static List<LabelledFeatures> features(List<Tuple2<Long, LabelledFeatures>> rows) {
        return rows.stream().map(Tuple2::_2).toList();
    }

    /** One shard a partition. */
    JavaRDD<FeatureShard> rdd() {
        return shards;
    }

    public int workers() {
        return shards.getNumPartitions();
    }

    public int width() {
        return width;
    }

    public int classes() {
        return trainCounts.length;
    }

    public int[] trainCounts() {
        return trainCounts.clone();
    }

    public long rows() {
        return rows;
    }

    public FeatureScaling scaling() {
        return scaling;
    }

    /** Minibatches of one worker in one epoch: enough to see each row of the largest shard. */
    int batchesPerEpoch(int batchSize) {
        long largest = (rows + workers() - 1) / workers();
        return Math.toIntExact((largest + batchSize - 1) / batchSize);
    }

    @Override
    public void close() {
        shards.unpersist(false);
    }
}
