package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.ballast.core.mllm.Objective;
import org.ballast.core.mllm.ObjectiveValue;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.ballast.spark.train.OptimizerSettings.Algorithm;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Dl4jInnerStepTest {
    @BeforeAll
    static void oneThread() {
        torch.set_num_threads(1);
    }

    /** An objective that hands out given gradients: a batch is one of them. */
    private record GivenGradients(int parameterCountInt) implements Objective<float[]> {
        @Override
        public long parameterCount() {
            return parameterCountInt;
        }

        @Override
        public void initialTheta(float[] into) {}

        @Override
        public ObjectiveValue evaluate(Tensor theta, Tensor gradientOrNull, List<float[]> batch) {
            gradientOrNull.copy_(Tensor.create(batch.get(0)));
            return new ObjectiveValue(0, Map.of());
        }

        @Override
        public void close() {}
    }

    @ParameterizedTest
    @ValueSource(strings = {"adamw", "adamw_clipped", "adamw_no_decay", "adamw_clipped_cosine"})
    void followsTorchAdamW(String name) {
        JsonNode file = Goldens.read("schedules.json");
        JsonNode golden = null;
        for (JsonNode candidate : file.get("optimizers")) {
            golden = candidate.get("name").asText().equals(name) ? candidate : golden;
        }
        double rate = golden.get("lr").asDouble();
        var schedule = name.endsWith("cosine")
                ? LearningRate.of(Schedule.COSINE, rate, 2, 10)
                : LearningRate.of(Schedule.CONSTANT, rate, 0, 1);
        var optimizer = OptimizerSettings.adamW(
                schedule,
                golden.get("weight_decay").asDouble(),
                golden.get("max_norm").asDouble(0));
        try (var replica = new Dl4jInnerStep<>(new GivenGradients(5), optimizer)) {
            replica.load(Goldens.floats(file.get("start")), new float[0], 0);
            for (int step = 0; step < 10; step++) {
                assertThat(schedule.at(step))
                        .isCloseTo(golden.get("steps").get(step).get("lr").asDouble(), within(1e-15));
                replica.step(List.of(Goldens.floats(file.get("gradients").get(step))));
                float[] expected = Goldens.floats(golden.get("steps").get(step).get("parameters"));
                // entry 4 has gradients as small as epsilon, where the place of epsilon shows
                for (int i = 0; i < 4; i++) {
                    assertThat(replica.theta()[i])
                            .as("step %d entry %d", step, i)
                            .isCloseTo(expected[i], within(2e-6f));
                }
            }
            float[] moments = replica.updaterState();
            for (int i = 0; i < 4; i++) {
                float m = (float) golden.get("final_exp_avg").get(i).asDouble();
                float v = (float) golden.get("final_exp_avg_sq").get(i).asDouble();
                assertThat(moments[i]).isCloseTo(m, within(1e-6f));
                assertThat(moments[5 + i]).isCloseTo(v, within(1e-6f));
            }
        }
    }

    @Test
    void addsEpsilonBeforeTheBiasCorrection() {
        JsonNode file = Goldens.read("schedules.json");
        JsonNode golden = file.get("adamw_eps_before_bias_correction");
        var optimizer = OptimizerSettings.adamW(
                LearningRate.of(Schedule.CONSTANT, golden.get("lr").asDouble(), 0, 1),
                golden.get("weight_decay").asDouble(),
                0);
        try (var replica = new Dl4jInnerStep<>(new GivenGradients(5), optimizer)) {
            replica.load(Goldens.floats(file.get("start")), new float[0], 0);
            for (int step = 0; step < 10; step++) {
                replica.step(List.of(Goldens.floats(file.get("gradients").get(step))));
                assertThat(replica.theta())
                        .as("step %d", step)
                        .containsExactly(Goldens.floats(golden.get("parameters").get(step)), within(2e-6f));
            }
        }
    }

    @Test
    void continuesFromALoadedStateAsIfNeverStopped() {
        var objective = new TwoLayerRegression(6, 0);
        var optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.LINEAR, 0.05, 3, 12), 0.01, 0.5);
        float[] start = new float[Math.toIntExact(objective.parameterCount())];
        objective.initialTheta(start);
        List<Point> data = Point.some(40, 2);
        try (var through = new Dl4jInnerStep<>(objective, optimizer);
                var first = new Dl4jInnerStep<>(objective, optimizer);
                var second = new Dl4jInnerStep<>(objective, optimizer)) {
            through.load(start, new float[0], 0);
            first.load(start, new float[0], 0);
            double loss = Double.NaN;
            for (int i = 0; i < 10; i++) {
                List<Point> batch = data.subList(4 * i, 4 * i + 4);
                loss = through.step(batch).loss();
                if (i == 5) {
                    // a replica that has lived before must forget it
                    second.load(new float[start.length], new float[2 * start.length], 7);
                    second.step(batch);
                    second.load(first.theta(), first.updaterState(), 5);
                }
                double other = (i < 5 ? first : second).step(batch).loss();
                assertThat(other).isEqualTo(loss);
            }
            assertThat(second.theta()).isEqualTo(through.theta());
            assertThat(second.updaterState()).isEqualTo(through.updaterState());
        }
    }

    @Test
    void learns() {
        var objective = new TwoLayerRegression(16, 0);
        var optimizer = new OptimizerSettings(
                Algorithm.ADAM_W, LearningRate.of(Schedule.COSINE, 0.03, 5, 150), 0.9, 0.98, 1e-8, 0, 1);
        float[] start = new float[Math.toIntExact(objective.parameterCount())];
        objective.initialTheta(start);
        List<Point> data = Point.some(64, 3);
        try (var replica = new Dl4jInnerStep<>(objective, optimizer)) {
            replica.load(start, new float[0], 0);
            double first = replica.step(data).loss();
            for (int i = 0; i < 150; i++) {
                replica.step(data);
            }
            assertThat(replica.step(data).loss()).isLessThan(0.05 * first);
        }
    }
}
