package org.ballast.core.data.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class StratifiedDealTest {
    private static final SplitRule RULE = SplitRuleTest.rule(SplitMode.STRATIFIED, GroupBy.IMAGE);

    private static Map<String, Long> dealt(SplitRule rule, String label, Map<String, Long> taken, long... sizes) {
        long rows = LongStream.of(sizes).sum()
                + taken.values().stream().mapToLong(Long::longValue).sum();
        StratifiedDeal deal = new StratifiedDeal(rule, label, rows, taken);
        Map<String, Long> has = new HashMap<>(taken);
        for (long size : sizes) {
            has.merge(deal.next(size), size, Long::sum);
        }
        return has;
    }

    @Test
    void singleRowsGiveTheSharesExactly() {
        assertThat(dealt(
                        RULE,
                        "0",
                        Map.of(),
                        IntStream.range(0, 50).mapToLong(i -> 1).toArray()))
                .isEqualTo(Map.of("train", 40L, "val", 5L, "test", 5L));
    }

    @Test
    void aGroupGoesWhereMostIsLacking() {
        // wanted 8, 1, 1: 6 to train; 2 to train, lacking 2; 1 and 1 to val and test
        StratifiedDeal deal = new StratifiedDeal(RULE, "0", 10, Map.of());
        assertThat(deal.next(6)).isEqualTo("train");
        assertThat(deal.next(2)).isEqualTo("train");
        assertThat(List.of(deal.next(1), deal.next(1))).containsExactlyInAnyOrder("val", "test");
    }

    @Test
    void whatSplitsHaveAlreadyCounts() {
        // 20 rows: wanted 16, 2, 2; train is over, so the new rows go to the others
        assertThat(dealt(RULE, "0", Map.of("train", 17L), 1, 1, 1))
                .satisfies(has -> assertThat(has.get("train")).isEqualTo(17))
                .satisfies(has -> assertThat(has.get("val") + has.get("test")).isEqualTo(3));
    }

    @Test
    void oneRowTrains() {
        assertThat(dealt(RULE, "0", Map.of(), 1)).isEqualTo(Map.of("train", 1L));
    }

    @Test
    void overManySmallClassesNoHeldOutSplitIsFavoured() {
        // 5 rows a class: 4 train, and the fifth is val's or test's alike
        long val = 0;
        for (int label = 0; label < 400; label++) {
            Map<String, Long> has = dealt(RULE, Integer.toString(label), Map.of(), 1, 1, 1, 1, 1);
            assertThat(has.get("train")).isEqualTo(4);
            val += has.getOrDefault("val", 0L);
        }
        assertThat(val).isBetween(150L, 250L);
    }

    @RepeatedTest(200)
    void noSplitIsFurtherOffThanTheLargestGroup(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        int splits = 1 + random.nextInt(6);
        double[] weights = random.doubles(splits, 0.01, 1).toArray();
        double sum = IntStream.range(0, splits).mapToDouble(i -> weights[i]).sum();
        List<SplitShare> shares = new ArrayList<>();
        for (int i = 0; i < splits; i++) {
            shares.add(new SplitShare("s" + i, weights[i] / sum));
        }
        SplitRule rule =
                new SplitRule(SplitMode.STRATIFIED, shares, List.of(), List.of(GroupBy.IMAGE), null, "s0", 17, false);
        long[] sizes =
                random.longs(1 + random.nextInt(60), 1, 2 + random.nextInt(30)).toArray();
        Map<String, Long> has = dealt(rule, "0", Map.of(), sizes);
        long rows = LongStream.of(sizes).sum();
        long largest = LongStream.of(sizes).max().orElseThrow();
        for (SplitShare share : shares) {
            assertThat(Math.abs(has.getOrDefault(share.split(), 0L) - share.share() * rows))
                    .as("%s of %s", share, has)
                    .isLessThanOrEqualTo(largest + 1e-9);
        }
        assertThat(has.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(rows);
    }

    @Test
    void refusesAnEmptyGroup() {
        assertThatThrownBy(() -> new StratifiedDeal(RULE, "0", 1, Map.of()).next(0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
