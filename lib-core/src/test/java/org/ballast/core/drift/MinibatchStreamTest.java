package org.ballast.core.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;

class MinibatchStreamTest {
    private static final int ROWS = 7;
    private static final FeatureShard SHARD =
            new FeatureShard(1, IntStream.range(0, ROWS).map(i -> i % 2).toArray(), new float[] {0, 1, 2, 3, 4, 5, 6});

    private static List<Integer> rows(long seed, long first, long count) {
        List<Integer> rows = new ArrayList<>();
        new MinibatchStream(SHARD, 0, 2, 3, seed, first, count).forEachRemaining(batch -> {
            assertThat(batch.numExamples()).isEqualTo(3);
            for (int i = 0; i < 3; i++) {
                int row = batch.getFeatures().getInt(i, 0);
                assertThat(batch.getLabels().getDouble(i, row % 2)).isEqualTo(1);
                assertThat(batch.getLabels().getDouble(i, 1 - row % 2)).isZero();
                rows.add(row);
            }
        });
        return rows;
    }

    @Test
    void showsEachRowOnceAPermutation() {
        List<Integer> rows = rows(1, 0, 7); // 21 rows: three permutations
        for (int p = 0; p < 3; p++) {
            assertThat(rows.subList(p * ROWS, (p + 1) * ROWS)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6);
        }
        assertThat(rows.subList(0, ROWS)).isNotEqualTo(rows.subList(ROWS, 2 * ROWS));
        assertThat(rows(2, 0, 7)).isNotEqualTo(rows);
    }

    @Test
    void startsAnywhere() {
        assertThat(rows(1, 4, 3)).isEqualTo(rows(1, 0, 7).subList(12, 21));
    }

    @Test
    void refusesAnEmptyShard() {
        FeatureShard empty = new FeatureShard(1, new int[0], new float[0]);
        assertThatThrownBy(() -> new MinibatchStream(empty, 4, 2, 3, 1, 0, 1)).hasMessage("shard 4 has no row");
        DataSet one = new MinibatchStream(new FeatureShard(1, new int[] {1}, new float[] {9}), 0, 2, 3, 1, 0, 1).next();
        assertThat(one.getFeatures().toFloatVector()).containsExactly(9, 9, 9);
    }
}
