package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.ballast.core.data.ItemRandom;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.ballast.spark.SparkExtension;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class AveragedTrainingTest {
    private static final List<Point> DATA = Point.some(50, 11);
    private static final RegressionFactory NET = RegressionFactory.of(6);
    private static final OptimizerSettings ADAM_W =
            OptimizerSettings.adamW(new LearningRate(Schedule.COSINE_WITH_MIN_LR, 0.03, 4, 30, 1e-4), 0.01, 1);

    /** Moves a point's first input a little: a stand-in for augmentation whose draws show in the result. */
    private record Jitter(double by) implements BatchTransform<Point> {
        @Override
        public Point apply(Point point, RandomGenerator random) {
            double[] x = point.x().clone();
            x[0] += by * random.nextGaussian();
            return new Point(point.id(), x, point.y());
        }

        @Override
        public String key() {
            return toString();
        }
    }

    @BeforeAll
    static void oneThread() {
        torch.set_num_threads(1);
    }

    private static AveragedTraining<Point> training(OptimizerSettings optimizer, RoundPlan plan) {
        return new AveragedTraining<>(NET, optimizer, plan, Point::id);
    }

    private static TrainingResult run(JavaSparkContext spark, AveragedTraining<Point> training) throws IOException {
        try (var examples = new BroadcastExamples<>(spark, DATA)) {
            return training.run(spark, examples);
        }
    }

    private static float[] initial() {
        float[] theta = new float[36];
        new TwoLayerRegression(6, 0).initialTheta(theta);
        return theta;
    }

    /** The run by hand: one thread, no Spark, workers one after the other. */
    private static float[] serially(OptimizerSettings optimizer, RoundPlan plan, OuterStep outer, Jitter jitter) {
        float[] theta = initial();
        float[] state = new float[optimizer.stateSlots() * theta.length];
        float[] momentum = new float[theta.length];
        long iteration = 0;
        for (Round round : plan.rounds()) {
            double[] thetaSum = new double[theta.length];
            double[] stateSum = new double[state.length];
            long examples = 0;
            long furthest = iteration;
            for (WorkerPlan worker : plan.assign(round)) {
                try (var replica = new Dl4jInnerStep<>(new TwoLayerRegression(6, 0), optimizer)) {
                    replica.load(theta, state, iteration);
                    long seen = 0;
                    long step = round.firstStep();
                    for (long[] indexes : worker.batches()) {
                        List<Point> batch = new ArrayList<>();
                        for (long index : indexes) {
                            Point point = DATA.get((int) index);
                            var random = ItemRandom.of(plan.seed(), "augment", point.id(), (int) step);
                            batch.add(jitter.apply(point, random));
                        }
                        replica.step(batch);
                        seen += batch.size();
                        step++;
                    }
                    for (int i = 0; i < theta.length; i++) {
                        thetaSum[i] += (double) seen * replica.theta()[i];
                    }
                    for (int i = 0; i < state.length; i++) {
                        stateSum[i] += (double) seen * replica.updaterState()[i];
                    }
                    examples += seen;
                    furthest = Math.max(furthest, step);
                }
            }
            float[] mean = new float[theta.length];
            for (int i = 0; i < theta.length; i++) {
                mean[i] = (float) (thetaSum[i] / examples);
            }
            for (int i = 0; i < state.length; i++) {
                state[i] = (float) (stateSum[i] / examples);
            }
            theta = outer.next(theta, mean, momentum);
            iteration = furthest;
        }
        return theta;
    }

    @Test
    void twoWorkersWithSgdMakeTheStepOfOneBigBatch(JavaSparkContext spark) throws IOException {
        var sgd = OptimizerSettings.sgd(LearningRate.of(Schedule.CONSTANT, 0.3, 0, 1));
        var plan = RoundPlan.ofSteps(1, DATA.size(), 2, 8, AveragingSchedule.every(1), 1);
        TrainingResult two = run(spark, training(sgd, plan));
        assertThat(two.examples()).isEqualTo(16);

        List<Point> all = new ArrayList<>();
        for (WorkerPlan worker : plan.assign(plan.rounds().get(0))) {
            worker.batches().forEach(batch -> {
                for (long index : batch) {
                    all.add(DATA.get((int) index));
                }
            });
        }
        try (var replica = new Dl4jInnerStep<>(new TwoLayerRegression(6, 0), sgd)) {
            replica.load(initial(), new float[0], 0);
            double loss = replica.step(all).loss();
            assertThat(two.theta()).containsExactly(replica.theta(), within(1e-6f));
            assertThat(two.theta()).isNotEqualTo(initial());
            assertThat(two.curve().points().get(0).loss()).isCloseTo(loss, within(1e-6));
        }
    }

    @Test
    void weighsUnequalShardsByTheirExamples(JavaSparkContext spark) throws IOException {
        var sgd = OptimizerSettings.sgd(LearningRate.of(Schedule.CONSTANT, 0.3, 0, 1));
        // 50 examples on 2 workers of 40: 40 and 10, which only the weights make one batch of 50
        var plan = RoundPlan.ofEpochs(1, DATA.size(), 2, 40, AveragingSchedule.every(1), 1);
        TrainingResult two = run(spark, training(sgd, plan));
        try (var replica = new Dl4jInnerStep<>(new TwoLayerRegression(6, 0), sgd)) {
            replica.load(initial(), new float[0], 0);
            replica.step(DATA);
            assertThat(two.theta()).containsExactly(replica.theta(), within(1e-6f));
        }
        assertThat(two.examples()).isEqualTo(50);
    }

    @Test
    void equalsTheSerialRunBitByBitWhateverTheSlots(JavaSparkContext spark) throws IOException {
        // 3 workers on the 2 slots of local[2], a last round in which one of them idles
        var plan = RoundPlan.ofEpochs(5, DATA.size(), 3, 4, new AveragingSchedule(4, 1, 3), 2);
        var outer = new OuterStep.Nesterov(0.7, 0.9);
        var jitter = new Jitter(0.05);
        float[] expected = serially(ADAM_W, plan, outer, jitter);

        var training = training(ADAM_W, plan).outerStep(outer).transform(jitter);
        TrainingResult broadcast = run(spark, training);
        assertThat(broadcast.theta()).isEqualTo(expected);
        assertThat(broadcast.steps()).isEqualTo(plan.totalSteps());
        assertThat(broadcast.examples()).isEqualTo(100);

        for (int partitions : new int[] {1, 4}) {
            try (var partitioned =
                    PartitionedExamples.inOrder(spark.parallelize(DATA, partitions), StorageLevel.MEMORY_ONLY())) {
                assertThat(training.run(spark, partitioned).theta()).isEqualTo(expected);
            }
        }
    }

    @Test
    void resumesAfterAKillAsIfNothingHadHappened(JavaSparkContext spark, @TempDir File directory) throws IOException {
        var plan = RoundPlan.ofSteps(3, DATA.size(), 2, 4, AveragingSchedule.every(3), 18);
        var outer = new OuterStep.Nesterov(0.9, 0.5);
        Evaluator evaluator = theta -> Map.of("first", (double) theta[0]);
        TrainingResult through =
                run(spark, training(ADAM_W, plan).outerStep(outer).evaluator(evaluator, 2));

        Path states = new Path(directory.toURI());
        var killed = training(ADAM_W, plan)
                .outerStep(outer)
                .evaluator(evaluator, 2)
                .stateDirectory(states, 1)
                .listener((point, ofPlan, rounds) -> {
                    if (point.round() == 2) {
                        throw new IllegalStateException("killed");
                    }
                });
        assertThatThrownBy(() -> run(spark, killed)).hasMessage("killed");

        var resumed =
                training(ADAM_W, plan).outerStep(outer).evaluator(evaluator, 2).stateDirectory(states, 1);
        TrainingResult result = run(spark, resumed);
        assertThat(result.resumedRounds()).isEqualTo(3);
        assertThat(result.rounds()).isEqualTo(6);
        assertThat(result.theta()).isEqualTo(through.theta());
        assertThat(result.examples()).isEqualTo(through.examples());
        assertThat(result.curve().evaluations()).isEqualTo(through.curve().evaluations());
        assertThat(result.curve().points())
                .usingRecursiveComparison()
                .ignoringFields("seconds")
                .isEqualTo(through.curve().points());

        // a finished run is read, not run again
        assertThat(run(
                                spark,
                                training(ADAM_W, plan)
                                        .outerStep(outer)
                                        .stateDirectory(states, 1)
                                        .listener((point, ofPlan, rounds) -> {
                                            throw new AssertionError("no round is left");
                                        }))
                        .theta())
                .isEqualTo(through.theta());
        assertThatThrownBy(() -> run(spark, training(ADAM_W, plan).stateDirectory(states, 1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another configuration");
    }

    @Test
    void learnsAndTellsHow(JavaSparkContext spark) throws IOException {
        var plan = RoundPlan.ofSteps(3, DATA.size(), 2, 16, new AveragingSchedule(20, 2, 10), 120);
        var optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.COSINE, 0.05, 10, 120), 0, 1);
        List<LossCurve.Point> told = new ArrayList<>();
        TrainingResult result =
                run(spark, training(optimizer, plan).listener((point, ofPlan, rounds) -> told.add(point)));
        assertThat(told).isEqualTo(result.curve().points()).hasSize(20);
        assertThat(told.get(19).loss()).isLessThan(0.2 * told.get(0).loss());
        assertThat(told.get(0).step()).isEqualTo(2);
        assertThat(told.get(0).learningRate()).isEqualTo(optimizer.rate().at(1));
        assertThat(told.get(19).step()).isEqualTo(120);
        assertThat(told.get(19).metrics()).containsOnlyKeys("rmse");
        assertThat(told).allSatisfy(point -> assertThat(point.seconds()).isPositive());
    }

    @Test
    void aFailureNamesRoundStepAndExamples(JavaSparkContext spark) {
        var plan = RoundPlan.ofEpochs(3, DATA.size(), 2, 5, AveragingSchedule.every(2), 1);
        Map<String, String> messages =
                Map.of("loss", "loss is NaN", "gradient", "is NaN", "exception", "the picture of point-7 is broken");
        messages.forEach((how, message) -> {
            var broken = new AveragedTraining<>(new RegressionFactory(6, 0, "point-7", how), ADAM_W, plan, Point::id);
            assertThatThrownBy(() -> run(spark, broken))
                    .as(how)
                    .hasMessageContaining(message)
                    .hasMessageContaining("round ");
            if (!how.equals("gradient")) {
                assertThatThrownBy(() -> run(spark, broken))
                        .hasMessageContaining("step ")
                        .hasMessageContaining("point-7");
            }
        });
    }

    @Test
    void refusesAPlanForOtherData(JavaSparkContext spark) {
        var plan = RoundPlan.ofEpochs(3, 51, 2, 5, AveragingSchedule.every(2), 1);
        assertThatThrownBy(() -> run(spark, training(ADAM_W, plan)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the plan is for 51 examples, there are 50");
    }
}
