package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import org.ballast.spark.train.WarmupSchedule.Shape;
import org.junit.jupiter.api.Test;

class WarmupScheduleTest {
    @Test
    void agreesWithTransformersAndClampsPastTheEnd() {
        JsonNode schedules = Goldens.read("schedules.json").get("schedules");
        assertThat(schedules).hasSize(16);
        for (JsonNode golden : schedules) {
            String name = golden.get("name").asText();
            Shape shape =
                    name.startsWith("cosine") ? Shape.COSINE : name.equals("linear") ? Shape.LINEAR : Shape.CONSTANT;
            double minimum = golden.path("min_lr").asDouble(0);
            long total = golden.get("total_steps").asLong();
            var schedule = new WarmupSchedule(
                    shape,
                    golden.get("base_lr").asDouble(),
                    minimum,
                    golden.get("warmup_steps").asLong(),
                    total);
            for (int i = 0; i < golden.get("step").size(); i++) {
                long step = golden.get("step").get(i).asLong();
                double expected = step <= total ? golden.get("lr").get(i).asDouble() : schedule.at(total);
                assertThat(schedule.at(step))
                        .as("%s of %d at %d", name, total, step)
                        .isCloseTo(expected, within(1e-18));
            }
        }
    }

    @Test
    void risesThenFallsByHand() {
        var schedule = new WarmupSchedule(Shape.COSINE, 1, 0.2, 2, 6);
        assertThat(schedule.at(0)).isZero();
        assertThat(schedule.at(1)).isEqualTo(0.5);
        assertThat(schedule.at(2)).isEqualTo(1);
        assertThat(schedule.at(4)).isCloseTo(0.6, within(1e-15));
        assertThat(schedule.at(6)).isCloseTo(0.2, within(1e-15));
        assertThat(schedule.at(1_000_000)).isEqualTo(schedule.at(6));
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> new WarmupSchedule(Shape.LINEAR, -1, 0, 0, 5)).hasMessageContaining("-1");
        assertThatThrownBy(() -> new WarmupSchedule(Shape.LINEAR, 1, 0.5, 0, 5)).hasMessageContaining("0.5");
        assertThatThrownBy(() -> new WarmupSchedule(Shape.COSINE, 1, 0, 6, 5)).hasMessageContaining("6 of 5");
    }
}
