package org.ballast.core.longtail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SamplingStrategyTest {
    private static final long[] COUNTS = {81, 16, 0, 3};

    private static void assertClose(double[] actual, double... expected) {
        assertThat(actual).containsExactly(expected, within(1e-12));
    }

    @Test
    void byHand() {
        assertClose(SamplingStrategy.INSTANCE_BALANCED.probabilities(COUNTS, 0), 0.81, 0.16, 0, 0.03);
        assertClose(SamplingStrategy.CLASS_BALANCED.probabilities(COUNTS, 0), 1 / 3.0, 1 / 3.0, 0, 1 / 3.0);
        assertClose(
                SamplingStrategy.SQUARE_ROOT.probabilities(new long[] {81, 16, 9}, 0), 9 / 16.0, 4 / 16.0, 3 / 16.0);
        assertClose(
                SamplingStrategy.PROGRESSIVELY_BALANCED.probabilities(COUNTS, 0.25),
                0.75 * 0.81 + 0.25 / 3,
                0.75 * 0.16 + 0.25 / 3,
                0,
                0.75 * 0.03 + 0.25 / 3);
    }

    @Test
    void progressGoesFromInstancesToClasses() {
        SamplingStrategy progressive = SamplingStrategy.PROGRESSIVELY_BALANCED;
        assertClose(progressive.probabilities(COUNTS, 0), SamplingStrategy.INSTANCE_BALANCED.probabilities(COUNTS, 0));
        assertClose(progressive.probabilities(COUNTS, 1), SamplingStrategy.CLASS_BALANCED.probabilities(COUNTS, 0));
    }

    @ParameterizedTest
    @EnumSource(SamplingStrategy.class)
    void probabilitiesAddUpToOne(SamplingStrategy strategy) {
        Random random = new Random(5);
        for (int round = 0; round < 50; round++) {
            long[] counts = random.longs(1 + random.nextInt(200), 0, 1L << random.nextInt(1, 40))
                    .toArray();
            counts[random.nextInt(counts.length)] = 1;
            double[] probabilities = strategy.probabilities(counts, random.nextDouble());
            assertThat(Arrays.stream(probabilities).sum()).isCloseTo(1, within(1e-9));
            for (int k = 0; k < counts.length; k++) {
                assertThat(probabilities[k] > 0).isEqualTo(counts[k] > 0);
            }
        }
        assertClose(strategy.probabilities(new long[] {7}, 0.5), 1);
    }

    @Test
    void refusesWhatHasNoProbabilities() {
        SamplingStrategy strategy = SamplingStrategy.PROGRESSIVELY_BALANCED;
        assertThatThrownBy(() -> strategy.probabilities(new long[] {}, 0)).hasMessageContaining("no class");
        assertThatThrownBy(() -> strategy.probabilities(new long[] {0, 0}, 0)).hasMessageContaining("no class");
        assertThatThrownBy(() -> strategy.probabilities(new long[] {1, -1}, 0)).hasMessageContaining("-1");
        assertThatThrownBy(() -> strategy.probabilities(new long[] {1}, 1.5)).hasMessageContaining("1.5");
    }

    @Test
    void effectiveNumbersByHand() {
        // (1 - 0.5^3) / (1 - 0.5) = 1.75
        assertThat(EffectiveNumber.of(3, 0.5)).isCloseTo(1.75, within(1e-12));
        assertThat(EffectiveNumber.of(5, 0)).isEqualTo(1);
        assertThat(EffectiveNumber.of(1, 0.999)).isCloseTo(1, within(1e-9));
        assertThat(EffectiveNumber.of(0, 0.9)).isZero();
        assertThat(EffectiveNumber.of(1_000, 1 - 1e-12)).as("towards n").isCloseTo(1_000, within(1e-5));
        assertThat(EffectiveNumber.of(Long.MAX_VALUE, 0.9999))
                .as("towards 1 / (1 - beta)")
                .isCloseTo(1e4, within(1e-4));
        assertThatThrownBy(() -> EffectiveNumber.of(1, 1)).hasMessageContaining("beta");
        // beta 0.5: E = 1.75, 1; weights 4/7 : 1, adding up to 2
        assertClose(EffectiveNumber.weights(new long[] {3, 0, 1}, 0.5), 8 / 11.0, 0, 14 / 11.0);
        assertClose(EffectiveNumber.weights(new long[] {9, 4, 1}, 0), 1, 1, 1);
        assertClose(EffectiveNumber.weights(new long[] {}, 0.5));
    }

    @Test
    void effectiveNumbersFallTogetherWithThePlainFormulaWhereThatIsExact() {
        for (long n = 1; n < 200; n++) {
            assertThat(EffectiveNumber.of(n, 0.9)).isCloseTo((1 - Math.pow(0.9, n)) / (1 - 0.9), within(1e-11));
        }
    }
}
