package org.ballast.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PairRuleTest {
    private static final PairRule ALL = new PairRule(Set.of(), Set.of(), false, PairRule.PUBLISHED_MAX_WORDS);

    private static Completion completion(String id, CompletionType type, double score, String response) {
        return new Completion(id, "p", response, type, score, "m", "d", "{}", 7, "stop", 0, 0);
    }

    private static final Completion TRUTH = completion("t", CompletionType.GROUND_TRUTH, 1, "a red car");
    private static final Completion WEAKENED = completion("w", CompletionType.WEAKENED, 0, "a blue car");
    private static final Completion RETRIEVED = completion("r", CompletionType.RETRIEVED, 0, "a red bus");
    private static final Completion GRADED = completion("g", CompletionType.INJECTED, 0.5, "a red lorry");

    private static List<String> ids(List<PreferencePair> pairs) {
        return pairs.stream()
                .map(pair ->
                        pair.chosen().completionId() + ">" + pair.rejected().completionId())
                .toList();
    }

    @Test
    void takesAllCombinationsOfDifferentScoresAndSkipsTies() {
        assertThat(ids(ALL.pairs(List.of(TRUTH, WEAKENED, RETRIEVED, GRADED))))
                .containsExactly("g>r", "g>w", "t>g", "t>r", "t>w");
        assertThat(ALL.pairs(List.of(WEAKENED, RETRIEVED))).isEmpty();
        assertThat(ALL.pairs(List.of())).isEmpty();
    }

    @Test
    void givesTheSamePairsForAnyOrder() {
        List<Completion> reversed = new ArrayList<>(List.of(TRUTH, WEAKENED, RETRIEVED, GRADED));
        List<PreferencePair> pairs = ALL.pairs(reversed);
        Collections.reverse(reversed);
        assertThat(ALL.pairs(reversed)).isEqualTo(pairs);
    }

    @Test
    void bestAgainstAllChoosesTheHighestScoreOnly() {
        PairRule best = new PairRule(Set.of(), Set.of(), true, 0);
        assertThat(ids(best.pairs(List.of(TRUTH, WEAKENED, GRADED)))).containsExactly("t>g", "t>w");
        assertThat(ids(best.pairs(List.of(WEAKENED, GRADED)))).containsExactly("g>w");
    }

    @Test
    void groundTruthAgainstListedTypesLeavesTheOthersOut() {
        PairRule rule = PairRule.groundTruthAgainst(EnumSet.of(CompletionType.WEAKENED), 0);
        assertThat(ids(rule.pairs(List.of(TRUTH, WEAKENED, RETRIEVED, GRADED)))).containsExactly("t>w");
        assertThat(rule.pairs(List.of(GRADED, WEAKENED))).isEmpty();
    }

    @Test
    void dropsThePromptWhenAnyCompletionIsTooLong() {
        PairRule three = new PairRule(Set.of(), Set.of(), false, 3);
        assertThat(three.pairs(List.of(TRUTH, WEAKENED))).hasSize(1);
        Completion four = completion("l", CompletionType.SWAPPED, 0, " a red\n car here ");
        assertThat(PairRule.words(four.response())).isEqualTo(4);
        assertThat(three.pairs(List.of(TRUTH, WEAKENED, four))).isEmpty();
    }

    @Test
    void refusesMixedPromptsAndRepeatedIds() {
        Completion other = new Completion("x", "q", "", CompletionType.WEAKENED, 0, "m", "d", "{}", 0, "stop", 0, 0);
        assertThatThrownBy(() -> ALL.pairs(List.of(TRUTH, other))).hasMessageContaining("'p' and 'q'");
        assertThatThrownBy(() -> ALL.pairs(List.of(TRUTH, TRUTH))).hasMessageContaining("'t' of prompt 'p'");
    }
}
