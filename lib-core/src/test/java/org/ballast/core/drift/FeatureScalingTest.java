package org.ballast.core.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.ballast.core.drift.FeatureScaling.Mode;
import org.ballast.core.drift.FeatureScaling.Moments;
import org.junit.jupiter.api.Test;

class FeatureScalingTest {
    @Test
    void standardisesByTrainingStatistics() {
        // column 0: 1, 3, 5 (mean 3, variance 8/3); column 1 constant
        Moments left = Moments.empty(2).plus(new float[] {1, 7});
        Moments right = Moments.empty(2).plus(new float[] {3, 7}).plus(new float[] {5, 7});
        FeatureScaling scaling = FeatureScaling.standard(left.plus(right));
        float[] scaled = scaling.apply(new float[] {5, 8});
        assertThat(scaled[0]).isCloseTo((float) (2 / Math.sqrt(8 / 3.0)), within(1e-6f));
        assertThat(scaled[1]).isEqualTo(1);
        assertThatThrownBy(() -> scaling.apply(new float[3])).hasMessageContaining("width 3");
    }

    @Test
    void scalesToUnitLengthAndLeavesZero() {
        FeatureScaling scaling = FeatureScaling.of(Mode.of("l2"));
        assertThat(scaling.apply(new float[] {3, 4})).containsExactly(0.6f, 0.8f);
        assertThat(scaling.apply(new float[2])).containsExactly(0, 0);
        assertThat(FeatureScaling.of(Mode.NONE).apply(new float[] {3})).containsExactly(3);
        assertThatThrownBy(() -> Mode.of("L3")).hasMessageContaining("\"L3\"");
    }
}
