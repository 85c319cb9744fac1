package org.ballast.core.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;

class TspSimilarityTest {
    @Test
    void agreesWithTheGoldens() {
        for (JsonNode golden : MathGoldens.json("tsp_head.json").get("tsp_values")) {
            TspSimilarity similarity = new TspSimilarity(golden.get("kappa").doubleValue());
            for (int i = 0; i < golden.get("c").size(); i++) {
                double c = golden.get("c").get(i).doubleValue();
                assertClose(
                        "tSP(" + c + ")", similarity.at(c), golden.get("tsp").get(i));
                assertClose(
                        "tSP'(" + c + ")",
                        similarity.derivative(c),
                        golden.get("derivative").get(i));
                assertClose(
                        "t-vMF(" + c + ")",
                        similarity.tVmf(c),
                        golden.get("t_vmf").get(i));
            }
        }
    }

    @Test
    void agreesWithValuesWorkedOutByHand() {
        TspSimilarity similarity = new TspSimilarity(16);
        assertThat(similarity.at(1)).isEqualTo(2);
        assertThat(similarity.at(0)).isEqualTo(2 / 17.0);
        assertThat(similarity.derivative(1)).isEqualTo(32);
        double h = 1e-6;
        assertThat(similarity.derivative(0.3))
                .isCloseTo((similarity.at(0.3 + h) - similarity.at(0.3 - h)) / (2 * h), within(1e-8));
        assertThat(similarity.at(1 + 1e-15)).isFinite();
    }

    @Test
    void refusesAKappaOutOfRange() {
        assertThatThrownBy(() -> new TspSimilarity(0)).hasMessage("kappa must be positive and finite, is 0.0");
        assertThatThrownBy(() -> new TspSimilarity(Double.NaN)).hasMessageContaining("NaN");
    }
}
