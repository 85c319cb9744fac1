package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class LogitsTest {
    private static final int[] NONE = {};

    private static Logits logits(float[]... rows) {
        try (PointerScope scope = new PointerScope()) {
            float[] all = new float[rows.length * rows[0].length];
            for (int r = 0; r < rows.length; r++) {
                System.arraycopy(rows[r], 0, all, r * rows[0].length, rows[0].length);
            }
            return new Logits(Tensor.create(all, rows.length, rows[0].length));
        }
    }

    private static int[] best(Logits logits) {
        return logits.best(new boolean[logits.rows()], NONE);
    }

    /** At every width, for libtorch works in vectors of several lengths. */
    @Test
    void theLowestIdWinsAmongEquals() {
        for (int vocab : new int[] {2, 7, 16, 33, 640, 32_000}) {
            float[] flat = new float[vocab];
            float[] twice = new float[vocab];
            twice[vocab / 2] = 3;
            twice[vocab - 1] = 3;
            float[] signs = new float[vocab];
            Arrays.fill(signs, -1);
            signs[vocab / 2] = -0f;
            signs[vocab - 1] = 0f;
            try (Logits logits = logits(flat, twice, signs)) {
                assertThat(best(logits)).containsExactly(0, vocab / 2, vocab / 2);
            }
        }
    }

    @Test
    void leavesOutWhatIsExcludedWhereItIsExcluded() {
        try (Logits logits = logits(new float[] {1, 5, 4, 3}, new float[] {1, 5, 4, 3})) {
            assertThat(logits.best(new boolean[] {true, false}, new int[] {1, 2}))
                    .containsExactly(3, 1);
            assertThat(best(logits)).containsExactly(1, 1);
            assertThat(logits.row(0)).containsExactly(1, 5, 4, 3);
            assertThat(logits.best(new boolean[] {true, true}, new int[] {0, 1, 2, 3}))
                    .containsExactly(-1, -1);
        }
    }

    @Test
    void aHighestLogitThatIsNoNumberIsNoToken() {
        float never = Float.NEGATIVE_INFINITY;
        try (Logits logits = logits(
                new float[] {1, Float.NaN, 2},
                new float[] {never, never, never},
                new float[] {1, Float.POSITIVE_INFINITY, 2},
                new float[] {never, 3e38f, -3e38f})) {
            assertThat(best(logits)).containsExactly(-1, -1, -1, 1);
        }
    }

    @Test
    void logProbsByHand() {
        float ln3 = (float) Math.log(3);
        try (Logits logits = logits(new float[] {0, ln3}, new float[] {1e4f, 0}, new float[] {-2, -2})) {
            assertThat(logits.logProbs(new int[] {0, 0, 1, 2}, new int[] {0, 1, 1, 0}))
                    .containsExactly(new double[] {Math.log(.25), Math.log(.75), -1e4, Math.log(.5)}, within(1e-6));
        }
    }

    @Test
    void bf16BecomesFloat32() {
        try (PointerScope scope = new PointerScope();
                Logits logits =
                        new Logits(Tensor.create(new float[] {1, 2}, 1, 2).to(ScalarType.BFloat16))) {
            assertThat(logits.row(0)).containsExactly(1, 2);
            assertThat(best(logits)).containsExactly(1);
        }
    }
}
