package org.ballast.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.ballast.jobs.report.Finding.Verdict;
import org.ballast.spark.evaluate.Metrics;
import org.ballast.spark.evaluate.Metrics.AdapterMetrics;
import org.ballast.spark.evaluate.Metrics.HeadMetrics;
import org.ballast.spark.evaluate.Metrics.PairedDifference;
import org.ballast.spark.evaluate.Metrics.Spread;
import org.ballast.spark.evaluate.Metrics.WeakeningCurve;
import org.ballast.spark.evaluate.Metrics.WeakeningPoint;
import org.junit.jupiter.api.Test;

class FindingsTest {
    private static Verdict verdict(PairedDifference difference) {
        return Findings.of(
                        new Metrics(Metrics.VERSION, Metrics.CONVENTIONS, Map.of(), List.of(difference), null, null),
                        "train")
                .get(0)
                .verdict();
    }

    @Test
    void aDifferenceCountsBeyondTwoStandardErrors() {
        assertThat(verdict(new PairedDifference("test", "captions.wordF1", "bpo", "sft", 0.03, 0.01, 9, true)))
                .isEqualTo(Verdict.SHOWN);
        assertThat(verdict(new PairedDifference("test", "captions.wordF1", "bpo", "sft", -0.03, 0.01, 9, true)))
                .isEqualTo(Verdict.CONTRARY);
        assertThat(verdict(new PairedDifference("test", "captions.wordF1", "bpo", "sft", 0.02, 0.01, 9, true)))
                .isEqualTo(Verdict.NOT_SHOWN);
    }

    @Test
    void hallucinationIsBetterWhenLower() {
        assertThat(verdict(new PairedDifference("test", "captions.chairS", "bpo", "sft", -0.3, 0.01, 9, false)))
                .isEqualTo(Verdict.SHOWN);
        assertThat(verdict(new PairedDifference("test", "captions.chairS", "bpo", "sft", 0.3, 0.01, 9, false)))
                .isEqualTo(Verdict.CONTRARY);
    }

    @Test
    void theWeakeningCurveIsReadFromBothEnds() {
        WeakeningCurve curve = new WeakeningCurve(
                "base",
                "test",
                10,
                List.of(new WeakeningPoint(0, -0.7, 0.01, -2, 0.01), new WeakeningPoint(900, -1.4, 0.01, -2.5, 0.01)));
        List<Finding> findings = Findings.of(
                new Metrics(Metrics.VERSION, Metrics.CONVENTIONS, Map.of(), List.of(), curve, null), "train");
        assertThat(findings).extracting(Finding::verdict).containsExactly(Verdict.SHOWN, Verdict.CONTRARY);
        assertThat(findings.get(0).evidence())
                .contains("-0.70")
                .contains("-1.40")
                .contains("t = 900");
    }

    @Test
    void oneSeedDecidesNothing() {
        assertThat(heads(Spread.of(0.9), Spread.of(0.1))).isEqualTo(Verdict.NOT_SHOWN);
        assertThat(heads(Spread.of(0.9, 0.91), Spread.of(0.1, 0.11))).isEqualTo(Verdict.SHOWN);
        assertThat(heads(Spread.of(0.1, 0.11), Spread.of(0.9, 0.91))).isEqualTo(Verdict.CONTRARY);
    }

    private static Verdict heads(Spread tsp, Spread linear) {
        AdapterMetrics adapter = new AdapterMetrics(Map.of(
                "tsp", new HeadMetrics(tsp.count(), Map.of("test", Map.of("all", tsp)), Map.of()),
                "linear", new HeadMetrics(linear.count(), Map.of("test", Map.of("all", linear)), Map.of())));
        List<Finding> findings = Findings.of(
                new Metrics(Metrics.VERSION, Metrics.CONVENTIONS, Map.of(), List.of(), null, adapter), "train");
        assertThat(findings).hasSize(1);
        return findings.get(0).verdict();
    }
}
