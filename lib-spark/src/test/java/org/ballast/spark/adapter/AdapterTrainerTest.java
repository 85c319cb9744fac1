package org.ballast.spark.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.spark.api.java.JavaSparkContext;
import org.ballast.core.drift.AdapterModel;
import org.ballast.core.drift.AdapterNetwork;
import org.ballast.core.drift.AdapterPrediction;
import org.ballast.core.drift.FeatureScaling;
import org.ballast.core.drift.FeatureShard;
import org.ballast.core.drift.HeadResult;
import org.ballast.core.drift.HeadSettings;
import org.ballast.core.drift.LabelledFeatures;
import org.ballast.core.drift.LossPoint;
import org.ballast.core.drift.MinibatchStream;
import org.ballast.core.drift.OodScore;
import org.ballast.core.preference.LearningRate;
import org.ballast.spark.SparkExtension;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@ExtendWith(SparkExtension.class)
class AdapterTrainerTest {
    private static final int CLASSES = 6;
    private static final int WIDTH = 12;
    private static final ClusteredFeatures DATA = new ClusteredFeatures(CLASSES, WIDTH, 0.5, 5);
    private static final List<LabelledFeatures> TRAIN = DATA.longTail(130, 0.4);

    private static AdapterSettings settings(int epochs, int epochsPerRound) {
        return new AdapterSettings(
                2,
                epochs,
                epochsPerRound,
                16,
                1e-2,
                LearningRate.Schedule.COSINE,
                0.1,
                0.05,
                FeatureScaling.Mode.STANDARD);
    }

    private static FeatureShards shards(JavaSparkContext spark, List<LabelledFeatures> rows, int partitions) {
        return FeatureShards.of(spark.parallelize(rows, partitions), CLASSES, 2, FeatureScaling.Mode.STANDARD);
    }

    @Test
    void oneRoundIsTheMeanOfTheWorkersSteps(JavaSparkContext spark) {
        AdapterSettings settings = settings(1, 1);
        HeadSettings head = HeadSettings.tsp("tsp");
        try (FeatureShards shards = shards(spark, TRAIN, 3)) {
            TrainedAdapter trained = new AdapterTrainer(spark).train(head, settings, shards, 3);
            int steps = shards.batchesPerEpoch(16);
            assertThat(steps).isGreaterThan(1);
            LearningRate rate =
                    LearningRate.of(LearningRate.Schedule.COSINE, 1e-2, LearningRate.warmupSteps(steps, 0.1), steps);
            List<FeatureShard> workers = shards.rdd().collect();
            INDArray sum = null;
            for (int w = 0; w < 2; w++) {
                MultiLayerNetwork network =
                        AdapterNetwork.create(head, WIDTH, shards.trainCounts(), rate, 0.05, 3, DataType.FLOAT);
                new MinibatchStream(workers.get(w), w, CLASSES, 16, 3, 0, steps).forEachRemaining(network::fit);
                sum = sum == null ? network.params().dup() : sum.addi(network.params());
            }
            INDArray difference = trained.model().network().params().sub(sum.divi(2));
            assertThat(difference.amaxNumber().doubleValue()).isLessThan(1e-6);
        }
    }

    @Test
    void dealsEvenlyWhateverThePartitions(JavaSparkContext spark) {
        List<LabelledFeatures> reversed = new ArrayList<>(TRAIN);
        Collections.reverse(reversed);
        try (FeatureShards one = shards(spark, TRAIN, 1);
                FeatureShards five = shards(spark, reversed, 5)) {
            List<FeatureShard> first = one.rdd().collect();
            List<FeatureShard> second = five.rdd().collect();
            assertThat(Math.abs(first.get(0).rows() - first.get(1).rows())).isLessThanOrEqualTo(1);
            for (int w = 0; w < 2; w++) {
                assertThat(first.get(w).labels()).isEqualTo(second.get(w).labels());
                assertThat(first.get(w).values()).isEqualTo(second.get(w).values());
            }
            assertThat(one.rows()).isEqualTo(TRAIN.size());
            assertThat(one.trainCounts()).containsExactly(130, 52, 21, 8, 3, 1);
        }
    }

    @Test
    void headsLearnAndThePublishedScaleIsSlower(JavaSparkContext spark, @TempDir Path folder) throws Exception {
        AdapterSettings settings = settings(12, 3);
        List<HeadSettings> heads = List.of(
                HeadSettings.tsp("tsp"),
                HeadSettings.tspScaled("tsp-free", 8),
                HeadSettings.linear("linear"),
                HeadSettings.cosine("cosine", 16));
        List<LabelledFeatures> test = DATA.balanced("test", 10);
        List<LabelledFeatures> open = DATA.open(40);
        try (FeatureShards shards = shards(spark, TRAIN, 3)) {
            ConcurrentLinkedQueue<String> finished = new ConcurrentLinkedQueue<>();
            AdapterTrainer trainer = new AdapterTrainer(spark);
            List<TrainedAdapter> trained = trainer.trainAll(
                    heads,
                    List.of(1L),
                    settings,
                    shards,
                    2,
                    t -> finished.add(t.model().head().name()));
            assertThat(finished).containsExactlyInAnyOrder("tsp", "tsp-free", "linear", "cosine");
            // same shards, seed and schedule: concurrency changes nothing
            TrainedAdapter alone = trainer.train(heads.get(1), settings, shards, 1);
            assertThat(trained.get(1).model().network().params())
                    .isEqualTo(alone.model().network().params());

            Map<String, HeadResult> results = new TreeMap<>();
            for (TrainedAdapter one : trained) {
                int steps = one.model().network().getLayerWiseConfigurations().getIterationCount();
                assertThat(steps).isEqualTo(12 * shards.batchesPerEpoch(16));
                assertThat(one.lossCurve()).extracting(LossPoint::epoch).containsExactly(3, 6, 9, 12);
                HeadResult result = HeadResult.of(
                        one.model(),
                        one.seed(),
                        one.lossCurve(),
                        shards.trainCounts(),
                        one.model().predict(test),
                        one.model().predict(open));
                assertThat(result.accuracy().many().pooled()).as(result.head()).isGreaterThan(0.8);
                assertThat(last(result)).isLessThan(result.lossCurve().get(0).loss());
                assertThat(result.outOfDistribution()).containsOnlyKeys(OodScore.values());
                results.put(result.head(), result);
            }
            assertThat(last(results.get("tsp"))).isGreaterThan(2 * last(results.get("tsp-free")));
            assertThat(results.get("tsp").scale()).isNotZero();
            assertThat(results.get("cosine").scale()).isEqualTo(16);
            assertThat(results.get("linear").scale()).isNull();
            ObjectMapper json = new ObjectMapper();
            HeadResult tsp = results.get("tsp");
            assertThat(json.readValue(json.writeValueAsString(tsp), HeadResult.class))
                    .isEqualTo(tsp);

            AdapterModel model = trained.get(0).model();
            model.save(folder);
            List<AdapterPrediction> expected = model.predict(test);
            assertThat(logits(AdapterModel.load(folder).predict(test))).isDeepEqualTo(logits(expected));
            List<AdapterPrediction> distributed = AdapterPredictions.of(spark, model, spark.parallelize(test, 1))
                    .collect();
            assertThat(logits(distributed)).isDeepEqualTo(logits(expected));
        }
    }

    private static double[][] logits(List<AdapterPrediction> predictions) {
        return predictions.stream().map(AdapterPrediction::logits).toArray(double[][]::new);
    }

    private static double last(HeadResult result) {
        return result.lossCurve().get(result.lossCurve().size() - 1).loss();
    }

    @Test
    void refusesWhatItCannotTrainOn(JavaSparkContext spark) {
        List<LabelledFeatures> wrongLabel =
                List.of(new LabelledFeatures("a", 0, new float[] {1}), new LabelledFeatures("b", 9, new float[] {1}));
        assertThatThrownBy(() -> shards(spark, wrongLabel, 1))
                .hasMessageContaining("label of training sample b is 9, outside 0..5");
        List<LabelledFeatures> wrongWidth = List.of(
                new LabelledFeatures("a", 0, new float[] {1}), new LabelledFeatures("b", 1, new float[] {1, 2}));
        assertThatThrownBy(() -> shards(spark, wrongWidth, 1)).hasMessageContaining("training sample");
        assertThatThrownBy(() -> shards(spark, wrongLabel.subList(0, 1), 1))
                .hasMessageContaining("1 training rows for 2 workers");
        assertThatThrownBy(() -> shards(spark, List.of(), 1)).hasMessageContaining("no training row");
        assertThatThrownBy(() -> new LabelledFeatures("x", 0, new float[] {1, Float.NaN}))
                .hasMessage("feature 1 of sample x is NaN");
        assertThatThrownBy(() -> settings(5, 2)).hasMessageContaining("2 epochs per round do not divide 5");
    }
}
