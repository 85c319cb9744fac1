package org.ballast.core.longtail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Collections;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.ballast.core.metric.TailSplit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LongTailSizesTest {
    private static LongTailRule rule(TailProfile profile, double ratio, long largest, ClassOrder order) {
        return new LongTailRule(profile, "train", "rest", ratio, 6, largest, order, 17);
    }

    private static Map<Integer, Long> balanced(int classes, long each) {
        return IntStream.range(0, classes).boxed().collect(Collectors.toMap(k -> k, k -> each));
    }

    @Test
    void cifarTenAsPublished() {
        LongTailSizes hundred =
                LongTailSizes.of(rule(TailProfile.EXPONENTIAL, 100, 0, ClassOrder.LABEL), balanced(10, 5_000));
        assertThat(hundred.kept().values())
                .containsExactly(5000L, 2997L, 1796L, 1077L, 645L, 387L, 232L, 139L, 83L, 50L);
        assertThat(hundred.largest()).isEqualTo(5_000);
        assertThat(hundred.shortClasses()).isZero();
        // 12,406 is the size of CIFAR-10-LT with a ratio of 100, 20,431 with one of 10
        assertThat(sum(hundred)).isEqualTo(12_406);
        assertThat(sum(LongTailSizes.of(rule(TailProfile.EXPONENTIAL, 10, 0, ClassOrder.LABEL), balanced(10, 5_000))))
                .isEqualTo(20_431);
    }

    @Test
    void cifarHundredAsPublished() {
        LongTailSizes sizes =
                LongTailSizes.of(rule(TailProfile.EXPONENTIAL, 100, 0, ClassOrder.LABEL), balanced(100, 500));
        assertThat(sum(sizes)).isEqualTo(10_847);
        assertThat(sizes.kept().get(99)).isEqualTo(5);
    }

    @Test
    void paretoQuantilesByHand() {
        // K = 3, IR = 4, alpha = 1: q = 6, 2, 1.2; r_1 = 1/4 + 3/4 (2 - 1.2) / (6 - 1.2) = 0.375
        TailProfile pareto = TailProfile.PARETO;
        assertThat(pareto.relativeSize(0, 3, 4, 1)).isCloseTo(1, within(1e-12));
        assertThat(pareto.relativeSize(1, 3, 4, 1)).isCloseTo(0.375, within(1e-12));
        assertThat(pareto.relativeSize(2, 3, 4, 1)).isCloseTo(0.25, within(1e-12));
    }

    @Test
    void paretoComesNearImageNetLt() {
        LongTailSizes sizes =
                LongTailSizes.of(rule(TailProfile.PARETO, 256, 1_280, ClassOrder.LABEL), balanced(1_000, 1_300));
        Map<TailSplit, Long> bands = sizes.kept().values().stream()
                .collect(Collectors.groupingBy(n -> TailSplit.of(n.intValue()), Collectors.counting()));
        assertThat(sizes.kept().get(0)).isEqualTo(1_280);
        assertThat(sizes.kept().get(999)).isEqualTo(5);
        assertThat(sum(sizes)).as("published: 115,846").isBetween(100_000L, 120_000L);
        assertThat(bands.get(TailSplit.MANY)).as("published: 385").isBetween(340L, 400L);
        assertThat(bands.get(TailSplit.MEDIUM)).as("published: 479").isBetween(450L, 500L);
        assertThat(bands.get(TailSplit.FEW)).as("published: 136").isBetween(120L, 170L);
    }

    @ParameterizedTest
    @EnumSource(TailProfile.class)
    void profilesFallFromOneToTheInverseRatio(TailProfile profile) {
        double before = 1;
        for (int k = 0; k < 50; k++) {
            double share = profile.relativeSize(k, 50, 100, 6);
            assertThat(share).isLessThanOrEqualTo(before + 1e-12);
            before = share;
        }
        assertThat(profile.relativeSize(0, 50, 100, 6)).isCloseTo(1, within(1e-12));
        assertThat(before).isCloseTo(0.01, within(1e-12));
        assertThat(profile.relativeSize(0, 1, 100, 6)).as("one class").isEqualTo(1);
        assertThat(profile.relativeSize(1, 2, 100, 6)).isCloseTo(0.01, within(1e-12));
        assertThat(profile.relativeSize(3, 5, 1, 6)).as("no tail").isCloseTo(1, within(1e-12));
        assertThatThrownBy(() -> profile.relativeSize(5, 5, 2, 6)).hasMessageContaining("rank 5");
    }

    @Test
    void theHeadIsTheMostFrequentClassOrTheLowestLabel() {
        Map<Integer, Long> counts = Map.of(0, 10L, 1, 1_000L, 2, 100L, 3, 100L);
        assertThat(LongTailSizes.of(rule(TailProfile.EXPONENTIAL, 8, 0, ClassOrder.COUNT), counts)
                        .kept())
                .as("80 is the most that the class of 10 follows at an eighth")
                .isEqualTo(new TreeMap<>(Map.of(1, 80L, 2, 40L, 3, 20L, 0, 10L)));
        assertThat(LongTailSizes.of(rule(TailProfile.EXPONENTIAL, 8, 0, ClassOrder.LABEL), counts)
                        .kept())
                .isEqualTo(new TreeMap<>(Map.of(0, 10L, 1, 5L, 2, 2L, 3, 1L)));
    }

    @Test
    void aClassThatCannotFollowStaysWholeAndIsCounted() {
        LongTailSizes sizes = LongTailSizes.of(
                rule(TailProfile.EXPONENTIAL, 4, 100, ClassOrder.COUNT), Map.of(0, 200L, 1, 30L, 2, 30L));
        assertThat(sizes.kept()).isEqualTo(new TreeMap<>(Map.of(0, 100L, 1, 30L, 2, 25L)));
        assertThat(sizes.shortClasses()).isEqualTo(1);
    }

    @Test
    void extremes() {
        LongTailRule rule = rule(TailProfile.EXPONENTIAL, 100, 0, ClassOrder.COUNT);
        assertThat(LongTailSizes.of(rule, Map.of()).kept()).isEmpty();
        assertThat(LongTailSizes.of(rule, Map.of(5, 0L)).kept()).isEmpty();
        assertThat(LongTailSizes.of(rule, Map.of(5, 7L)).kept()).isEqualTo(Map.of(5, 7L));
        assertThat(LongTailSizes.of(rule, Map.of(1, 1L, 2, 1L)).kept())
                .as("every class keeps a sample")
                .isEqualTo(Map.of(1, 1L, 2, 1L));
        assertThatThrownBy(() -> LongTailSizes.of(rule, Map.of(1, -1L))).hasMessageContaining("-1");
    }

    @RepeatedTest(100)
    void theRatioIsReachedWithinRounding(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        int classes = 2 + random.nextInt(40);
        double ratio = 1 + random.nextInt(50);
        Map<Integer, Long> counts = new TreeMap<>();
        for (int label = 0; label < classes; label++) {
            counts.put(label, 60L + random.nextInt(2_000));
        }
        TailProfile profile = TailProfile.values()[repetition.getCurrentRepetition() % 2];
        ClassOrder order = ClassOrder.values()[repetition.getCurrentRepetition() / 2 % 2];
        LongTailSizes sizes = LongTailSizes.of(rule(profile, ratio, 0, order), counts);
        long most = Collections.max(sizes.kept().values());
        long least = Collections.min(sizes.kept().values());
        assertThat(most).isEqualTo(sizes.largest());
        assertThat((double) most / least)
                .isGreaterThanOrEqualTo(Math.min(ratio, most) - 1e-6)
                .isLessThan(ratio * (least + 1) / least + 1e-6);
        assertThat(sizes.shortClasses()).isZero();
        sizes.kept().forEach((label, kept) -> assertThat(kept).isBetween(1L, counts.get(label)));
    }

    private static long sum(LongTailSizes sizes) {
        return sizes.kept().values().stream().mapToLong(Long::longValue).sum();
    }
}
