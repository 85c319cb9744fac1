package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.ballast.core.preference.LearningRate;
import org.ballast.core.preference.LearningRate.Schedule;
import org.junit.jupiter.api.Test;

class DeviceInnerStepTest {
    private static final TwoLayerRegression OBJECTIVE = new TwoLayerRegression(6, 2);

    private static float[] start() {
        float[] start = new float[Math.toIntExact(OBJECTIVE.parameterCount())];
        OBJECTIVE.initialTheta(start);
        return start;
    }

    /** Also when one goes on from the other's state. */
    @Test
    void movesAsDl4jDoes() {
        List<Point> data = Point.some(60, 2);
        for (OptimizerSettings optimizer : List.of(
                OptimizerSettings.adamW(LearningRate.of(Schedule.COSINE, 0.05, 3, 20), 0.02, 0.3),
                OptimizerSettings.adamW(LearningRate.of(Schedule.CONSTANT, 0.01, 0, 1), 0, 0),
                OptimizerSettings.sgd(LearningRate.of(Schedule.LINEAR, 0.1, 0, 20)))) {
            try (var device = new DeviceInnerStep<>(OBJECTIVE, optimizer);
                    var dl4j = new Dl4jInnerStep<>(OBJECTIVE, optimizer);
                    var other = new DeviceInnerStep<>(OBJECTIVE, optimizer)) {
                device.load(start(), new float[0], 0);
                dl4j.load(start(), new float[0], 0);
                for (int i = 0; i < 12; i++) {
                    List<Point> batch = data.subList(4 * i, 4 * i + 4);
                    if (i == 6) {
                        other.load(new float[start().length], new float[0], 3);
                        other.step(batch);
                        other.load(dl4j.theta(), dl4j.updaterState(), 6);
                    }
                    double loss = dl4j.step(batch).loss();
                    assertThat((i < 6 ? device : other).step(batch).loss()).isCloseTo(loss, within(1e-6));
                    assertThat((i < 6 ? device : other).theta()).containsExactly(dl4j.theta(), within(2e-6f));
                }
                assertThat(other.updaterState()).containsExactly(dl4j.updaterState(), within(1e-6f));
            }
        }
    }

    @Test
    void refusesAStateOfAnotherSize() {
        var optimizer = OptimizerSettings.adamW(LearningRate.of(Schedule.CONSTANT, 0.01, 0, 1), 0, 0);
        try (var device = new DeviceInnerStep<>(OBJECTIVE, optimizer)) {
            assertThatThrownBy(() -> device.load(start(), new float[5], 0)).hasMessageContaining("got 5");
            assertThatThrownBy(() -> device.load(new float[3], new float[0], 0)).hasMessageContaining("3 values");
        }
    }
}
