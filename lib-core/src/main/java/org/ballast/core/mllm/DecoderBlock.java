package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.silu;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The parts of a decoder layer that look at one token at a time, as functions on flat tokens {@code [tokens, hidden]}; which tokens see each other is the
 * caller's affair. Also the final norm with the output projection, and the rotary tables.
 */
final class DecoderBlock {
    private final TextConfig text;

    DecoderBlock(TextConfig text) {
        this.text = text;
    }

    /** Query {@code [tokens, heads, headDim]}, key and value {@code [tokens, keyValueHeads, headDim]}; the first two behind the rotary embedding. */
    record Projections(Tensor query, Tensor key, Tensor value) {}

    /** What a layer's attention reads, of all tokens {@code x [tokens, hidden]}. */
    Projections projections(Weights weights, int layer, Tensor x, Rotary rotary) {
        Tensor normed = attentionNorm(weights, layer, x); // [tokens, d]
        return new Projections(
                query(weights, layer, normed, rotary),
                key(weights, layer, normed, rotary),
                value(weights, layer, normed));
    }

    /** The norm before the attention. */
    Tensor attentionNorm(Weights weights, int layer, Tensor x) {
        return norm(weights, LlavaTensors.decoderLayer(layer) + "input_layernorm", x);
    }

    Tensor query(Weights weights, int layer, Tensor normed, Rotary rotary) {
        return rotary.apply(project(weights, layer, "q_proj", normed, text.heads())); // [tokens, h, hd]
    }

    Tensor key(Weights weights, int layer, Tensor normed, Rotary rotary) {
        return rotary.apply(project(weights, layer, "k_proj", normed, text.keyValueHeads())); // [tokens, kv, hd]
    }

    Tensor value(Weights weights, int layer, Tensor normed) {
        return project(weights, layer, "v_proj", normed, text.keyValueHeads()); // [tokens, kv, hd]
    }

    private Tensor project(Weights weights, int layer, String name, Tensor normed, int heads) {
        String module = LlavaTensors.decoderLayer(layer) + "self_attn." + name;
        return Layers.product(weights, module, normed).view(-1, heads, text.headDim());
    }

    /** {@code x + o_proj(attended)}, then {@code x + mlp(norm(x))}; attended {@code [tokens, heads * headDim]}. */
    Tensor output(Weights weights, int layer, Tensor x, Tensor attended) {
        String name = LlavaTensors.decoderLayer(layer);
        Tensor sum = x.add(Layers.product(weights, name + "self_attn.o_proj", attended)); // [tokens, d]
        return mlp(weights, name, sum);
    }

    private Tensor mlp(Weights weights, String layer, Tensor x) {
        Tensor normed = norm(weights, layer + "post_attention_layernorm", x); // [tokens, d]
        Tensor gate = silu(Layers.product(weights, layer + "mlp.gate_proj", normed)); // [tokens, f]
        Tensor inner = gate.mul(Layers.product(weights, layer + "mlp.up_proj", normed)); // [tokens, f]
        return x.add(Layers.product(weights, layer + "mlp.down_proj", inner)); // [tokens, d]
    }

    /** Final norm and output projection: {@code [n, hidden] -> [n, vocab]}. */
    Tensor logits(Weights weights, Tensor hidden) {
        Tensor normed = norm(weights, LlavaTensors.DECODER + "norm", hidden); // [n, d]
        return MatrixProduct.of(
                normed, weights.tensor(text.tiedHead() ? LlavaTensors.EMBEDDING : LlavaTensors.HEAD)); // [n, v]
    }

    private Tensor norm(Weights weights, String module, Tensor x) {
        return Layers.rmsNorm(weights, module, x, text.rmsNormEps());
    }

    /** Tables for tokens at the given positions {@code [tokens]} (float32). */
    Rotary rotary(Tensor positions, ScalarType type) {
        int half = text.headDim() / 2;
        float[] frequency = new float[half];
        for (int i = 0; i < half; i++) {
            frequency[i] = (float) (1 / Math.pow(text.ropeTheta(), 2.0 * i / text.headDim()));
        }
        Tensor angle = positions.view(-1, 1, 1).mul(Tensor.create(frequency, half)); // [tokens, 1, hd/2]
        Tensor cos = angle.cos().to(type); // [tokens, 1, hd/2]
        Tensor sin = angle.sin().to(type); // [tokens, 1, hd/2]
        return new Rotary(cat(new TensorVector(cos, cos), -1), cat(new TensorVector(sin.neg(), sin), -1));
    }

    /**
     * The rotary embedding of {@code x [tokens, heads, hd]}: pairs (i, i + hd/2) turn by {@code position * theta^(-2i/hd)}. Angles are computed in
     * float32 whatever the weights' type, as transformers does.
     *
     * @param cos {@code [tokens, 1, hd]}
     * @param signedSin the same shape, the first half negated
     */
    record Rotary(Tensor cos, Tensor signedSin) {
        Tensor apply(Tensor x) {
            long half = x.size(-1) / 2;
            // rolling by half swaps the halves
            return x.mul(cos).addcmul(x.roll(new long[] {half}, new long[] {-1}), signedSin); // [tokens, heads, hd]
        }

        /** The tables of chosen tokens. */
        Rotary at(Tensor tokens) {
            return new Rotary(cos.index_select(0, tokens), signedSin.index_select(0, tokens));
        }
    }
}
