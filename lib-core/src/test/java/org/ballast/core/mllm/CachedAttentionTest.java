package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.softmax;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class CachedAttentionTest {
    private static TextConfig text(int heads, int keyValueHeads, int headDim) {
        return new TextConfig(
                50, heads * headDim, 48, 1, heads, keyValueHeads, headDim, 128, 1e-6, 10000, true, 1, 2, 0);
    }

    private static Tensor random(SplittableRandom random, long... shape) {
        int n = 1;
        for (long size : shape) {
            n *= (int) size;
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-2, 2);
        }
        return Tensor.create(values, shape);
    }

    /** One row and head at a time, written out. */
    private static Tensor plain(Tensor q, Tensor k, Tensor v, int[] ends, int window) {
        int heads = (int) q.size(1);
        int group = heads / (int) k.size(1);
        Tensor[] out = new Tensor[ends.length * heads];
        for (int i = 0; i < out.length; i++) {
            int row = i / heads;
            int first = Math.max(0, ends[row] - window);
            Tensor keys = k.select(0, row).select(0, i % heads / group).narrow(0, first, ends[row] - first); // [n, hd]
            Tensor values = v.select(0, row).select(0, i % heads / group).narrow(0, first, ends[row] - first);
            Tensor scores = keys.matmul(q.select(0, row).select(0, i % heads)); // [n]
            Tensor shares = softmax(scores.div(new Scalar(Math.sqrt(q.size(2)))), 0); // [n]
            out[i] = shares.unsqueeze(0).matmul(values); // [1, hd]
        }
        return cat(new TensorVector(out), 0).view(ends.length, -1); // [rows, heads * hd]
    }

    @Test
    void bothWaysEqualThePlainFormula() {
        SplittableRandom random = new SplittableRandom(1);
        for (int[] shape : new int[][] {{4, 4, 8}, {4, 2, 8}, {6, 1, 16}, {1, 1, 2}}) {
            for (int window : new int[] {Integer.MAX_VALUE, 30, 7, 1}) {
                try (PointerScope scope = new PointerScope();
                        NoGradGuard noGrad = new NoGradGuard()) {
                    int[] ends = {9, 1, 30, 17};
                    CachedAttention attention = new CachedAttention(text(shape[0], shape[1], shape[2]));
                    Tensor q = random(random, 4, shape[0], shape[2]); // [rows, heads, hd]
                    Tensor k = random(random, 5, shape[1], 40, shape[2]); // [slots, kv, capacity, hd]
                    Tensor v = random(random, 5, shape[1], 40, shape[2]); // [slots, kv, capacity, hd]
                    Tensor expected = plain(q, k, v, ends, window);
                    Tensor byVectors = attention.of(q, k, v, ends, window);
                    assertThat(Golden.largestDifference(byVectors, expected)).isLessThan(2e-6);
                    Tensor masked = attention.of(
                            q.to(ScalarType.Double), k.to(ScalarType.Double), v.to(ScalarType.Double), ends, window);
                    assertThat(Golden.largestDifference(masked.to(ScalarType.Float), expected))
                            .isLessThan(2e-6);
                }
            }
        }
    }

    @Test
    void byHandOnTwoTokens() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            CachedAttention attention = new CachedAttention(text(1, 1, 4));
            Tensor q = Tensor.create(new float[] {2, 0, 0, 0}, 1, 1, 4);
            float ln3 = (float) Math.log(3);
            // scores 0 and ln 3: shares 1/4 and 3/4
            Tensor k = Tensor.create(new float[] {0, 9, 9, 9, ln3, 0, 0, 0, 99, 99, 99, 99}, 1, 1, 3, 4);
            Tensor v = Tensor.create(new float[] {4, 0, 0, 8, 0, 4, 0, 0, 99, 99, 99, 99}, 1, 1, 3, 4);
            assertThat(Golden.floats(attention.of(q, k, v, new int[] {2}, Integer.MAX_VALUE)))
                    .containsExactly(new float[] {1, 3, 0, 2}, within(1e-6f));
            assertThat(Golden.floats(attention.of(q, k, v, new int[] {2}, 1)))
                    .containsExactly(new float[] {0, 4, 0, 0}, within(1e-6f));
        }
    }

    @Test
    void hugeScoresStayFinite() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            CachedAttention attention = new CachedAttention(text(1, 1, 2));
            Tensor q = Tensor.create(new float[] {1e15f, 0}, 1, 1, 2);
            Tensor k = Tensor.create(new float[] {1e15f, 0, -1e15f, 0}, 1, 1, 2, 2);
            Tensor v = Tensor.create(new float[] {1, 2, 3, 4}, 1, 1, 2, 2);
            assertThat(Golden.floats(attention.of(q, k, v, new int[] {2}, Integer.MAX_VALUE)))
                    .containsExactly(1, 2);
        }
    }
}
