package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class AttentionTest {
    private static Tensor random(SplittableRandom random, long... shape) {
        float[] values = new float[(int) (shape[0] * shape[1] * shape[2] * shape[3])];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-2, 2);
        }
        return Tensor.create(values, shape);
    }

    /** Of the same rounded numbers, bf16 differs from float64 by the rounding of the result alone. */
    @Test
    void bf16RoundsOnlyTheResult() {
        SplittableRandom random = new SplittableRandom(1);
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor q = random(random, 2, 4, 9, 8).to(ScalarType.BFloat16);
            Tensor k = random(random, 2, 2, 9, 8).to(ScalarType.BFloat16);
            Tensor v = random(random, 2, 2, 9, 8).to(ScalarType.BFloat16);
            Tensor added = random(random, 2, 1, 9, 9).to(ScalarType.BFloat16);
            for (Tensor mask : new Tensor[] {null, added}) {
                for (boolean causal : mask == null ? new boolean[] {false, true} : new boolean[] {false}) {
                    Tensor actual = Attention.of(q, k, v, mask, causal);
                    assertThat(actual.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
                    Tensor exact = Attention.of(
                            q.to(ScalarType.Double),
                            k.to(ScalarType.Double),
                            v.to(ScalarType.Double),
                            mask == null ? null : mask.to(ScalarType.Double),
                            causal);
                    Tensor error = actual.to(ScalarType.Double).sub(exact).abs();
                    // half a unit in the last of 8 bits
                    assertThat(error.div(exact.abs()).max().item_double()).isLessThan(1.0 / 256);
                }
            }
        }
    }
}
