package org.ballast.core.longtail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.ballast.core.data.Domain;
import org.ballast.core.metric.TailSplit;
import org.junit.jupiter.api.Test;

class ClassStatisticTest {
    private static final Domain ID = Domain.IN_DISTRIBUTION;
    private static final Domain OOD = Domain.OUT_OF_DISTRIBUTION;
    private static final List<ClassCount> COUNTS = List.of(
            new ClassCount("samples", "train", ID, 0, "cat", 150),
            new ClassCount("samples", "train", ID, 1, "dog", 40),
            new ClassCount("samples", "train", ID, 2, "emu", 10),
            new ClassCount("samples", "test", ID, 0, "cat", 5),
            new ClassCount("samples", "test", ID, 3, "yak", 15),
            new ClassCount("samples", "open", OOD, 0, "flag", 8),
            new ClassCount("samples", "open", OOD, -1, null, 2),
            new ClassCount("prompts", "train", null, 0, null, 20));

    @Test
    void priorsAreOfTheSplitAndBandsOfTheTrainingSplit() {
        List<ClassStatistic> statistics = ClassStatistic.of(COUNTS, "train");
        assertThat(statistics.stream().map(ClassStatistic::prior))
                .containsExactly(0.75, 0.2, 0.05, 0.25, 0.75, 0.8, 0.2, 1.0);
        assertThat(statistics.stream().map(ClassStatistic::band))
                .containsExactly(
                        TailSplit.MANY,
                        TailSplit.MEDIUM,
                        TailSplit.FEW,
                        TailSplit.MANY,
                        TailSplit.FEW,
                        null,
                        null,
                        TailSplit.MEDIUM);
    }

    @Test
    void figuresByHand() {
        Map<String, Double> figures = TailReport.of(ClassStatistic.of(COUNTS, "train"));
        double entropy = -(0.75 * Math.log(0.75) + 0.2 * Math.log(0.2) + 0.05 * Math.log(0.05));
        assertThat(figures)
                .containsEntry("classes.samples.train", 3.0)
                .containsEntry("imbalance-ratio.samples.train", 15.0)
                .containsEntry("classes.samples.test", 2.0)
                .containsEntry("imbalance-ratio.samples.test", 3.0)
                .containsEntry("classes.prompts.train", 1.0)
                .containsEntry("entropy.prompts.train", 0.0)
                .containsEntry("effective-classes.prompts.train", 1.0)
                .containsEntry("many.samples", 0.25)
                .containsEntry("medium.samples", 0.25)
                .containsEntry("few.samples", 0.5)
                .containsEntry("medium.prompts", 1.0)
                .doesNotContainKey("classes.samples.open");
        assertThat(figures.get("entropy.samples.train")).isCloseTo(entropy, within(1e-12));
        assertThat(figures.get("effective-classes.samples.train")).isCloseTo(Math.exp(entropy), within(1e-12));
        assertThat(TailReport.of(List.of())).isEmpty();
    }

    @Test
    void summaryOfExtremes() {
        assertThat(ClassSummary.of(List.of())).isEqualTo(new ClassSummary(0, 0, 0, 0, 1, 0, 0));
        assertThat(ClassSummary.of(List.of(0L, 7L))).isEqualTo(new ClassSummary(1, 7, 7, 7, 1, 0, 1));
        ClassSummary equal = ClassSummary.of(List.of(5L, 5L, 5L, 5L));
        assertThat(equal.entropy()).isCloseTo(Math.log(4), within(1e-12));
        assertThat(equal.effectiveClasses()).isCloseTo(4, within(1e-12));
        assertThat(Math.copySign(1, ClassSummary.of(List.of(3L)).entropy()))
                .as("no -0")
                .isEqualTo(1);
    }

    @Test
    void samplingIsOfEachSplitWithoutClassesOutside() {
        List<ClassSampling> sampling =
                ClassSampling.of(COUNTS, new SamplingRule(SamplingStrategy.CLASS_BALANCED, 0.5, 0));
        assertThat(sampling.stream()
                        .map(row -> row.count().table()
                                + row.count().split()
                                + row.count().label()))
                .containsExactly(
                        "samplestrain0",
                        "samplestrain1",
                        "samplestrain2",
                        "samplestest0",
                        "samplestest3",
                        "promptstrain0");
        ClassSampling cat = sampling.get(0);
        assertThat(cat.instanceBalanced()).isCloseTo(0.75, within(1e-12));
        assertThat(cat.classBalanced()).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(cat.progressivelyBalanced()).isCloseTo((0.75 + 1 / 3.0) / 2, within(1e-12));
        assertThat(cat.effectiveNumberWeight()).isCloseTo(1, within(1e-12));
        // p N / n = 200 / 3 / 150
        assertThat(cat.sampleWeight()).isCloseTo(4 / 9.0, within(1e-12));
        double mean = sampling.subList(0, 3).stream()
                        .mapToDouble(row -> row.sampleWeight() * row.count().samples())
                        .sum()
                / 200;
        assertThat(mean).isCloseTo(1, within(1e-12));
    }
}
