package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.pytorch.global.torch.linear;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MatrixProductTest {
    /** Shapes on either side of both thresholds, rows and widths that no vector length divides, few inputs, few outputs. */
    @ParameterizedTest
    @CsvSource({"1,64,32", "47,512,64", "48,512,64", "160,128,96", "161,128,96", "211,100,37", "700,32,512", "700,512,1"
    })
    void equalsThePlainProductInValueAndGradients(int rows, int in, int out) {
        try (PointerScope scope = new PointerScope()) {
            Tensor x = random(1, rows, in);
            Tensor w = random(2, out, in);
            Tensor slope = random(3, rows, out);
            Tensor[] plain = valueAndGradients(x, w, slope, true);
            Tensor[] ours = valueAndGradients(x, w, slope, false);
            for (int i = 0; i < plain.length; i++) {
                assertThat(ours[i].shape()).isEqualTo(plain[i].shape());
                assertThat(relativeDifference(ours[i], plain[i])).isLessThan(2e-6);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4,100,64,48", "2,3,512,40"})
    void keepsLeadingDimensions(int a, int b, int in, int out) {
        try (PointerScope scope = new PointerScope()) {
            Tensor x = random(1, a * b, in).view(a, b, in);
            Tensor w = random(2, out, in);
            assertThat(MatrixProduct.of(x, w).shape()).containsExactly(a, b, out);
            assertThat(relativeDifference(MatrixProduct.of(x, w), linear(x, w))).isLessThan(2e-6);
            Tensor strided = random(4, b * a, in).view(b, a, in).transpose(0, 1);
            assertThat(relativeDifference(MatrixProduct.of(strided, w), linear(strided, w)))
                    .isLessThan(2e-6);
        }
    }

    private static Tensor[] valueAndGradients(Tensor x, Tensor w, Tensor slope, boolean plain) {
        Tensor leafX = x.detach().clone().set_requires_grad(true);
        Tensor leafW = w.detach().clone().set_requires_grad(true);
        Tensor y = plain ? linear(leafX, leafW) : MatrixProduct.of(leafX, leafW);
        y.mul(slope).sum().backward();
        return new Tensor[] {y.detach(), leafX.grad(), leafW.grad()};
    }

    static double relativeDifference(Tensor a, Tensor b) {
        return a.sub(b).norm().item_float() / b.norm().item_float();
    }

    static Tensor random(long seed, int rows, int columns) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (2 * random.nextDouble() - 1);
        }
        return Tensor.create(values, rows, columns);
    }
}
