package org.ballast.core.preference;

import static org.ballast.core.goldens.MathGoldens.assertClose;
import static org.ballast.core.goldens.MathGoldens.doubles;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdamWReferenceTest {
    private static final JsonNode GOLDENS = MathGoldens.json("schedules.json");

    static Stream<JsonNode> adamW() {
        return MathGoldens.stream(GOLDENS.get("optimizers"))
                .filter(c -> c.get("optimizer").textValue().endsWith("AdamW"));
    }

    @ParameterizedTest
    @MethodSource("adamW")
    void agreesWithTheGoldens(JsonNode golden) {
        double[] parameters = doubles(GOLDENS.get("start"));
        AdamWReference adamW = new AdamWReference(
                parameters.length,
                golden.get("betas").get(0).doubleValue(),
                golden.get("betas").get(1).doubleValue(),
                golden.get("eps").doubleValue(),
                golden.get("weight_decay").doubleValue());
        for (int i = 0; i < golden.get("steps").size(); i++) {
            JsonNode step = golden.get("steps").get(i);
            double[] gradient = doubles(GOLDENS.get("gradients").get(i));
            if (!golden.get("max_norm").isNull()) {
                double norm = AdamWReference.clip(
                        List.of(gradient), golden.get("max_norm").doubleValue());
                assertClose("norm " + i, norm, step.get("norm_before_clipping"));
            }
            assertClose("gradient " + i, gradient, doubles(step.get("gradient_used")));
            adamW.update(parameters, gradient, step.get("lr").doubleValue());
            assertClose("parameters " + i, parameters, doubles(step.get("parameters")));
        }
        assertClose("m", adamW.firstMoment(), doubles(golden.get("final_exp_avg")));
        assertClose("v", adamW.secondMoment(), doubles(golden.get("final_exp_avg_sq")));
    }

    @Test
    void agreesWithTheGoldensOfTheOtherEpsilon() {
        JsonNode golden = GOLDENS.get("adamw_eps_before_bias_correction");
        double[] parameters = doubles(GOLDENS.get("start"));
        AdamWReference adamW = new AdamWReference(
                parameters.length, 0.9, 0.999, 1e-8, golden.get("weight_decay").doubleValue(), true);
        for (int i = 0; i < golden.get("parameters").size(); i++) {
            adamW.update(
                    parameters,
                    doubles(GOLDENS.get("gradients").get(i)),
                    golden.get("lr").doubleValue());
            assertClose(
                    "parameters " + i,
                    parameters,
                    doubles(golden.get("parameters").get(i)));
        }
    }

    static Stream<JsonNode> clipping() {
        return MathGoldens.stream(GOLDENS.get("clip_two_tensors").get("cases"));
    }

    @ParameterizedTest
    @MethodSource("clipping")
    void clipsByOneNormOverAllTensors(JsonNode golden) {
        double[] a = flat(GOLDENS.get("clip_two_tensors").get("a"));
        double[] b = doubles(GOLDENS.get("clip_two_tensors").get("b"));
        double norm = AdamWReference.clip(List.of(a, b), golden.get("max_norm").doubleValue());
        assertClose("norm", norm, golden.get("total_norm"));
        assertClose("a", a, flat(golden.get("a")));
        assertClose("b", b, doubles(golden.get("b")));
    }

    private static double[] flat(JsonNode rows) {
        return MathGoldens.stream(rows)
                .flatMapToDouble(row -> java.util.Arrays.stream(doubles(row)))
                .toArray();
    }
}
