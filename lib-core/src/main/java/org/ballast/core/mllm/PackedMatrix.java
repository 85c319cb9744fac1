package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.zeros;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandleOptional;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;

/**
 * A frozen weight {@code [out, in]} in the blocked layout that oneDNN multiplies by, for products without gradients. A product of few rows, a step of
 * decoding, reads every weight once and does little with it: libtorch's BLAS reads at a third of the memory's speed there (float32, 4 rows), the blocked layout
 * at all of it. The copy takes as much memory as the weight.
 *
 * <p>libtorch's own operators behind {@code torch.compile} on the CPU: {@code mkldnn::_reorder_linear_weight} and {@code mkldnn::_linear_pointwise.binary}
 * (aten/src/ATen/native/mkldnn/Linear.cpp).
 */
final class PackedMatrix implements AutoCloseable {
    /** With more rows {@link MatrixProduct} is as fast. */
    static final long MOST_ROWS = 128;

    /** The layout is chosen for this many rows, and serves all others nearly as well. */
    private static final long ROWS = 4;

    private final Tensor packed;
    private final long out;

    /** @param weight {@code [out, in]}, float32 or bf16, on the CPU */
    PackedMatrix(Tensor weight) {
        out = weight.size(0);
        try (PointerScope scope = new PointerScope()) {
            IValueVector stack = new IValueVector(new IValue(weight), new IValue(ROWS));
            Operators.REORDER.get().callBoxed(stack);
            packed = result(stack); // [out, in], blocked
            packed.retainReference();
        }
    }

    /** Whether this build of libtorch and this processor have it. */
    static boolean isSupported(Tensor weight) {
        if (!weight.is_cpu() || !Operators.REORDER.has_value() || !Operators.PRODUCT.has_value()) {
            return false;
        }
        return switch (weight.scalar_type().intern()) {
            case Float -> true;
            case BFloat16 -> Processor.multipliesBf16();
            default -> false;
        };
    }

    /** {@code x W^T + b} for {@code x [rows, in]} and a bias {@code [out]} or none: {@code [rows, out]}. */
    Tensor product(Tensor x, TensorOptional bias) {
        // the operator adds to a given tensor; that without one takes a list whose type has no constructor in Java
        Tensor none = zeros(new long[] {x.size(0), out}, x.options()); // [rows, out]
        IValue biasValue = bias.has_value() ? new IValue(bias.get()) : new IValue();
        IValueVector stack =
                new IValueVector(new IValue(x), new IValue(none), new IValue(packed), biasValue, new IValue("add"));
        Operators.PRODUCT.get().callBoxed(stack);
        return result(stack); // [rows, out]
    }

    /** A handle of its own: that of the stack's value dies with the stack. */
    private static Tensor result(IValueVector stack) {
        return new Tensor(stack.get(0).toTensor());
    }

    @Override
    public void close() {
        packed.releaseReference();
    }

    /** Looked up once; empty where this build lacks them. The handle lies inside the optional, which must stay reachable. */
    private static final class Operators {
        static final OperatorHandleOptional REORDER = find("mkldnn::_reorder_linear_weight", "");
        static final OperatorHandleOptional PRODUCT = find("mkldnn::_linear_pointwise", "binary");

        private static OperatorHandleOptional find(String name, String overload) {
            try (PointerScope scope = new PointerScope()) {
                OperatorHandleOptional found = Dispatcher.singleton().findSchema(new OperatorName(name, overload));
                found.retainReference();
                return found;
            }
        }
    }
}
