package org.ballast.core.mllm;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where a forward pass takes its weights from: a checkpoint, views of a flat parameter vector, or a checkpoint under an adapter. The forward
 * pass is a function of it and of its input.
 */
public interface Weights {
    /** The tensor of that checkpoint name; throws if there is none. */
    Tensor tensor(String name);

    /** The adapter on the linear module of that name, or null. */
    default LowRank lowRank(String module) {
        return null;
    }

    /** What that module's adapter reads of the module's input: the input itself, or a part of it under dropout. */
    default Tensor updateInput(String module, Tensor x) {
        return x;
    }

    /** The linear module's weight packed for products of few rows without gradients, or null. */
    default PackedMatrix packed(String module) {
        return null;
    }

    /** Where the gradient of that tensor is added up, of the tensor's shape; null where it is not trained. */
    default Tensor gradient(String name) {
        return null;
    }

    /** Whether a tensor or an adapter under that prefix of checkpoint names is trained. */
    default boolean trains(String prefix) {
        return false;
    }

    /** Type of the products: float32, bfloat16, or float64 in gradient checks. */
    ScalarType type();

    /** Where the tensors lie, and where a forward pass computes. Belongs to the weights. */
    Device device();

    /**
     * An additive low-rank update of a linear: {@code y = x W^T + scale * (x A^T) B^T}.
     *
     * @param a {@code [rank, in]}
     * @param b {@code [out, rank]}
     */
    record LowRank(Tensor a, Tensor b, double scale) {}
}
