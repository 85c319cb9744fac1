package org.ballast.core.negative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class CoarseCellsTest {
    private static final CoarseCells FOUR = new CoarseCells(
            List.of(
                    new float[] {1, 0, 0, 0, 0},
                    new float[] {0, 1, 0, 0, 0},
                    new float[] {-1, 0, 0, 0, 0},
                    new float[] {0, 0, 0, 0, 1}),
            0.8);

    @Test
    void aVectorIsInTheMostSimilarCellAndAmongEqualsInTheFirst() {
        assertThat(FOUR.nearest(new float[] {.6f, .8f, 0, 0, 0})).isEqualTo(1);
        assertThat(FOUR.nearest(new float[] {0, 0, 0, 0, .1f}))
                .as("the rest of five")
                .isEqualTo(3);
        assertThat(FOUR.nearest(new float[] {.7f, .7f, 0, 0, 0})).isZero();
        assertThat(FOUR.size()).isEqualTo(4);
    }

    @Test
    void cellsComeByFallingSimilarity() {
        float[] query = {.6f, .5f, 0, 0, -.1f};
        assertThat(FOUR.nearest(query, 9, 1)).containsExactly(0, 1, 3, 2);
        assertThat(FOUR.nearest(query, 2, 1)).containsExactly(0, 1);
    }

    @Test
    void withAnUpperEndOfTheWindowCellsBeyondItComeLater() {
        // centroids up to 0.4 / 0.8 = 0.5 promise matches of at most 0.4: 0.45 comes first, then 0.58, 0.08 beyond it
        float[] query = {.58f, .45f, 0, 0, .3f};
        assertThat(FOUR.nearest(query, 4, .4)).containsExactly(1, 0, 3, 2);
    }

    @Test
    void badCellsAreRefused() {
        assertThatThrownBy(() -> new CoarseCells(List.of(), 1)).hasMessageContaining("at least one cell");
        assertThatThrownBy(() -> new CoarseCells(List.of(new float[2], new float[3]), 1))
                .hasMessageContaining("2 and 3");
        assertThatThrownBy(() -> new CoarseCells(List.of(new float[2]), 0)).hasMessageContaining("spread");
        assertThatThrownBy(() -> FOUR.nearest(new float[3])).hasMessageContaining("3 values among centroids of 5");
        assertThatThrownBy(() -> FOUR.nearest(new float[5], 0, 1)).hasMessageContaining("at least 1");
    }
}
