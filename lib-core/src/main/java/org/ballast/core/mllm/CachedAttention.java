package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.empty;
import static org.bytedeco.pytorch.global.torch.full;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.softmax;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Attention of one new token a row to the row's cached tokens, its own among them: {@code softmax(q k^T / sqrt(headDim)) v}. Query heads of a group read
 * the same keys and values where they lie; nothing is copied.
 *
 * <p>A single query is a matrix-vector product a head, bound by reading the cache. libtorch's attention and its batched product go through the general product of the
 * BLAS, which packs: 5 to 6 GB/s, against 20 GB/s of {@link VectorProducts} (one core). So float32 on the CPU goes that way and all else through libtorch under a mask.
 */
final class CachedAttention {
    private final int heads;
    private final int keyValueHeads;
    private final int headDim;

    CachedAttention(TextConfig text) {
        this.heads = text.heads();
        this.keyValueHeads = text.keyValueHeads();
        this.headDim = text.headDim();
    }

    /**
     * @param query {@code [rows, heads, headDim]}
     * @param ends how many tokens each row sees, from its first on; the new one is the last
     * @return {@code [rows, heads * headDim]}
     */
    Tensor of(Tensor query, Tensor keys, Tensor values, int[] ends) {
        return VectorProducts.suits(query, keys)
                ? byVectors(query.contiguous(), keys, values, ends)
                : masked(query, keys, values, ends);
    }

    private Tensor byVectors(Tensor query, Tensor keys, Tensor values, int[] ends) {
        int rows = ends.length;
        int longest = longest(ends);
        long capacity = keys.size(2);
        int group = heads / keyValueHeads;
        float scale = (float) (1 / Math.sqrt(headDim));
        Scalar never = new Scalar(Double.NEGATIVE_INFINITY);
        Tensor scores = full(new long[] {rows, heads, longest}, never, query.options()); // [rows, h, longest]
        FloatPointer q = new FloatPointer(query.data_ptr());
        FloatPointer k = new FloatPointer(keys.data_ptr());
        FloatPointer s = new FloatPointer(scores.data_ptr());
        for (int i = 0; i < rows * heads; i++) {
            k.position(place(i, group) * capacity * headDim);
            VectorProducts.times(
                    scale, k, ends[i / heads], headDim, q.position((long) i * headDim), s.position((long) i * longest));
        }
        Tensor shares = softmax(scores, -1); // [rows, h, longest]
        Tensor out = empty(
                new long[] {rows, (long) heads * headDim}, query.options(), new MemoryFormatOptional()); // [rows, h*hd]
        FloatPointer p = new FloatPointer(shares.data_ptr());
        FloatPointer v = new FloatPointer(values.data_ptr());
        FloatPointer o = new FloatPointer(out.data_ptr());
        for (int i = 0; i < rows * heads; i++) {
            v.position(place(i, group) * capacity * headDim);
            VectorProducts.transposedTimes(
                    v, ends[i / heads], headDim, p.position((long) i * longest), o.position((long) i * headDim));
        }
        return out;
    }

    /** Which of the cache's {@code slots * keyValueHeads} blocks the i-th of {@code rows * heads} queries reads. */
    private long place(int i, int group) {
        return (long) (i / heads) * keyValueHeads + i % heads / group;
    }

    private Tensor masked(Tensor query, Tensor keys, Tensor values, int[] ends) {
        int rows = ends.length;
        int longest = longest(ends);
        Tensor q = query.view(rows, keyValueHeads, heads / keyValueHeads, headDim); // [rows, kv, group, hd]
        Tensor k = keys.narrow(0, 0, rows).narrow(2, 0, longest); // [rows, kv, longest, hd]
        Tensor v = values.narrow(0, 0, rows).narrow(2, 0, longest); // [rows, kv, longest, hd]
        Tensor seen = Tensor.create(ends, rows, 1, 1, 1).to(query.device(), ScalarType.Int); // [rows, 1, 1, 1]
        Tensor mask = arange(new Scalar(longest), seen.options()).lt(seen); // [rows, 1, 1, longest]
        return scaled_dot_product_attention(q, k, v, new TensorOptional(mask), 0.0, false, new DoubleOptional(), false)
                .reshape(rows, (long) heads * headDim); // [rows, h*hd]
    }

    private static int longest(int[] ends) {
        int longest = 0;
        for (int end : ends) {
            longest = Math.max(longest, end);
        }
        return longest;
    }
}
