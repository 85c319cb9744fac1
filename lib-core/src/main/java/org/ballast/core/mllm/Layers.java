package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.addmm;
import static org.bytedeco.pytorch.global.torch.layer_norm;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The layers that tower, projector and decoder share, each a function of its weights' names. */
final class Layers {
    private Layers() {}

    /** What several linears read: tokens {@code [..., in]}, contiguous, converted once to the type that their adapters compute in. */
    static final class Input {
        private final Tensor x;
        private Tensor exact;

        Input(Tensor x) {
            this.x = x;
        }

        /** The chosen tokens of {@code [tokens, in]}. */
        Input at(Tensor tokens) {
            return new Input(x.index_select(0, tokens));
        }

        private Tensor as(ScalarType type) {
            if (exact == null || exact.scalar_type().intern() != type) {
                exact = x.to(type); // [..., in]
            }
            return exact;
        }
    }

    /** {@code x W^T + b}, with the module's adapter if it has one; {@code x} is {@code [..., in]}, contiguous. */
    static Tensor affine(Weights weights, String module, Tensor x) {
        return product(weights, module, new Input(x), new TensorOptional(weights.tensor(module + ".bias")));
    }

    /** {@code x W^T}, with the module's adapter if it has one; {@code x} is {@code [..., in]}, contiguous. */
    static Tensor product(Weights weights, String module, Tensor x) {
        return product(weights, module, new Input(x), new TensorOptional());
    }

    /** {@link #affine} or {@link #product}. */
    static Tensor linear(Weights weights, String module, Input input, boolean bias) {
        return product(
                weights,
                module,
                input,
                bias ? new TensorOptional(weights.tensor(module + ".bias")) : new TensorOptional());
    }

    private static Tensor product(Weights weights, String module, Input input, TensorOptional bias) {
        Tensor x = input.x; // [..., in]
        PackedMatrix packed = weights.packed(module);
        long in = x.size(-1);
        if (packed == null || x.numel() / in > PackedMatrix.MOST_ROWS) {
            Tensor y = MatrixProduct.of(x, weights.tensor(module + ".weight"), bias); // [..., out]
            return adapted(weights, module, input, y);
        }
        long[] shape = x.shape();
        Tensor y = packed.product(x.view(-1, in), bias); // [rows, out]
        shape[shape.length - 1] = y.size(1);
        return adapted(weights, module, input, y.view(shape));
    }

    private static Tensor adapted(Weights weights, String module, Input input, Tensor y) {
        Weights.LowRank update = weights.lowRank(module);
        if (update == null) {
            return y;
        }
        ScalarType type = y.scalar_type().intern();
        ScalarType exact = update.a().scalar_type().intern(); // float32 beside bfloat16
        Tensor read = weights.updateInput(module, input.as(exact)); // [..., in]
        long out = y.size(-1);
        Tensor low = MatrixProduct.of(read.view(-1, read.size(-1)), update.a()); // [rows, rank]
        if (type != exact) {
            // added in float32 and rounded once, without a float32 copy of y
            Tensor wide = MatrixProduct.of(low.mul(new Scalar(update.scale())), update.b()); // [rows, out]
            return y.add_(wide.view(y.shape())); // [..., out]
        }
        Tensor sum =
                addmm(y.view(-1, out), low, update.b().t(), new Scalar(1.0), new Scalar(update.scale())); // [rows, out]
        return sum.view(y.shape()); // [..., out]
    }

    /** Layer norm over the last dimension. */
    static Tensor layerNorm(Weights weights, String module, Tensor x, double eps) {
        TensorOptional weight = new TensorOptional(weights.tensor(module + ".weight"));
        TensorOptional bias = new TensorOptional(weights.tensor(module + ".bias"));
        return layer_norm(x, new long[] {x.size(-1)}, weight, bias, eps, false);
    }

    /** {@code x / sqrt(mean(x^2) + eps) * w} over the last dimension; the quotient is float32 where the weights are bfloat16. */
    static Tensor rmsNorm(Weights weights, String module, Tensor x, double eps) {
        Tensor wide = weights.type() == ScalarType.BFloat16 ? x.to(ScalarType.Float) : x; // [..., d]
        Tensor square = wide.pow(new Scalar(2)).mean(new long[] {-1}, true, new ScalarTypeOptional()); // [..., 1]
        Tensor normed = wide.mul(square.add(new Scalar(eps)).rsqrt()); // [..., d]
        return normed.to(weights.type()).mul(weights.tensor(module + ".weight"));
    }
}
