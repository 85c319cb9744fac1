package org.ballast.spark.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.ballast.core.drift.AdapterModel;
import org.ballast.core.drift.AdapterNetwork;
import org.ballast.core.drift.HeadSettings;
import org.ballast.core.drift.LossPoint;
import org.ballast.core.drift.MinibatchStream;
import org.ballast.core.preference.LearningRate;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Trains heads by dl4j-spark's {@code ParameterAveragingTrainingMaster}: each worker takes the same number of AdamW
 * steps on its shard, then parameters and updater state are averaged. All heads see the same shards, batches (by seed)
 * and schedule.
 */
public final class AdapterTrainer {
    private final JavaSparkContext spark;

    public AdapterTrainer(JavaSparkContext spark) {
        this.spark = spark;
    }

    /**
     * Trains every head from every seed.
     *
     * @param concurrency trainings that run as Spark jobs side by side
     * @param finished told of each training as it ends, from several threads
     * @return heads in order, the seeds of a head in order
     */
    public List<TrainedAdapter> trainAll(
            List<HeadSettings> heads,
            List<Long> seeds,
            AdapterSettings settings,
            FeatureShards shards,
            int concurrency,
            Consumer<TrainedAdapter> finished) {
        ExecutorService pool = Executors.newFixedThreadPool(concurrency);
        try {
            List<Future<TrainedAdapter>> running = new ArrayList<>();
            for (HeadSettings head : heads) {
                for (long seed : seeds) {
                    running.add(pool.submit(() -> {
                        TrainedAdapter trained = train(head, settings, shards, seed);
                        finished.accept(trained);
                        return trained;
                    }));
                }
            }
            List<TrainedAdapter> trained = new ArrayList<>();
            for (Future<TrainedAdapter> one : running) {
                trained.add(one.get());
            }
            return trained;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while heads were in training", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    "a head could not be trained: " + e.getCause().getMessage(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    /**
     * Trains one head.
     *
     * @throws IllegalArgumentException if the shards were dealt to another number of workers
     * @throws ArithmeticException if the loss is no longer finite
     */
    public TrainedAdapter train(HeadSettings head, AdapterSettings settings, FeatureShards shards, long seed) {
        if (shards.workers() != settings.workers()) {
            throw new IllegalArgumentException(
                    "shards for " + shards.workers() + " workers, settings for " + settings.workers());
        }
        long start = System.nanoTime();
        int steps = shards.batchesPerEpoch(settings.batchSize()) * settings.epochsPerRound();
        long totalSteps = (long) steps * settings.rounds();
        LearningRate rate = LearningRate.of(
                settings.schedule(),
                settings.learningRate(),
                LearningRate.warmupSteps(totalSteps, settings.warmupRatio()),
                totalSteps);
        MultiLayerNetwork network = AdapterNetwork.create(
                head, shards.width(), shards.trainCounts(), rate, settings.weightDecay(), seed, DataType.FLOAT);

        DoubleAccumulator losses = spark.sc().doubleAccumulator();
        ParameterAveragingTrainingMaster master = master(settings, steps, seed, new LossHook(losses));
        SparkDl4jMultiLayer distributed = new SparkDl4jMultiLayer(spark, network, master);
        List<LossPoint> curve = new ArrayList<>();
        for (int round = 0; round < settings.rounds(); round++) {
            losses.reset();
            distributed.fit(minibatches(shards, settings.batchSize(), seed, (long) round * steps, steps));
            int epoch = (round + 1) * settings.epochsPerRound();
            if (!Double.isFinite(losses.avg())) {
                throw new ArithmeticException("head " + head.name() + ", seed " + seed + ": the loss of epoch " + epoch
                        + " is " + losses.avg());
            }
            curve.add(new LossPoint(epoch, losses.avg()));
        }
        AdapterModel model = new AdapterModel(head, shards.scaling(), distributed.getNetwork());
        return new TrainedAdapter(model, seed, curve, (System.nanoTime() - start) / 1e9);
    }

    private static ParameterAveragingTrainingMaster master(
            AdapterSettings settings, int steps, long seed, LossHook hook) {
        return new ParameterAveragingTrainingMaster.Builder(settings.workers(), settings.batchSize())
                .batchSizePerWorker(settings.batchSize())
                .averagingFrequency(steps)
                .rngSeed(seed)
                .workerPrefetchNumBatches(0)
                .storageLevel(null)
                .repartionData(Repartition.Never)
                .rddTrainingApproach(RDDTrainingApproach.Direct)
                .trainingHooks(List.of(hook))
                .build();
    }

    private static JavaRDD<DataSet> minibatches(FeatureShards shards, int batchSize, long seed, long first, int count) {
        int classes = shards.classes();
        return shards.rdd()
                .mapPartitionsWithIndex(
                        (index, it) -> new MinibatchStream(it.next(), index, classes, batchSize, seed, first, count),
                        true);
    }
}
