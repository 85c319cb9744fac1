package org.ballast.core.mllm;

import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** One token a row behind cached ones. */
final class CachedStep {
    private final TextConfig text;
    private final DecoderBlock block;
    private final CachedAttention attention;

    CachedStep(TextConfig text, DecoderBlock block) {
        this.text = text;
        this.block = block;
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
        Tensor positions = PackedBatch.index(weights, at); // [rows]
        Tensor index = positions.view(rows, 1, 1, 1).expand(rows, text.keyValueHeads(), 1, text.headDim());
        DecoderBlock.Rotary rotary = rotary(weights, positions, ends);
        for (int i = 0; i < text.layers(); i++) {
            DecoderBlock.Projections p = block.projections(weights, i, x, rotary);
            cache.put(i, index, p.key().unsqueeze(2), p.value().unsqueeze(2));
            Tensor query = p.query().to(cache.type()); // [rows, h, hd]
            Tensor attended = attention.of(query, cache.keys(i), cache.values(i), ends, text.window(i)); // [rows, h*hd]
            x = block.output(weights, i, x, attended.to(weights.type())); // [rows, d]
        }
        cache.advance();
        return x; // [rows, d]
    }

    private DecoderBlock.Rotary rotary(Weights weights, Tensor positions, int[] ends) {
        if (!(text.rope() instanceof RopeScaling.Dynamic)) {
            return block.rotary(weights, positions, 0);
        }
        // the length of a sequence decides on its angles
        return DecoderBlock.Rotary.join(IntStream.range(0, ends.length)
                .mapToObj(r -> block.rotary(weights, positions.narrow(0, r, 1), ends[r]))
                .toList());
    }
}
