package org.ballast.core.mllm.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import org.ballast.core.data.ItemRandom;
import org.junit.jupiter.api.Test;

class TokenChoiceTest {
    private static final float[] SCORES = {log(.1), log(.4), log(.3), Float.NEGATIVE_INFINITY, log(.2)};

    private static float log(double p) {
        return (float) Math.log(p);
    }

    private static TokenChoice.Distribution distribution(double temperature, int topK, double topP) {
        return new TokenChoice(GenerationOptions.sampling(1, temperature, topK, topP, 0)).distribution(SCORES);
    }

    private static BitSet seen(int... ids) {
        var seen = new BitSet();
        for (int id : ids) {
            seen.set(id);
        }
        return seen;
    }

    @Test
    void filtersByHand() {
        assertThat(distribution(1, 0, 1).ids()).containsExactly(1, 2, 4, 0);
        assertThat(distribution(1, 0, 1).probs()).containsExactly(new double[] {.4, .3, .2, .1}, within(1e-7));
        assertThat(distribution(1, 2, 1).probs()).containsExactly(new double[] {4 / 7.0, 3 / 7.0}, within(1e-7));
        // .4 does not reach .5, .7 does
        assertThat(distribution(1, 0, .5).ids()).containsExactly(1, 2);
        assertThat(distribution(1, 0, .39).ids()).containsExactly(1);
        assertThat(distribution(1, 0, 1e-9).ids()).containsExactly(1);
        // of the two of top-k, 4/7 does not reach .6
        assertThat(distribution(1, 2, .6).ids()).containsExactly(1, 2);
        assertThat(distribution(1, 2, .5).ids()).containsExactly(1);
        // squares: .16 .09 .04 .01
        assertThat(distribution(.5, 0, 1).probs())
                .containsExactly(new double[] {16 / 30.0, 9 / 30.0, 4 / 30.0, 1 / 30.0}, within(1e-6));
        assertThat(distribution(1, 100, 1).ids()).hasSize(4);
    }

    @Test
    void equalScoresStandInTheOrderOfTheirIds() {
        float[] scores = {-0f, 1, 0, 1, -2, 0};
        var choice = new TokenChoice(GenerationOptions.sampling(1, 1, 3, 1, 0));
        assertThat(choice.distribution(scores).ids()).containsExactly(1, 3, 0, 2, 5); // all that equal the third
        assertThat(TokenChoice.highest(scores)).isEqualTo(1);
    }

    @Test
    void penaltyCountsAnIdOnceWhateverItsSign() {
        var choice = new TokenChoice(GenerationOptions.greedy(1).withRepetitionPenalty(2));
        float[] scores = {4, 3, -1, -3};
        assertThat(choice.choose(scores, seen(0, 2), ItemRandom.of(0, "sample", "", 0)))
                .isEqualTo(1);
        assertThat(scores).containsExactly(2, 3, -2, -3);
    }

    @Test
    void drawsHaveTheDistributionOfTheScores() {
        var choice = new TokenChoice(GenerationOptions.sampling(1, 1, 0, 1, 0));
        var random = ItemRandom.of(3, "sample", "draws", 0);
        int[] counts = new int[5];
        for (int i = 0; i < 20_000; i++) {
            counts[choice.choose(SCORES.clone(), seen(), random)]++;
        }
        double[] expected = {.1, .4, .3, 0, .2};
        for (int id = 0; id < 5; id++) {
            assertThat(counts[id] / 20_000.0).isCloseTo(expected[id], within(0.014)); // 4 standard errors
        }
    }

    @Test
    void extremesAreNumbersOrErrors() {
        float[] huge = {1e30f, -1e30f, 3e38f};
        var cold = new TokenChoice(GenerationOptions.sampling(1, 1e-3, 0, 1, 0));
        assertThat(cold.distribution(huge).probs()).containsExactly(1, 0, 0);
        assertThat(cold.distribution(huge).ids()[0]).isEqualTo(2);
        assertThatThrownBy(() -> TokenChoice.highest(new float[] {1, Float.NaN}))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("token 1");
        assertThatThrownBy(() -> TokenChoice.highest(new float[] {Float.NEGATIVE_INFINITY}))
                .isInstanceOf(ArithmeticException.class);
    }

    @Test
    void contrastByHand() {
        var contrast = new Contrast(Contrast.Direction.CLEAN_MINUS_NOISED, 1, 0.2);
        // cut = 2 + log(.2) = 0.39
        float[] a = {2, 1, 0.4f, 0.3f};
        contrast.combine(a, new float[] {3, 0, 0.4f, -9});
        assertThat(a).containsExactly(1, 2, 0.4f, Float.NEGATIVE_INFINITY);
        float[] same = {2, 1};
        new Contrast(Contrast.Direction.CLEAN_MINUS_NOISED, 0, 1).combine(same, new float[] {7, 7});
        assertThat(same).containsExactly(2, Float.NEGATIVE_INFINITY);
    }

    @Test
    void optionsNameWhatIsWrong() {
        assertThatThrownBy(() -> GenerationOptions.greedy(0)).hasMessage("maxTokens must be at least 1, is 0");
        assertThatThrownBy(() -> GenerationOptions.sampling(1, -1, 0, 1, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> GenerationOptions.sampling(1, Double.NaN, 0, 1, 0))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> GenerationOptions.sampling(1, 1, -1, 1, 0)).hasMessageContaining("topK");
        assertThatThrownBy(() -> GenerationOptions.sampling(1, 1, 0, 0, 0)).hasMessageContaining("topP");
        assertThatThrownBy(() -> GenerationOptions.greedy(1).withRepetitionPenalty(0))
                .hasMessageContaining("repetitionPenalty");
        assertThatThrownBy(() -> new Contrast(Contrast.Direction.NOISED, -1, 0.2))
                .hasMessageContaining("alpha -1");
        assertThatThrownBy(() -> new Contrast(Contrast.Direction.NOISED, 1, 0)).hasMessageContaining("beta 0");
        for (Contrast.Direction direction : Contrast.Direction.values()) {
            assertThat(Contrast.Direction.ofCode(direction.code())).isEqualTo(direction);
        }
        assertThatThrownBy(() -> Contrast.Direction.ofCode("clean")).hasMessageContaining("\"clean\"");
    }
}
