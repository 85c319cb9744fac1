package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A LLaMA decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU. In its last layer only the selected positions ask; the others give
 * their keys and values, and nothing that is thrown away is computed.
 */
final class TextDecoder {
    private final TextConfig text;

    TextDecoder(LlavaConfig config) {
        this.text = config.text();
    }

    /**
     * Hidden states behind the last layer, before the final norm, at the selected positions.
     *
     * @param x embeddings {@code [rows, width, hidden]}, rows padded on the right
     * @param cache takes the keys and values of all layers; null where they are not needed
     * @return {@code [selected, hidden]}
     */
    Tensor hidden(Weights weights, Tensor x, TokenBatch.Selection selection, KeyValueCache cache) {
        Rotary rotary = rotary(arange(new Scalar(x.size(1)), new TensorOptions(ScalarType.Float)), weights.type());
        for (int i = 0; i < text.layers() - 1; i++) {
            x = layer(weights, i, x, rotary, cache); // [rows, width, d]
        }
        return lastLayer(weights, text.layers() - 1, x, rotary, selection, cache); // [selected, d]
    }

    /** Final norm and output projection: {@code [n, hidden] -> [n, vocab]}. */
    Tensor logits(Weights weights, Tensor hidden) {
        Tensor normed = Layers.rmsNorm(weights, LlavaTensors.DECODER + "norm", hidden, text.rmsNormEps()); // [n, d]
        return MatrixProduct.of(
                normed, weights.tensor(text.tiedHead() ? LlavaTensors.EMBEDDING : LlavaTensors.HEAD)); // [n, v]
    }

    /** One more token a row behind the cached ones: embeddings {@code [rows, 1, hidden]} to hidden states {@code [rows, hidden]}. */
    Tensor step(Weights weights, Tensor x, KeyValueCache cache) {
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
        Rotary rotary = rotary(lengths.view(rows, 1).to(ScalarType.Float), weights.type());
        for (int i = 0; i < text.layers(); i++) {
            String name = LlavaTensors.decoderLayer(i);
            Tensor normed = norm(weights, name + "input_layernorm", x); // [rows, 1, d]
            Projections p = projections(weights, name, normed, rotary);
            cache.put(i, index, p.key(), p.value());
            Tensor k = cache.keys(i).narrow(2, 0, longest); // [rows, kv, longest, hd]
            Tensor v = cache.values(i).narrow(2, 0, longest); // [rows, kv, longest, hd]
            Tensor out = attend(p.query(), k, v, new TensorOptional(mask), false); // [rows, 1, h*hd]
            x = x.add(Layers.product(weights, name + "self_attn.o_proj", out));
            x = mlp(weights, name, x);
        }
        cache.advance();
        return x.view(rows, text.hiddenSize());
    }

    private Tensor layer(Weights weights, int i, Tensor x, Rotary rotary, KeyValueCache cache) {
        String name = LlavaTensors.decoderLayer(i);
        Projections p = projections(weights, name, norm(weights, name + "input_layernorm", x), rotary);
        if (cache != null) {
            cache.addLayer(p.key(), p.value());
        }
        // padding stands on the right: no real token sees it under the causal mask
        Tensor out = attend(p.query(), p.key(), p.value(), new TensorOptional(), true); // [rows, width, h*hd]
        x = x.add(Layers.product(weights, name + "self_attn.o_proj", out));
        return mlp(weights, name, x);
    }

    private Tensor lastLayer(
            Weights weights, int i, Tensor x, Rotary rotary, TokenBatch.Selection selection, KeyValueCache cache) {
        String name = LlavaTensors.decoderLayer(i);
        long rows = x.size(0);
        long d = text.hiddenSize();
        long asking = selection.width();
        Tensor normed = norm(weights, name + "input_layernorm", x).view(-1, d); // [rows*width, d]
        Tensor askers = normed.index_select(0, selection.padded()).view(rows, asking, d); // [rows, asking, d]
        Tensor all = normed.view(x.shape()); // [rows, width, d]
        Tensor k = rotary.apply(project(weights, name + "self_attn.k_proj", all, text.keyValueHeads()));
        Tensor v = project(weights, name + "self_attn.v_proj", all, text.keyValueHeads())
                .transpose(1, 2);
        k = k.transpose(1, 2); // [rows, kv, width, hd]
        if (cache != null) {
            cache.addLayer(k, v);
        }
        Tensor q = project(weights, name + "self_attn.q_proj", askers, text.heads()); // [rows, asking, h, hd]
        q = rotary.at(selection.positions(), rows, asking).apply(q).transpose(1, 2); // [rows, h, asking, hd]
        Tensor seen = arange(new Scalar(x.size(1)), new TensorOptions(ScalarType.Long))
                .le(selection.positions().view(rows, 1, asking, 1)); // [rows, 1, asking, width]
        Tensor out = attend(q, k, v, new TensorOptional(seen), false); // [rows, asking, h*hd]
        out = out.view(rows * asking, -1).index_select(0, selection.kept()); // [selected, h*hd]
        Tensor residual = x.view(-1, d).index_select(0, selection.flat()); // [selected, d]
        residual = residual.add(Layers.product(weights, name + "self_attn.o_proj", out));
        return mlp(weights, name, residual); // [selected, d]
    }

    private record Projections(Tensor query, Tensor key, Tensor value) {}

    private Projections projections(Weights weights, String layer, Tensor x, Rotary rotary) {
        Tensor q = rotary.apply(project(weights, layer + "self_attn.q_proj", x, text.heads()));
        Tensor k = rotary.apply(project(weights, layer + "self_attn.k_proj", x, text.keyValueHeads()));
        Tensor v = project(weights, layer + "self_attn.v_proj", x, text.keyValueHeads());
        return new Projections(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)); // [rows, heads, width, hd]
    }

    private Tensor project(Weights weights, String module, Tensor x, int heads) {
        return Layers.product(weights, module, x).view(x.size(0), x.size(1), heads, text.headDim());
    }

    /** Softmax attention; query {@code [rows, h, t, hd]}, keys and values {@code [rows, kv, s, hd]}, result {@code [rows, t, h*hd]}. */
    private Tensor attend(Tensor q, Tensor k, Tensor v, TensorOptional mask, boolean causal) {
        Tensor out = scaled_dot_product_attention(
                q, grouped(k), grouped(v), mask, 0.0, causal, new DoubleOptional(), false); // [rows, h, t, hd]
        return out.transpose(1, 2).reshape(q.size(0), q.size(2), (long) text.heads() * text.headDim());
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

    private Tensor mlp(Weights weights, String layer, Tensor x) {
        Tensor normed = norm(weights, layer + "post_attention_layernorm", x); // [..., d]
        Tensor gate = silu(Layers.product(weights, layer + "mlp.gate_proj", normed)); // [..., f]
        Tensor inner = gate.mul(Layers.product(weights, layer + "mlp.up_proj", normed)); // [..., f]
        return x.add(Layers.product(weights, layer + "mlp.down_proj", inner));
    }

    private Tensor norm(Weights weights, String module, Tensor x) {
        return Layers.rmsNorm(weights, module, x, text.rmsNormEps());
    }

    /**
     * The rotary embedding of {@code x [rows, width, heads, hd]}: pairs (i, i + hd/2) turn by {@code position * theta^(-2i/hd)}. Angles are computed in
     * float32 whatever the weights' type, as transformers does.
     *
     * @param cos {@code [(rows,) width, 1, hd]}
     * @param signedSin the same shape, the first half negated
     */
    private record Rotary(Tensor cos, Tensor signedSin) {
        Tensor apply(Tensor x) {
            long half = x.size(-1) / 2;
            // rolling by half swaps the halves
            return x.mul(cos).addcmul(x.roll(new long[] {half}, new long[] {-1}), signedSin);
        }

        /** The tables of chosen positions. */
        Rotary at(Tensor positions, long rows, long width) {
            long hd = cos.size(-1);
            return new Rotary(
                    cos.index_select(0, positions).view(rows, width, 1, hd),
                    signedSin.index_select(0, positions).view(rows, width, 1, hd));
        }
    }

    private Rotary rotary(Tensor positions, ScalarType type) {
        int half = text.headDim() / 2;
        float[] frequency = new float[half];
        for (int i = 0; i < half; i++) {
            frequency[i] = (float) (1 / Math.pow(text.ropeTheta(), 2.0 * i / text.headDim()));
        }
        Tensor angle =
                positions.unsqueeze(-1).mul(Tensor.create(frequency, half)).unsqueeze(-2); // [..., 1, hd/2]
        Tensor cos = angle.cos().to(type);
        Tensor sin = angle.sin().to(type);
        return new Rotary(cat(new TensorVector(cos, cos), -1), cat(new TensorVector(sin.neg(), sin), -1));
    }
}
