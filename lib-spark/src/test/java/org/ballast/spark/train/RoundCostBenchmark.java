package org.ballast.spark.train;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.ballast.spark.SparkExtension;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a round costs beside the model's own work. Prints; run by name: {@code -Dtest=RoundCostBenchmark}. */
@ExtendWith(SparkExtension.class)
@Tag("benchmark")
class RoundCostBenchmark {
    @Test
    void printsMillisecondsARound(JavaSparkContext spark) throws Exception {
        List<Point> data = Point.some(64, 1);
        for (int parameters : new int[] {1_000_000, 4_000_000}) {
            for (int steps : new int[] {1, 10}) {
                measure(spark, data, parameters, steps);
            }
        }
    }

    private static void measure(JavaSparkContext spark, List<Point> data, int parameters, int steps) throws Exception {
        int rounds = 40;
        var plan = RoundPlan.ofSteps(1, data.size(), 2, 4, AveragingSchedule.every(steps), (long) steps * rounds);
        var optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.CONSTANT, 1e-3, 0, 1), 0.01, 1);
        var factory = new RegressionFactory(8, parameters - 48, "", "");
        try (var examples = new BroadcastExamples<>(spark, data)) {
            TrainingResult result = new AveragedTraining<>(factory, optimizer, plan, Point::id).run(spark, examples);
            double[] millis = result.curve().points().stream()
                    .skip(rounds / 2)
                    .mapToDouble(point -> 1000 * point.seconds())
                    .sorted()
                    .toArray();
            System.out.printf(
                    "%,d parameters, %d steps a round: median %.0f ms, %s%n",
                    parameters,
                    steps,
                    millis[millis.length / 2],
                    Arrays.toString(Arrays.stream(millis).mapToLong(Math::round).toArray()));
        }
    }
}
