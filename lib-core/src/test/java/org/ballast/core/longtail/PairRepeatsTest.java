package org.ballast.core.longtail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PairRepeatsTest {
    private static final Map<Integer, Long> TAIL = Map.of(0, 900L, 1, 90L, 2, 10L);

    private static PairRepeats repeats(double exponent, long limit) {
        return PairRepeats.of(TAIL, new PairSampling(exponent, limit, 17));
    }

    @Test
    void classBalancedExpectsAsManyOfEachClass() {
        PairRepeats balanced = repeats(1, 0);
        assertThat(900 * balanced.expected(0)).isCloseTo(1000 / 3.0, within(1e-9));
        assertThat(90 * balanced.expected(1)).isCloseTo(1000 / 3.0, within(1e-9));
        assertThat(10 * balanced.expected(2)).isCloseTo(1000 / 3.0, within(1e-9));
    }

    @Test
    void weightsAreThePowerOfTheRatioOfCounts() {
        PairRepeats root = repeats(0.5, 0);
        assertThat(root.expected(1) / root.expected(0)).isCloseTo(Math.sqrt(10), within(1e-12));
        assertThat(root.expected(2) / root.expected(0)).isCloseTo(Math.sqrt(90), within(1e-12));
        double[] published = SamplingStrategy.SQUARE_ROOT.probabilities(new long[] {900, 90, 10}, 0);
        assertThat(900 * root.expected(0) / 1000).isCloseTo(published[0], within(1e-12));
        assertThat(10 * root.expected(2) / 1000).isCloseTo(published[2], within(1e-12));
    }

    @Test
    void pairsWithoutALabelAreTakenOnceAndALimitThinsAllAlike() {
        Map<Integer, Long> counts = new HashMap<>(TAIL);
        counts.put(null, 500L);
        PairRepeats all = PairRepeats.of(counts, new PairSampling(1, 0, 17));
        assertThat(all.expected(null)).isEqualTo(1);
        assertThat(900 * all.expected(0)).isCloseTo(1000 / 3.0, within(1e-9));
        PairRepeats third = PairRepeats.of(counts, new PairSampling(1, 500, 17));
        assertThat(third.expected(null)).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(third.expected(2)).isCloseTo(all.expected(2) / 3, within(1e-12));
        assertThat(PairRepeats.of(counts, new PairSampling(0, 5000, 17)).expected(0))
                .as("a limit above the count adds nothing")
                .isEqualTo(1);
    }

    @Test
    void copiesAreWhatIsExpectedOnAverageAndTheSameAgain() {
        for (double exponent : new double[] {0, 0.3, 0.5, 1, 2}) {
            for (long limit : new long[] {0, 400}) {
                PairRepeats repeats = repeats(exponent, limit);
                long sum = 0;
                for (var entry : TAIL.entrySet()) {
                    long taken = 0;
                    for (int i = 0; i < entry.getValue(); i++) {
                        String id = entry.getKey() + "/" + i;
                        int copies = repeats.copies(entry.getKey(), id);
                        assertThat(copies).isEqualTo(repeats(exponent, limit).copies(entry.getKey(), id));
                        assertThat((double) copies).isCloseTo(repeats.expected(entry.getKey()), within(1.0));
                        taken += copies;
                    }
                    double expected = entry.getValue() * repeats.expected(entry.getKey());
                    double deviation = Math.sqrt(entry.getValue()) / 2;
                    assertThat((double) taken).isCloseTo(expected, within(4 * deviation));
                    sum += taken;
                }
                assertThat((double) sum).isCloseTo(limit == 0 ? 1000 : limit, within(4 * Math.sqrt(1000) / 2));
            }
        }
        assertThat(repeats(0, 0).copies(2, "x")).isEqualTo(1);
    }

    @Test
    void badSettingsAndUnknownClassesAreNamed() {
        assertThatThrownBy(() -> new PairSampling(-1, 0, 0))
                .hasMessageContaining("exponent must be in 0 .. 10, was -1");
        assertThatThrownBy(() -> new PairSampling(Double.NaN, 0, 0)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> new PairSampling(0, -1, 0)).hasMessageContaining("limit");
        assertThatThrownBy(() -> repeats(1, 0).expected(7)).hasMessageContaining("class 7");
        assertThatThrownBy(() -> PairRepeats.of(Map.of(0, -1L), PairSampling.AS_THEY_ARE))
                .hasMessageContaining("-1 pairs");
        assertThat(PairRepeats.of(Map.of(), PairSampling.AS_THEY_ARE).copies(null, "x"))
                .isEqualTo(1);
    }
}
