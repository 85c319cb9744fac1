package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.pytorch.global.torch.linear;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class VectorProductsTest {
    private static Tensor random(SplittableRandom random, long rows, long columns) {
        float[] values = new float[(int) (rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Tensor.create(values, rows, columns);
    }

    @Test
    void equalTheGeneralProductWithAndWithoutBias() {
        SplittableRandom random = new SplittableRandom(1);
        // one block, a last block that is not full, blocks of the least size
        for (int[] shape : new int[][] {{3, 5}, {64, 96}, {512, 700}, {11_008, 40}}) {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                Tensor weight = random(random, shape[1], shape[0]);
                Tensor bias = random(random, 1, shape[1]).view(shape[1]);
                Tensor x = random(random, 6, shape[0]);
                for (TensorOptional b : new TensorOptional[] {new TensorOptional(), new TensorOptional(bias)}) {
                    Tensor product = linear(x.to(ScalarType.Double), weight.to(ScalarType.Double)); // [6, out]
                    Tensor expected = b.has_value() ? product.add(bias) : product; // [6, out]
                    Tensor actual = VectorProducts.of(x.view(2, 3, shape[0]), weight, b); // [2, 3, out]
                    assertThat(actual.shape()).containsExactly(2, 3, shape[1]);
                    assertThat(Golden.relativeDifference(
                                    actual.view(6, shape[1]).to(ScalarType.Double), expected))
                            .isLessThan(1e-6);
                }
            }
        }
    }

    @Test
    void aVectorsResultDoesNotDependOnItsNeighbours() {
        SplittableRandom random = new SplittableRandom(2);
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor weight = random(random, 300, 128);
            Tensor x = random(random, 5, 128);
            Tensor together = VectorProducts.of(x, weight, new TensorOptional());
            for (int r = 0; r < 5; r++) {
                Tensor alone = VectorProducts.of(x.narrow(0, r, 1), weight, new TensorOptional());
                assertThat(together.narrow(0, r, 1).equal(alone)).isTrue();
            }
        }
    }

    @Test
    void suitOnlyFloat32WithoutGradients() {
        try (PointerScope scope = new PointerScope()) {
            Tensor x = Tensor.create(new float[] {1}, 1, 1);
            assertThat(VectorProducts.suits(x, x)).isTrue();
            assertThat(VectorProducts.suits(x, x.to(ScalarType.Double))).isFalse();
            Tensor trained = x.clone();
            trained.set_requires_grad(true);
            assertThat(VectorProducts.suits(x, trained)).isFalse();
            try (NoGradGuard noGrad = new NoGradGuard()) {
                assertThat(VectorProducts.suits(x, trained)).isTrue();
            }
        }
    }
}
