package org.ballast.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PairRuleTest {
    private static final PairRule ALL = rule(PairMode.ALL, PairRule.PUBLISHED_MAX_WORDS, 0);

    private static PairRule rule(PairMode mode, int maxWords, int maxPerPrompt) {
        return new PairRule(Set.of(), Set.of(), mode, maxWords, maxPerPrompt, 17);
    }

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
        PairRule best = rule(PairMode.BEST, 0, 0);
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
        PairRule three = rule(PairMode.ALL, 3, 0);
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

    /** Completions of a prompt with a right response, or several, graded ones, and types of negatives that are not alike in number. */
    private static List<Completion> drawn(String prompt, Random random) {
        List<Completion> completions = new ArrayList<>();
        int count = random.nextInt(12);
        for (int i = 0; i < count; i++) {
            CompletionType type = CompletionType.values()[random.nextInt(CompletionType.values().length)];
            double score = type == CompletionType.GROUND_TRUTH ? 1 : random.nextInt(3) / 4.0;
            completions.add(new Completion(
                    prompt + "/" + i, prompt, "words of " + i, type, score, "m", "d", "{}", 7, "stop", 0, 0));
        }
        return completions;
    }

    @Test
    void allHoldsBestAndBestHoldsTheOne() {
        Random random = new Random(1);
        Set<CompletionType> rejected = EnumSet.complementOf(EnumSet.of(CompletionType.GROUND_TRUTH));
        for (int i = 0; i < 500; i++) {
            List<Completion> completions = drawn("p" + i, random);
            List<PreferencePair> all =
                    PairRule.groundTruthAgainst(rejected, PairMode.ALL, 0, 0, i).pairs(completions);
            List<PreferencePair> best = PairRule.groundTruthAgainst(rejected, PairMode.BEST, 0, 0, i)
                    .pairs(completions);
            List<PreferencePair> one =
                    PairRule.groundTruthAgainst(rejected, PairMode.ONE, 0, 0, i).pairs(completions);
            assertThat(all).containsAll(best);
            assertThat(best).containsAll(one);
            assertThat(one).hasSize(Math.min(1, best.size()));
            assertThat(best).isEqualTo(PairRule.groundTruthAgainst(rejected, 0).pairs(completions));
            assertThat(all)
                    .allMatch(pair -> pair.chosen().score() > pair.rejected().score());
        }
    }

    @Test
    void aCapKeepsWhatALowerOneKeepsAndSpreadsItOverTheTypes() {
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            List<Completion> completions = drawn("p" + i, random);
            List<PreferencePair> uncapped = rule(PairMode.BEST, 0, 0).pairs(completions);
            List<PreferencePair> before = List.of();
            for (int cap = 1; cap <= uncapped.size() + 1; cap++) {
                List<PreferencePair> capped = rule(PairMode.BEST, 0, cap).pairs(completions);
                assertThat(capped).hasSize(Math.min(cap, uncapped.size())).containsAll(before);
                assertThat(uncapped).as("in the same order").containsSubsequence(capped);
                Map<CompletionType, Long> taken = byType(capped);
                byType(uncapped).forEach((type, there) -> assertThat(taken.getOrDefault(type, 0L))
                        .as("no type is two ahead while another has some left")
                        .isGreaterThanOrEqualTo(Math.min(there, Collections.max(taken.values()) - 1)));
                before = capped;
            }
            assertThat(before).isEqualTo(uncapped);
            List<Completion> reversed = new ArrayList<>(completions);
            Collections.reverse(reversed);
            assertThat(rule(PairMode.BEST, 0, 2).pairs(reversed))
                    .isEqualTo(rule(PairMode.BEST, 0, 2).pairs(completions));
            assertThat(rule(PairMode.ONE, 0, 0).pairs(completions))
                    .isEqualTo(rule(PairMode.BEST, 0, 1).pairs(completions));
        }
    }

    private static Map<CompletionType, Long> byType(List<PreferencePair> pairs) {
        return pairs.stream()
                .collect(Collectors.groupingBy(pair -> pair.rejected().type(), Collectors.counting()));
    }

    @Test
    void theOnePairIsOfEachTypeAsOftenHoweverManyThereAreOfIt() {
        Map<String, Integer> taken = new TreeMap<>();
        for (int i = 0; i < 4000; i++) {
            String prompt = "p" + i;
            List<Completion> completions = new ArrayList<>();
            completions.add(Completion.groundTruth(prompt, "right"));
            for (int k = 0; k < 4; k++) {
                CompletionType type = k == 0 ? CompletionType.WEAKENED : CompletionType.SWAPPED;
                completions.add(
                        new Completion(prompt + k, prompt, "wrong " + k, type, 0, "m", "d", "{}", 7, "stop", 0, 0));
            }
            rule(PairMode.ONE, 0, 0)
                    .pairs(completions)
                    .forEach(pair -> taken.merge(pair.rejected().response(), 1, Integer::sum));
        }
        // binomial: three standard deviations are 95 of 4,000 halves and 71 of sixths
        assertThat(taken.get("wrong 0")).isBetween(2000 - 95, 2000 + 95);
        assertThat(List.of(taken.get("wrong 1"), taken.get("wrong 2"), taken.get("wrong 3")))
                .allSatisfy(count -> assertThat(count).isBetween(667 - 71, 667 + 71));
    }

    @Test
    void anotherSeedKeepsOthersAndOnlyUsablePairsFillACap() {
        List<Completion> completions = new ArrayList<>(List.of(TRUTH));
        for (int i = 0; i < 50; i++) {
            completions.add(completion("n%02d".formatted(i), CompletionType.SWAPPED, 0, "wrong " + i));
        }
        PairRule five = rule(PairMode.BEST, 0, 5);
        PairRule other = new PairRule(Set.of(), Set.of(), PairMode.BEST, 0, 5, 18);
        assertThat(other.pairs(completions))
                .isNotEqualTo(five.pairs(completions))
                .hasSize(5);
        assertThat(five.pairs(completions, pair -> pair.rejected().response().endsWith("7")))
                .hasSize(5)
                .allMatch(pair -> pair.rejected().response().endsWith("7"));
        assertThatThrownBy(() -> rule(PairMode.BEST, 0, -1)).hasMessageContaining("pairs of a prompt");
    }
}
