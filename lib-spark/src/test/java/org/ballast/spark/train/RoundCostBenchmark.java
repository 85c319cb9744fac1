package org.ballast.spark.train;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
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
        for (int steps : new int[] {1, 10}) {
            measure(spark, data, 1_000_000, steps);
        }
    }

    private static void measure(JavaSparkContext spark, List<Point> data, int parameters, int steps) throws Exception {
        int rounds = 60;
        var plan = RoundPlan.ofSteps(1, data.size(), 2, 4, AveragingSchedule.every(steps), (long) steps * rounds);
        var optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.CONSTANT, 1e-3, 0, 1), 0.01, 1);
        var factory = new RegressionFactory(8, parameters - 48, "", "");
        try (var examples = new BroadcastExamples<>(spark, data)) {
            var training = new AveragedTraining<>(factory, optimizer, plan, Point::id);
            training.run(spark, examples);
            var process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            long cpuBefore = process.getProcessCpuTime();
            TrainingResult result = training.run(spark, examples);
            double cpuMillis = (process.getProcessCpuTime() - cpuBefore) / 1e6 / rounds;
            double[] millis = result.curve().points().stream()
                    .mapToDouble(point -> 1000 * point.seconds())
                    .sorted()
                    .toArray();
            System.out.printf(
                    "%,d parameters, %d steps a round: median %.0f ms, least %.0f ms, %.0f ms of processor%n",
                    parameters, steps, millis[millis.length / 2], millis[0], cpuMillis);
        }
    }
}
