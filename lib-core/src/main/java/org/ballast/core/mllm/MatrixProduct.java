package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.conv2d;
import static org.bytedeco.pytorch.global.torch.linear;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The product of a linear layer, {@code y = x W^T}, differentiable in both, by the fastest kernel that libtorch has for it.
 *
 * <p>libtorch multiplies float32 on the CPU by its BLAS. oneDNN, which is part of it, is up to twice as fast there (AVX-512), but only convolutions may use it. A
 * convolution with a kernel of one pixel is this product: a picture of height {@code rows}, width one and {@code in} channels, stored with the channels last, has the
 * memory of {@code x}. The dilation does nothing to a kernel of one pixel; with it libtorch takes oneDNN with one thread too, and the same again
 * for the gradients (aten/src/ATen/native/Convolution.cpp, {@code use_mkldnn}).
 */
final class MatrixProduct {
    /** Below it libtorch does not hand a convolution of one picture to oneDNN. */
    private static final long LEAST_ELEMENTS = 20_480;

    /** For fewer rows the reordering of the weights, once a call, costs more than it gains. */
    private static final long LEAST_ROWS = 48;

    private static final long[] ONE = {1, 1};
    private static final long[] NONE = {0, 0};
    private static final long[] DILATION = {2, 2};

    private MatrixProduct() {}

    /**
     * @param x {@code [..., in]}
     * @param weight {@code [out, in]}
     * @return {@code [..., out]}
     */
    static Tensor of(Tensor x, Tensor weight) {
        return of(x, weight, new TensorOptional());
    }

    /** {@code x W^T + b} for a bias {@code [out]}. */
    static Tensor of(Tensor x, Tensor weight, TensorOptional bias) {
        long in = weight.size(1);
        long rows = x.numel() / in;
        if (rows <= VectorProducts.MOST_ROWS && VectorProducts.suits(x, weight)) {
            return VectorProducts.of(x, weight, bias);
        }
        if (x.scalar_type().intern() != ScalarType.Float
                || rows < LEAST_ROWS
                || x.numel() <= LEAST_ELEMENTS
                || !x.is_cpu()) {
            return linear(x, weight, bias);
        }
        long[] shape = x.shape();
        shape[shape.length - 1] = weight.size(0);
        Tensor picture = x.reshape(1, rows, 1, in).permute(0, 3, 1, 2); // [1, in, rows, 1]
        Tensor kernel = weight.view(weight.size(0), in, 1, 1); // [out, in, 1, 1]
        Tensor y = conv2d(picture, kernel, bias, ONE, NONE, DILATION, 1); // [1, out, rows, 1]
        return y.permute(0, 2, 3, 1).reshape(shape); // [..., out]
    }
}
