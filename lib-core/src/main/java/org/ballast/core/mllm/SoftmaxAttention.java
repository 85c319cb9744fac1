package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * {@code softmax(q k^T / sqrt(headDim) + mask) v} by libtorch's fused kernel. On the CPU bfloat16 is computed in float32: the kernel's own bfloat16 products go
 * through a BLAS that has none, and were 20 times as slow.
 */
final class SoftmaxAttention {
    private SoftmaxAttention() {}

    /**
     * @param query {@code [rows, heads, t, headDim]}
     * @param key {@code [rows, keyValueHeads, s, headDim]}, of equal or fewer heads, which divide those of the query
     * @param mask added to the scores, {@code [(rows, 1,) t, s]} of {@link #maskType}; null: none
     * @param causal query i sees the keys up to i; without a mask
     * @return {@code [rows, heads, t, headDim]}, of the query's type
     */
    static Tensor of(Tensor query, Tensor key, Tensor value, Tensor mask, boolean causal) {
        ScalarType type = query.scalar_type().intern();
        ScalarType exact = type(type, query.is_cpu());
        return scaled_dot_product_attention(
                        query.to(exact),
                        key.to(exact),
                        value.to(exact),
                        mask == null ? new TensorOptional() : new TensorOptional(mask),
                        0.0,
                        causal,
                        new DoubleOptional(),
                        query.size(1) != key.size(1))
                .to(type);
    }

    /** Type of masks for weights of this type and place. */
    static ScalarType maskType(Weights weights) {
        return type(weights.type(), weights.device().is_cpu());
    }

    private static ScalarType type(ScalarType type, boolean onCpu) {
        return onCpu ? TrainableWeights.exactType(type) : type;
    }
}
