package org.ballast.core.mllm;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;
import static org.bytedeco.pytorch.global.torch.empty;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Products of few vectors with a matrix in float32 on the CPU, by BLAS's matrix-vector product. A general matrix product packs the matrix first, which costs
 * three times as much as reading it; here a matrix is read once from memory, a block at a time, and each block again from the cache
 * for each further vector. The result of a vector does not depend on its neighbours.
 */
final class VectorProducts {
    /** Beyond this number of vectors the general product is faster. */
    static final int MOST_ROWS = 8;

    /** Half of a small second-level cache. */
    private static final long BLOCK_ELEMENTS = 160_000;

    private VectorProducts() {}

    /** Whether the tensors are float32 on the CPU and no gradient is asked for. */
    static boolean suits(Tensor a, Tensor b) {
        return plain(a) && plain(b) && !(GradMode.is_enabled() && (a.requires_grad() || b.requires_grad()));
    }

    private static boolean plain(Tensor t) {
        return t.scalar_type().intern() == ScalarType.Float && t.is_cpu();
    }

    /**
     * {@code x W^T + b}.
     *
     * @param x {@code [..., in]}
     * @param weight {@code [out, in]}
     * @param bias {@code [out]}, or empty
     * @return {@code [..., out]}
     */
    static Tensor of(Tensor x, Tensor weight, TensorOptional bias) {
        int in = (int) weight.size(1);
        int out = (int) weight.size(0);
        int rows = (int) (x.numel() / in);
        long[] shape = x.shape();
        shape[shape.length - 1] = out;
        Tensor vectors = x.contiguous(); // [..., in]
        Tensor matrix = weight.contiguous(); // [out, in]
        Tensor y = empty(shape, x.options(), new MemoryFormatOptional()); // [..., out]
        if (bias.has_value()) {
            y.copy_(bias.get());
        }
        float keep = bias.has_value() ? 1 : 0;
        FloatPointer w = new FloatPointer(matrix.data_ptr());
        FloatPointer from = new FloatPointer(vectors.data_ptr());
        FloatPointer to = new FloatPointer(y.data_ptr());
        int block = (int) Math.max(16, BLOCK_ELEMENTS / in);
        for (int first = 0; first < out; first += block) {
            int some = Math.min(block, out - first);
            w.position((long) first * in);
            for (int r = 0; r < rows; r++) {
                from.position((long) r * in);
                to.position((long) r * out + first);
                cblas_sgemv(CblasRowMajor, CblasNoTrans, some, in, 1, w, in, from, 1, keep, to, 1);
            }
        }
        return y;
    }

    /** {@code y = alpha M x} for a row-major matrix {@code M [rows, columns]}; the pointers' positions say where each begins. */
    static void times(float alpha, FloatPointer m, int rows, int columns, FloatPointer x, FloatPointer y) {
        cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, columns, alpha, m, columns, x, 1, 0, y, 1);
    }

    /** {@code y = M^T x} for a row-major matrix {@code M [rows, columns]}; the pointers' positions say where each begins. */
    static void transposedTimes(FloatPointer m, int rows, int columns, FloatPointer x, FloatPointer y) {
        cblas_sgemv(CblasRowMajor, CblasTrans, rows, columns, 1, m, columns, x, 1, 0, y, 1);
    }
}
