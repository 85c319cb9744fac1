package org.ballast.core.mllm;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One token a row behind cached ones. */
final class CachedStep {
    private final TextConfig text;
    private final DecoderBlock block;
    private final CachedAttention attention;

    CachedStep(TextConfig text) {
        this.text = text;
        this.block = new DecoderBlock(text);
        this.attention = new CachedAttention(text);
    }

    /** One more token a row behind the cached ones: embeddings {@code [rows, hidden]} to hidden states {@code [rows, hidden]}. */
    Tensor hidden(Weights weights, Tensor x, KeyValueCache cache) {
        cache.reserve();
        int rows = cache.rows();
        long[] at = new long[rows];
        int[] ends = new int[rows];
        for (int r = 0; r < rows; r++) {
            at[r] = cache.length(r);
            ends[r] = cache.length(r) + 1;
        }
        Tensor positions = Tensor.create(at, rows, 1, 1, 1).to(x.device(), ScalarType.Long); // [rows, 1, 1, 1]
        Tensor index = positions.expand(rows, text.keyValueHeads(), 1, text.headDim()); // [rows, kv, 1, hd]
        DecoderBlock.Rotary rotary = block.rotary(weights, positions.view(rows), cache.longest() + 1);
        for (int i = 0; i < text.layers(); i++) {
            DecoderBlock.Projections p = block.projections(weights, i, x, rotary);
            cache.put(i, index, p.key().unsqueeze(2), p.value().unsqueeze(2));
            Tensor attended =
                    attention.of(p.query(), cache.keys(i), cache.values(i), ends, text.window(i)); // [rows, h*hd]
            x = block.output(weights, i, x, attended); // [rows, d]
        }
        cache.advance();
        return x; // [rows, d]
    }
}
