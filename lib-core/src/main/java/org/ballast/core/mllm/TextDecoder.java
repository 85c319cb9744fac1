package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A LLaMA decoder over padded rows: causal attention between the tokens of a row. In its last layer only the selected positions ask; the others give
 * their keys and values, and nothing that is thrown away is computed.
 */
final class TextDecoder {
    private final TextConfig text;
    private final DecoderBlock block;

    TextDecoder(LlavaConfig config) {
        this.text = config.text();
        this.block = new DecoderBlock(text);
    }

    DecoderBlock block() {
        return block;
    }

    /**
     * Hidden states behind the last layer, before the final norm, at the selected positions.
     *
     * @param embeddings {@code [rows, width, hidden]}, rows padded on the right
     * @param cache takes the keys and values of all layers; null where they are not needed
     * @return {@code [selected, hidden]}
     */
    Tensor hidden(Weights weights, Tensor embeddings, TokenBatch.Selection selection, KeyValueCache cache) {
        long rows = embeddings.size(0);
        long width = embeddings.size(1);
        Tensor positions = arange(new Scalar(width), new TensorOptions(ScalarType.Float)); // [width]
        DecoderBlock.Rotary rotary = block.rotary(weights, positions.repeat(rows), width);
        Tensor x = embeddings.view(rows * width, text.hiddenSize()); // [rows*width, d]
        for (int i = 0; i < text.layers() - 1; i++) {
            x = layer(weights, i, x, rows, rotary, cache); // [rows*width, d]
        }
        return lastLayer(weights, text.layers() - 1, x, rows, rotary, selection, cache); // [selected, d]
    }

    private Tensor layer(Weights weights, int i, Tensor x, long rows, DecoderBlock.Rotary rotary, KeyValueCache cache) {
        DecoderBlock.Projections p = block.projections(weights, i, x, rotary);
        Tensor q = byHead(p.query(), rows); // [rows, h, width, hd]
        Tensor k = byHead(p.key(), rows); // [rows, kv, width, hd]
        Tensor v = byHead(p.value(), rows); // [rows, kv, width, hd]
        if (cache != null) {
            cache.addLayer(k, v);
        }
        // padding stands on the right: no real token sees it under the causal mask
        return block.output(weights, i, x, attend(q, k, v, new TensorOptional(), true));
    }

    private Tensor lastLayer(
            Weights weights,
            int i,
            Tensor x,
            long rows,
            DecoderBlock.Rotary rotary,
            TokenBatch.Selection selection,
            KeyValueCache cache) {
        long asking = selection.width();
        Tensor normed = block.attentionNorm(weights, i, x); // [rows*width, d]
        Tensor k = byHead(block.key(weights, i, normed, rotary), rows); // [rows, kv, width, hd]
        Tensor v = byHead(block.value(weights, i, normed), rows); // [rows, kv, width, hd]
        if (cache != null) {
            cache.addLayer(k, v);
        }
        Tensor askers = normed.index_select(0, selection.padded()); // [rows*asking, d]
        Tensor q =
                byHead(block.query(weights, i, askers, rotary.at(selection.padded())), rows); // [rows, h, asking, hd]
        Tensor seen = arange(new Scalar(k.size(2)), new TensorOptions(ScalarType.Long))
                .le(selection.positions().view(rows, 1, asking, 1)); // [rows, 1, asking, width]
        Tensor out = attend(q, k, v, new TensorOptional(seen), false).index_select(0, selection.kept());
        return block.output(weights, i, x.index_select(0, selection.flat()), out); // [selected, d]
    }

    private static Tensor byHead(Tensor x, long rows) {
        return x.view(rows, -1, x.size(1), x.size(2)).transpose(1, 2); // [rows, heads, width, hd]
    }

    /** Softmax attention; query {@code [rows, h, t, hd]}, keys and values {@code [rows, kv, s, hd]}, result {@code [rows * t, h*hd]}. */
    private Tensor attend(Tensor q, Tensor k, Tensor v, TensorOptional mask, boolean causal) {
        Tensor out = scaled_dot_product_attention(
                q, grouped(k), grouped(v), mask, 0.0, causal, new DoubleOptional(), false); // [rows, h, t, hd]
        return out.transpose(1, 2).reshape(q.size(0) * q.size(2), (long) text.heads() * text.headDim());
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
