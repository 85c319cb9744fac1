package org.ballast.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CalibrationTest {
    private static final JsonNode GOLDENS = MathGoldens.json("long_tail.json");

    static Stream<JsonNode> cases() {
        return MathGoldens.stream(GOLDENS.get("calibration"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheGoldens(JsonNode golden) {
        Calibration calibration = Calibration.ofLogits(
                MathGoldens.rows(golden.get("logits")),
                MathGoldens.ints(golden.get("label")),
                golden.get("bins").intValue());
        assertClose("ECE", calibration.ece(), golden.get("ece"));
        assertClose("NLL", calibration.nll(), golden.get("nll"));
        assertClose("accuracy", calibration.accuracy(), golden.get("accuracy"));
        assertBins(calibration.bins(), golden.get("bin_table"));
    }

    @Test
    void putsConfidencesOnAnEdgeIntoTheLowerBin() {
        JsonNode golden = GOLDENS.get("calibration_edges");
        double[] right = MathGoldens.doubles(golden.get("right"));
        boolean[] outcomes = new boolean[right.length];
        for (int i = 0; i < right.length; i++) {
            outcomes[i] = right[i] == 1;
        }
        Calibration calibration = Calibration.ofConfidence(
                MathGoldens.doubles(golden.get("confidence")),
                outcomes,
                golden.get("bins").intValue());
        assertClose("ECE", calibration.ece(), golden.get("ece"));
        assertBins(calibration.bins(), golden.get("bin_table"));
    }

    private static void assertBins(List<Calibration.Bin> bins, JsonNode table) {
        assertThat(bins).hasSize(table.size());
        for (int b = 0; b < bins.size(); b++) {
            assertThat(bins.get(b).count())
                    .as("bin %s", b)
                    .isEqualTo(table.get(b).get("count").intValue());
            assertClose(
                    "accuracy of bin " + b, bins.get(b).accuracy(), table.get(b).get("accuracy"));
            assertClose(
                    "confidence of bin " + b,
                    bins.get(b).confidence(),
                    table.get(b).get("confidence"));
        }
    }

    @Test
    void standsHugeLogits() {
        Calibration calibration = Calibration.ofLogits(new double[][] {{1e300, 0}, {-1e4, 1e4}}, new int[] {0, 0}, 15);
        assertThat(calibration.nll()).isEqualTo(1e4); // (0 + 2e4) / 2
        assertThat(calibration.ece()).isEqualTo(0.5);
    }

    @Test
    void refusesWhatItCannotScore() {
        assertThatThrownBy(() -> Calibration.ofLogits(new double[][] {{0, Double.NaN}}, new int[] {0}, 15))
                .hasMessage("logit of sample 0, class 1 is NaN");
        assertThatThrownBy(() -> Calibration.ofConfidence(new double[] {1.5}, new boolean[] {true}, 15))
                .hasMessage("confidence of sample 0 is 1.5");
    }
}
