package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.empty;
import static org.bytedeco.pytorch.global.torch.full;
import static org.bytedeco.pytorch.global.torch.softmax;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
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
     * @param ends tokens of each row, the new one the last
     * @param window tokens that the new one sees at most, itself included
     * @return {@code [rows, heads * headDim]}
     */
    Tensor of(Tensor query, Tensor keys, Tensor values, int[] ends, int window) {
        return VectorProducts.suits(query, keys)
                ? byVectors(query.contiguous(), keys, values, ends, window)
                : masked(query, keys, values, ends, window);
    }

    private Tensor byVectors(Tensor query, Tensor keys, Tensor values, int[] ends, int window) {
        int rows = ends.length;
        int most = Math.min(window, longest(ends));
        long capacity = keys.size(2);
        float scale = (float) (1 / Math.sqrt(headDim));
        Scalar never = new Scalar(Double.NEGATIVE_INFINITY);
        Tensor scores = full(new long[] {rows, heads, most}, never, query.options()); // [rows, h, most]
        FloatPointer q = new FloatPointer(query.data_ptr());
        FloatPointer k = new FloatPointer(keys.data_ptr());
        FloatPointer s = new FloatPointer(scores.data_ptr());
        for (int i = 0; i < rows * heads; i++) {
            int seen = Math.min(window, ends[i / heads]);
            k.position((place(i) * capacity + ends[i / heads] - seen) * headDim);
            q.position((long) i * headDim);
            VectorProducts.times(scale, k, seen, headDim, q, s.position((long) i * most));
        }
        Tensor shares = softmax(scores, -1); // [rows, h, most]
        Tensor out = empty(
                new long[] {rows, (long) heads * headDim}, query.options(), new MemoryFormatOptional()); // [rows, h*hd]
        FloatPointer p = new FloatPointer(shares.data_ptr());
        FloatPointer v = new FloatPointer(values.data_ptr());
        FloatPointer o = new FloatPointer(out.data_ptr());
        for (int i = 0; i < rows * heads; i++) {
            int seen = Math.min(window, ends[i / heads]);
            v.position((place(i) * capacity + ends[i / heads] - seen) * headDim);
            p.position((long) i * most);
            VectorProducts.transposedTimes(v, seen, headDim, p, o.position((long) i * headDim));
        }
        return out;
    }

    /** Which of the cache's {@code slots * keyValueHeads} blocks the i-th of {@code rows * heads} queries reads. */
    private long place(int i) {
        return (long) (i / heads) * keyValueHeads + i % heads / (heads / keyValueHeads);
    }

    private Tensor masked(Tensor query, Tensor keys, Tensor values, int[] ends, int window) {
        int rows = ends.length;
        int longest = longest(ends);
        Tensor q = query.view(rows, keyValueHeads, heads / keyValueHeads, headDim); // [rows, kv, group, hd]
        Tensor k = keys.narrow(0, 0, rows).narrow(2, 0, longest); // [rows, kv, longest, hd]
        Tensor v = values.narrow(0, 0, rows).narrow(2, 0, longest); // [rows, kv, longest, hd]
        Tensor seen = Tensor.create(ends, rows, 1, 1, 1).to(query.device(), ScalarType.Int); // [rows, 1, 1, 1]
        Tensor places = arange(new Scalar(longest), seen.options()); // [longest]
        Tensor mask = places.lt(seen).logical_and(places.ge(seen.sub(new Scalar(window)))); // [rows, 1, 1, longest]
        return Attention.of(q, k, v, mask, false).reshape(rows, (long) heads * headDim); // [rows, h*hd]
    }

    private static int longest(int[] ends) {
        int longest = 0;
        for (int end : ends) {
            longest = Math.max(longest, end);
        }
        return longest;
    }
}
