package org.ballast.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ballast.core.drift.HeadResult;
import org.ballast.core.drift.OodScore;
import org.ballast.core.metric.Calibration;
import org.ballast.core.metric.LongTailAccuracy;
import org.ballast.core.metric.OutOfDistributionMetrics;
import org.ballast.spark.evaluate.Metrics.HeadMetrics;
import org.ballast.spark.evaluate.Metrics.Spread;
import org.junit.jupiter.api.Test;

class AdapterSummaryTest {
    /** Class 0 has 200 training images, class 1 has 50; no few-shot class. */
    private static HeadResult result(String head, long seed, int[] predictions) {
        int[] labels = {0, 0, 1, 1};
        double[][] logits = {{1, 0}, {1, 0}, {0, 1}, {0, 1}};
        return new HeadResult(
                head,
                seed,
                LongTailAccuracy.of(new int[] {200, 50}, labels, predictions),
                Calibration.ofLogits(logits, labels, Calibration.BINS),
                Map.of(OodScore.MSP, OutOfDistributionMetrics.of(new double[] {0.1, 0.2}, new double[] {0.15, 0.3})),
                null,
                List.of());
    }

    @Test
    void sumsUpOverSeeds() {
        HeadMetrics head = AdapterSummary.of(Map.of(
                        "test",
                        List.of(result("linear", 1, new int[] {0, 0, 1, 0}), result("linear", 2, new int[] {0, 0, 0, 0
                        }))))
                .heads()
                .get("linear");
        assertThat(head.seeds()).isEqualTo(2);
        Map<String, Spread> figures = head.accuracy().get("test");
        assertThat(figures.get("many")).isEqualTo(new Spread(1, 0, 1, 1, 2));
        assertThat(figures.get("medium").mean()).isEqualTo(0.25);
        assertThat(figures.get("medium").standardDeviation()).isCloseTo(Math.sqrt(0.125), within(1e-15));
        assertThat(figures.get("all").mean()).isEqualTo(0.625);
        assertThat(figures.get("worstClass").min()).isEqualTo(0);
        assertThat(figures).as("no few-shot class, no figure").doesNotContainKey("few");
        // pairs (in, out): 0.15 above 0.1, 0.3 above both: 3 of 4
        assertThat(head.ood().get("msp").get("auroc").mean()).isEqualTo(0.75);
        assertThat(head.ood()).containsOnlyKeys("msp");
    }

    @Test
    void everySplitNeedsTheSameSeeds() {
        Map<String, List<HeadResult>> uneven = new LinkedHashMap<>();
        uneven.put(
                "test",
                List.of(result("linear", 1, new int[] {0, 0, 1, 1}), result("linear", 2, new int[] {0, 0, 1, 1})));
        uneven.put("compositional", List.of(result("linear", 1, new int[] {0, 0, 1, 1})));
        assertThatThrownBy(() -> AdapterSummary.of(uneven))
                .hasMessage("head linear has 1 seeds on compositional and 2 on another split");
    }
}
