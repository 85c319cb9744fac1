package org.ballast.core.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ballast.core.goldens.MathGoldens.assertClose;
import static org.ballast.core.goldens.MathGoldens.doubles;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4j;

class OodScoreTest {
    private static final JsonNode GOLDENS = MathGoldens.json("ood.json").get("scores");

    @Test
    void agreesWithTheGoldens() {
        JsonNode inputs = GOLDENS.get("inputs");
        double[][] logits = MathGoldens.rows(inputs.get("logits"));
        double kappa = GOLDENS.get("tsp_density").get("kappa").doubleValue();
        double[][] cosine = CosineForward.of(
                        Nd4j.createFromArray(MathGoldens.rows(inputs.get("test_features"))),
                        Nd4j.createFromArray(MathGoldens.rows(inputs.get("class_weights"))))
                .cosine()
                .toDoubleMatrix();
        check(OodScore.MSP, logits, cosine, kappa, GOLDENS.get("msp").get("confidence"));
        check(
                OodScore.MAX_LOGIT,
                logits,
                cosine,
                kappa,
                GOLDENS.get("max_logit").get("confidence"));
        check(
                OodScore.TSP_DENSITY,
                logits,
                cosine,
                kappa,
                GOLDENS.get("tsp_density").get("confidence"));
        for (JsonNode energy : GOLDENS.get("energy")) {
            double temperature = energy.get("temperature").doubleValue();
            double[] actual = Arrays.stream(logits)
                    .mapToDouble(z -> OodScore.energy(z, temperature))
                    .toArray();
            assertClose("energy at " + temperature, actual, doubles(energy.get("confidence")));
        }
    }

    private static void check(OodScore score, double[][] logits, double[][] cosine, double kappa, JsonNode golden) {
        for (int i = 0; i < logits.length; i++) {
            double confidence = score.confidence(logits[i], cosine[i], new TspSimilarity(kappa));
            assertClose(score + " of row " + i, confidence, golden.get(i));
        }
    }

    @Test
    void agreesWithValuesWorkedOutByHand() {
        double[] logits = {Math.log(1), Math.log(3)};
        double[] cosine = {0, 1};
        TspSimilarity similarity = new TspSimilarity(4);
        assertThat(OodScore.MSP.confidence(logits, cosine, similarity)).isEqualTo(0.75);
        assertThat(OodScore.ENERGY.confidence(logits, cosine, similarity)).isEqualTo(Math.log(4));
        assertThat(OodScore.TSP_DENSITY.confidence(logits, cosine, similarity)).isEqualTo(2);
        assertThat(OodScore.ENERGY.confidence(new double[] {5}, new double[] {1}, similarity))
                .isEqualTo(5);
    }
}
