package org.ballast.core.longtail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ClassDrawTest {
    private static final long[] COUNTS = {0, 90, 9, 0, 1, 0};

    @Test
    void classesAreDrawnByTheirProbabilityAndSamplesAlike() {
        ClassDraw draw = new ClassDraw(SamplingStrategy.CLASS_BALANCED, COUNTS, 0);
        int[] classes = new int[COUNTS.length];
        int[] second = new int[9];
        for (int i = 0; i < 9_000; i++) {
            ClassDraw.Draw drawn = draw.draw(17, 0, i);
            classes[drawn.classIndex()]++;
            assertThat(drawn.sample()).isBetween(0L, COUNTS[drawn.classIndex()] - 1);
            if (drawn.classIndex() == 2) {
                second[(int) drawn.sample()]++;
            }
        }
        // 3,000 each, standard deviation 45
        assertThat(classes[0] + classes[3] + classes[5]).isZero();
        for (int k : new int[] {1, 2, 4}) {
            assertThat(classes[k]).isBetween(2_780, 3_220);
        }
        for (int n : second) {
            assertThat(n).isBetween(240, 430);
        }
    }

    @Test
    void aDrawHangsOnSeedEpochAndNumberAlone() {
        ClassDraw draw = new ClassDraw(SamplingStrategy.SQUARE_ROOT, COUNTS, 0);
        ClassDraw.Draw seventh = draw.draw(17, 3, 7);
        draw.draw(17, 3, 8);
        assertThat(draw.draw(17, 3, 7)).isEqualTo(seventh);
        assertThat(different(draw, 18, 3)).as("another seed").isPositive();
        assertThat(different(draw, 17, 4)).as("another epoch").isPositive();
    }

    private static int different(ClassDraw draw, long seed, int epoch) {
        int different = 0;
        for (int i = 0; i < 50; i++) {
            different += draw.draw(seed, epoch, i).equals(draw.draw(17, 3, i)) ? 0 : 1;
        }
        return different;
    }

    @Test
    void oneSampleIsDrawnAlways() {
        ClassDraw draw = new ClassDraw(SamplingStrategy.INSTANCE_BALANCED, new long[] {1}, 0);
        assertThat(draw.draw(1, 1, 1)).isEqualTo(new ClassDraw.Draw(0, 0));
        assertThatThrownBy(() -> new ClassDraw(SamplingStrategy.INSTANCE_BALANCED, new long[] {}, 0))
                .hasMessageContaining("no class");
    }
}
