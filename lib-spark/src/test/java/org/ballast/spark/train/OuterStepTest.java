package org.ballast.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.ballast.core.mllm.ObjectiveValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OuterStepTest {
    private static final JsonNode GOLDEN = Goldens.read("lora_averaging.json").get("outer");

    private static JsonNode runNamed(String name) {
        return StreamSupport.stream(GOLDEN.get("runs").spliterator(), false)
                .filter(run -> run.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The golden's workers, averaged as a round averages them, arriving in reverse. */
    private static float[] mean(int round, JsonNode counts) {
        var mean = new WorkerMean();
        for (int worker = counts.size() - 1; worker >= 0; worker--) {
            var measured = new WorkerResult.Measured();
            measured.add(new ObjectiveValue(1, Map.of()), counts.get(worker).asInt());
            float[] theta =
                    Goldens.floats(GOLDEN.get("worker_parameters").get(round).get(worker));
            mean.add(worker, new WorkerResult(new ReplicaState(theta, new float[0], 1).pack(), measured));
        }
        return mean.state(counts.size()).theta();
    }

    @ParameterizedTest
    @ValueSource(strings = {"diloco", "diloco_weighted", "plain_average", "plain_average_weighted"})
    void followsTorchSgdOverSixRounds(String name) {
        JsonNode run = runNamed(name);
        OuterStep outer = name.startsWith("plain")
                ? new OuterStep.PlainAverage()
                : new OuterStep.Nesterov(
                        run.get("lr").asDouble(), run.get("momentum").asDouble());
        float[] theta = Goldens.floats(GOLDEN.get("start"));
        float[] momentum = new float[outer.momentumSlots() * theta.length];
        assertThat(run.get("rounds")).hasSize(6);
        for (int round = 0; round < 6; round++) {
            JsonNode expected = run.get("rounds").get(round);
            float[] mean = mean(round, run.get("counts"));
            assertThat(mean).containsExactly(Goldens.floats(expected.get("mean_of_workers")), within(1e-6f));
            theta = outer.next(theta, mean, momentum);
            assertThat(theta).containsExactly(Goldens.floats(expected.get("parameters")), within(2e-6f));
            if (momentum.length > 0) {
                assertThat(momentum).containsExactly(Goldens.floats(expected.get("momentum_buffer")), within(2e-6f));
            }
        }
    }

    @Test
    void rateOneWithoutMomentumIsTheAverage() {
        float[] next = new OuterStep.Nesterov(1, 0).next(new float[] {3, -1}, new float[] {2.5f, 4}, new float[2]);
        assertThat(next).containsExactly(2.5f, 4f);
    }

    @Test
    void refusesImpossibleSettings() {
        assertThatThrownBy(() -> new OuterStep.Nesterov(0, 0.9)).hasMessageContaining("0.9");
        assertThatThrownBy(() -> new OuterStep.Nesterov(0.7, 1)).hasMessageContaining("1.0");
    }
}
