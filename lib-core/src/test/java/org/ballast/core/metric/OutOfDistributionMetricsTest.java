package org.ballast.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ballast.core.goldens.MathGoldens.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.ballast.core.goldens.MathGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OutOfDistributionMetricsTest {
    static Stream<JsonNode> cases() {
        return MathGoldens.stream(MathGoldens.json("ood.json").get("metrics"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheGoldens(JsonNode golden) {
        double[] scores = MathGoldens.doubles(golden.get("score"));
        int[] labels = MathGoldens.ints(golden.get("label"));
        OutOfDistributionMetrics metrics =
                OutOfDistributionMetrics.of(group(scores, labels, 0), group(scores, labels, 1));
        assertThat(metrics.inDistribution()).isEqualTo(golden.get("n_in").intValue());
        assertThat(metrics.outOfDistribution()).isEqualTo(golden.get("n_out").intValue());
        assertClose("auroc", metrics.auroc(), golden.get("auroc"));
        assertClose("fpr95", metrics.fpr95(), golden.get("fpr95"));
        assertClose("tpr at fpr95", metrics.tprAtFpr95(), golden.get("tpr_at_fpr95"));
        assertClose(
                "fpr95, other convention",
                metrics.fpr95InDistributionPositive(),
                golden.get("fpr95_in_distribution_positive"));
        assertClose("aupr out", metrics.auprOut(), golden.get("aupr_out"));
        assertClose("aupr in", metrics.auprIn(), golden.get("aupr_in"));
        assertClose("ap out", metrics.averagePrecisionOut(), golden.get("average_precision_out"));
        assertClose("ap in", metrics.averagePrecisionIn(), golden.get("average_precision_in"));
    }

    private static double[] group(double[] scores, int[] labels, int label) {
        return IntStream.range(0, scores.length)
                .filter(i -> labels[i] == label)
                .mapToDouble(i -> scores[i])
                .toArray();
    }

    @Test
    void countsTiesOneHalf() {
        // pairs (out, in): (2,1) won, (2,2) tied, (1,1) tied, (1,2) lost: (1 + 1/2 + 1/2) / 4
        OutOfDistributionMetrics metrics = OutOfDistributionMetrics.of(new double[] {1, 2}, new double[] {2, 1});
        assertThat(metrics.auroc()).isEqualTo(0.5);
    }

    @Test
    void refusesAnEmptyGroupAndNaN() {
        assertThatThrownBy(() -> OutOfDistributionMetrics.of(new double[0], new double[] {1}))
                .hasMessageContaining("in-distribution 0, out-of-distribution 1");
        assertThatThrownBy(() -> OutOfDistributionMetrics.of(new double[] {Double.NaN}, new double[] {1}))
                .hasMessageContaining("NaN");
    }
}
