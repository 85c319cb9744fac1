package org.ballast.core.mllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ballast.core.mllm.MatrixProductTest.random;
import static org.ballast.core.mllm.MatrixProductTest.relativeDifference;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedMatrixTest {
    @Test
    void equalsThePlainProductForAnyNumberOfRows() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            for (int[] shape :
                    List.of(new int[] {64, 96}, new int[] {100, 37}, new int[] {512, 1408}, new int[] {8, 1})) {
                Tensor weight = random(1, shape[1], shape[0]);
                Tensor bias = random(9, 1, shape[1]).view(shape[1]);
                assumeTrue(PackedMatrix.isSupported(weight), "this build or processor has no packed product");
                try (PackedMatrix packed = new PackedMatrix(weight)) {
                    for (int rows : List.of(1, 2, 3, 4, 7, 16, 64, 128)) {
                        Tensor x = random(rows, rows, shape[0]);
                        Tensor y = packed.product(x, new TensorOptional());
                        assertThat(y.shape()).containsExactly(rows, shape[1]);
                        assertThat(relativeDifference(y, linear(x, weight))).isLessThan(2e-6);
                        Tensor biased = packed.product(x, new TensorOptional(bias));
                        assertThat(relativeDifference(biased, linear(x, weight).add(bias)))
                                .isLessThan(2e-6);
                    }
                }
            }
        }
    }

    @Test
    void multipliesInBf16() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor weight = random(1, 96, 64).to(ScalarType.BFloat16);
            assumeTrue(PackedMatrix.isSupported(weight), "this processor has no bf16 product");
            Tensor x = random(2, 5, 64).to(ScalarType.BFloat16);
            try (PackedMatrix packed = new PackedMatrix(weight)) {
                Tensor y = packed.product(x, new TensorOptional());
                assertThat(y.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
                Tensor exact = linear(x.to(ScalarType.Float), weight.to(ScalarType.Float));
                assertThat(relativeDifference(y.to(ScalarType.Float), exact)).isLessThan(1.0 / 256);
            }
        }
    }

    @Test
    void givesItsMemoryBack() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            Tensor weight = random(1, 512, 512); // 1 MiB
            assumeTrue(PackedMatrix.isSupported(weight), "this build or processor has no packed product");
            Tensor x = random(2, 4, 512);
            long before = 0;
            for (int i = 0; i < 3000; i++) {
                try (PointerScope step = new PointerScope();
                        PackedMatrix packed = new PackedMatrix(weight)) {
                    packed.product(x, new TensorOptional());
                }
                if (i == 1000) {
                    before = Pointer.physicalBytes();
                }
            }
            assertThat(Pointer.physicalBytes() - before).isLessThan(100L << 20);
        }
    }

    @Test
    void readsTheFlagsOfTheFirstProcessor(@TempDir Path dir) throws Exception {
        Path file = Files.writeString(
                dir.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: fpu avx512bw amx_bf16\n\nflags\t\t: other\n");
        assertThat(Processor.flags(file)).containsExactlyInAnyOrder("fpu", "avx512bw", "amx_bf16");
        assertThat(Processor.flags(dir.resolve("none"))).isEmpty();
    }
}
