package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One token a row behind cached ones. */
final class CachedStep {
    private final TextConfig text;
    private final DecoderBlock block;

    CachedStep(TextConfig text) {
        this.text = text;
        this.block = new DecoderBlock(text);
    }

    /** One more token a row behind the cached ones: embeddings {@code [rows, hidden]} to hidden states {@code [rows, hidden]}. */
    Tensor hidden(Weights weights, Tensor x, KeyValueCache cache) {
        cache.reserve();
        int rows = cache.rows();
        long[] at = new long[rows];
        long longest = 0;
        for (int r = 0; r < rows; r++) {
            at[r] = cache.length(r);
            longest = Math.max(longest, at[r] + 1);
        }
        Tensor lengths = Tensor.create(at, rows, 1, 1, 1); // [rows, 1, 1, 1]
        Tensor index = lengths.expand(rows, text.keyValueHeads(), 1, text.headDim()); // [rows, kv, 1, hd]
        Tensor mask =
                arange(new Scalar(longest), new TensorOptions(ScalarType.Long)).le(lengths); // [rows, 1, 1, longest]
        DecoderBlock.Rotary rotary = block.rotary(weights, lengths.view(rows), longest);
        for (int i = 0; i < text.layers(); i++) {
            DecoderBlock.Projections p = block.projections(weights, i, x, rotary);
            cache.put(i, index, p.key().unsqueeze(2), p.value().unsqueeze(2));
            Tensor k = cache.keys(i).narrow(2, 0, longest); // [rows, kv, longest, hd]
            Tensor v = cache.values(i).narrow(2, 0, longest); // [rows, kv, longest, hd]
            Tensor out = scaled_dot_product_attention(
                    p.query().unsqueeze(2),
                    grouped(k),
                    grouped(v),
                    new TensorOptional(mask),
                    0.0,
                    false,
                    new DoubleOptional(),
                    false); // [rows, h, 1, hd]
            x = block.output(weights, i, x, out.reshape(rows, (long) text.heads() * text.headDim()));
        }
        cache.advance();
        return x; // [rows, d]
    }

    private Tensor grouped(Tensor x) {
        long groups = text.heads() / text.keyValueHeads();
        if (groups == 1) {
            return x;
        }
        return x.unsqueeze(2)
                .expand(x.size(0), x.size(1), groups, x.size(2), x.size(3))
                .reshape(x.size(0), text.heads(), x.size(2), x.size(3)); // [rows, h, s, hd]
    }
}
