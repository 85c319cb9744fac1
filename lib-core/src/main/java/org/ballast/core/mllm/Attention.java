package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** {@code softmax(q k^T / sqrt(headDim) + mask) v}, by libtorch's fused kernel. */
final class Attention {
    private Attention() {}

    /**
     * In bf16 on the CPU it is computed in float32 and rounded at the end: this build of libtorch multiplies bf16 in its attention by a plain loop, twenty times as slow
     * (640 tokens, 8 heads of 64: 258 against 11 ms).
     *
     * @param query {@code [rows, heads, t, headDim]}
     * @param key {@code [rows, heads or groups of them, s, headDim]}, as the values
     * @param mask null, or added to the scores, or what may be seen; broadcasts to {@code [rows, heads, t, s]}
     * @return {@code [rows, heads, t, headDim]}
     */
    static Tensor of(Tensor query, Tensor key, Tensor value, Tensor mask, boolean causal) {
        ScalarType type = query.scalar_type().intern();
        boolean wide = type == ScalarType.BFloat16 && query.is_cpu();
        if (!wide) {
            return fused(query, key, value, mask, causal);
        }
        boolean added = mask != null && mask.scalar_type().intern() == type;
        Tensor out = fused(
                query.to(ScalarType.Float),
                key.to(ScalarType.Float),
                value.to(ScalarType.Float),
                added ? mask.to(ScalarType.Float) : mask,
                causal); // [rows, h, t, hd]
        return out.to(type);
    }

    private static Tensor fused(Tensor query, Tensor key, Tensor value, Tensor mask, boolean causal) {
        boolean grouped = query.size(1) != key.size(1);
        TensorOptional optional = mask == null ? new TensorOptional() : new TensorOptional(mask);
        return scaled_dot_product_attention(query, key, value, optional, 0.0, causal, new DoubleOptional(), grouped);
    }
}
