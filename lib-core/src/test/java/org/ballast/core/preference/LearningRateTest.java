package org.ballast.core.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.ballast.core.preference.LearningRate.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LearningRateTest {
    static Stream<JsonNode> schedules() {
        return MathGoldens.stream(MathGoldens.json("schedules.json").get("schedules"));
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void agreesWithTheGoldensUpToTheEnd(JsonNode golden) {
        String name = golden.get("name").textValue().replace("_with_warmup", "");
        long total = golden.get("total_steps").longValue();
        long warmup = LearningRate.warmupSteps(total, golden.get("warmup_ratio").doubleValue());
        assertThat(warmup).isEqualTo(golden.get("warmup_steps").longValue());
        double minimum = golden.has("min_lr") ? golden.get("min_lr").doubleValue() : 0;
        double base = golden.get("base_lr").doubleValue();
        LearningRate rate = new LearningRate(Schedule.of(name), base, warmup, total, minimum);
        for (int i = 0; i < golden.get("step").size(); i++) {
            long step = golden.get("step").get(i).longValue();
            if (step <= total) {
                double expected = golden.get("lr").get(i).doubleValue();
                assertClose(name + " at " + step, rate.at(step), expected, 1e-18, 1e-9);
            } else {
                assertThat(rate.at(step)).as("past the end").isEqualTo(rate.at(total));
            }
        }
    }

    @Test
    void agreesWithValuesWorkedOutByHand() {
        LearningRate cosine = LearningRate.of(Schedule.COSINE, 1, 2, 10);
        assertThat(cosine.at(0)).isZero();
        assertThat(cosine.at(1)).isEqualTo(0.5);
        assertThat(cosine.at(2)).isEqualTo(1);
        assertThat(cosine.at(6)).isCloseTo(0.5, within(1e-15));
        assertThat(cosine.at(1000)).isZero();
        assertThat(cosine.times(3).at(1)).isEqualTo(1.5);
        assertThat(LearningRate.of(Schedule.CONSTANT, 2, 0, 1).at(99)).isEqualTo(2);
    }

    @Test
    void refusesSettingsOutOfRange() {
        assertThatThrownBy(() -> Schedule.of("cosin")).hasMessageContaining("\"cosin\"");
        assertThatThrownBy(() -> LearningRate.of(Schedule.LINEAR, -1, 0, 5)).hasMessageContaining("-1.0");
        assertThatThrownBy(() -> LearningRate.of(Schedule.LINEAR, 1, 6, 5))
                .hasMessageContaining("6 steps in a total of 5");
        assertThatThrownBy(() -> new LearningRate(Schedule.LINEAR, 1, 0, 5, 0.1))
                .hasMessageContaining("minimum 0.1");
        assertThatThrownBy(() -> LearningRate.of(Schedule.LINEAR, 1, 0, 5).at(-1))
                .hasMessageContaining("-1");
    }
}
