package org.ballast.core.data.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SplitRuleTest {
    static final List<SplitShare> SHARES =
            List.of(new SplitShare("train", 0.8), new SplitShare("val", 0.1), new SplitShare("test", 0.1));

    static SplitRule rule(SplitMode mode, GroupBy... groupBy) {
        return new SplitRule(mode, SHARES, List.of(), List.of(groupBy), null, "train", 17, false);
    }

    private static SplitRule with(List<SplitShare> shares, List<GroupBy> groupBy, String pattern) {
        return new SplitRule(SplitMode.HASH, shares, List.of(), groupBy, pattern, "train", 17, false);
    }

    @Test
    void theTrainingSplitIsLowestThenTheSharesThenOthersByName() {
        SplitRule rule = new SplitRule(
                SplitMode.HASH,
                List.of(new SplitShare("val", 0.5), new SplitShare("test", 0.5)),
                List.of("held"),
                List.of(GroupBy.IMAGE),
                null,
                "train",
                17,
                false);
        List<String> sorted = List.of("open", "test", "aside", "train", "val").stream()
                .sorted(rule::compare)
                .toList();
        assertThat(sorted).containsExactly("train", "val", "test", "aside", "open");
    }

    @Test
    void onlyTheSourcesSplitsWithTheirLeaksChangeNothing() {
        assertThat(SplitRule.source("train").changesNothing()).isTrue();
        assertThat(rule(SplitMode.SOURCE, GroupBy.IMAGE).changesNothing()).isFalse();
        assertThat(new SplitRule(SplitMode.HASH, SHARES, List.of(), List.of(GroupBy.IMAGE), null, "train", 17, true)
                        .changesNothing())
                .isFalse();
    }

    @Test
    void aGroupLargerThanTheSmallestSplitIsDealtFirst() {
        SplitRule rule = rule(SplitMode.STRATIFIED, GroupBy.IMAGE);
        assertThat(rule.dealtFirst(5, 40)).isTrue();
        assertThat(rule.dealtFirst(4, 40)).isFalse();
    }

    @Test
    void refusesWhatDoesNotGoTogether() {
        List<GroupBy> image = List.of(GroupBy.IMAGE);
        assertThatThrownBy(() -> with(List.of(new SplitShare("train", 0.9)), image, null))
                .hasMessageContaining("add up to 1");
        assertThatThrownBy(() -> with(List.of(), image, null)).hasMessageContaining("add up to 1");
        assertThatThrownBy(() -> with(List.of(new SplitShare("train", 0.5), new SplitShare("train", 0.5)), image, null))
                .hasMessageContaining("twice");
        assertThatThrownBy(() -> with(SHARES, List.of(), null)).hasMessageContaining("grouped");
        assertThatThrownBy(() -> with(SHARES, List.of(GroupBy.PATTERN), null)).hasMessageContaining("pattern");
        assertThatThrownBy(() -> with(SHARES, image, "(.)")).hasMessageContaining("pattern");
        assertThatThrownBy(() -> with(SHARES, List.of(GroupBy.PATTERN), "abc")).hasMessageContaining("group");
        assertThatThrownBy(() -> with(SHARES, List.of(GroupBy.PATTERN), "(")).hasMessageContaining("regular");
        assertThatThrownBy(() -> new SplitShare("../train", 0.5)).hasMessageContaining("../train");
        assertThatThrownBy(() -> new SplitShare("train", 0)).hasMessageContaining("above 0");
        assertThatThrownBy(() -> new SplitShare("train", Double.NaN)).hasMessageContaining("NaN");
    }
}
