package org.ballast.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.ballast.spark.evaluate.Metrics.PairedDifference;
import org.ballast.spark.evaluate.Metrics.Spread;
import org.junit.jupiter.api.Test;

class EstimateTest {
    @Test
    void meanDeviationAndErrorByHand() {
        // 2, 4, 4, 6: mean 4, squares 4 + 0 + 0 + 4 = 8, deviation sqrt(8/3), error sqrt(8/3)/2
        Estimate estimate = Estimate.of(2, 4, 4, 6);
        assertThat(estimate.mean()).isEqualTo(4);
        assertThat(estimate.standardDeviation()).isCloseTo(1.632993161855452, within(1e-15));
        assertThat(estimate.standardError()).isCloseTo(0.816496580927726, within(1e-15));
    }

    @Test
    void oneValueHasNoDeviationAndNoneIsRefused() {
        assertThat(Estimate.of(3)).isEqualTo(new Estimate(3, 0, 1));
        assertThatThrownBy(Estimate::of).hasMessage("mean of no values");
        assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(2, 1, 1, 3, 3));
    }

    @Test
    void betterAndWorseFollowTheDirection() {
        PairedDifference up = new PairedDifference("test", "x", "a", "b", 0.5, 0.2, 9, true);
        assertThat(up.clearlyBetter()).isTrue();
        PairedDifference rate = new PairedDifference("test", "x", "a", "b", 0.5, 0.2, 9, false);
        assertThat(rate.clearlyBetter()).isFalse();
        assertThat(rate.clearlyWorse()).isTrue();
    }
}
