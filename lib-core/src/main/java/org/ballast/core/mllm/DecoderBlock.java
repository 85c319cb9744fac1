package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.silu;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * The parts of a decoder layer that look at one token at a time, as functions on flat tokens {@code [tokens, hidden]}; which tokens see each other is the
 * caller's affair. Also the final norm with the output projection, and the rotary tables.
 */
final class DecoderBlock {
    private final TextConfig text;
    private final RotaryEmbedding embedding;

    DecoderBlock(TextConfig text) {
        this.text = text;
        this.embedding = new RotaryEmbedding(text);
    }

    /** Query {@code [tokens, heads, headDim]}, key and value {@code [tokens, keyValueHeads, headDim]}; the first two behind the rotary embedding. */
    record Projections(Tensor query, Tensor key, Tensor value) {}

    /** What a layer's attention reads, of all tokens {@code x [tokens, hidden]}. */
    Projections projections(Weights weights, int layer, Tensor x, Rotary rotary) {
        Layers.Input normed = attentionNorm(weights, layer, x); // [tokens, d]
        return new Projections(
                query(weights, layer, normed, rotary),
                key(weights, layer, normed, rotary),
                value(weights, layer, normed));
    }

    /** The norm before the attention. */
    Layers.Input attentionNorm(Weights weights, int layer, Tensor x) {
        return new Layers.Input(norm(weights, LlavaTensors.decoderLayer(layer) + "input_layernorm", x));
    }

    Tensor query(Weights weights, int layer, Layers.Input normed, Rotary rotary) {
        return rotary.apply(project(weights, layer, "q_proj", normed, text.heads())); // [tokens, h, hd]
    }

    Tensor key(Weights weights, int layer, Layers.Input normed, Rotary rotary) {
        return rotary.apply(project(weights, layer, "k_proj", normed, text.keyValueHeads())); // [tokens, kv, hd]
    }

    Tensor value(Weights weights, int layer, Layers.Input normed) {
        return project(weights, layer, "v_proj", normed, text.keyValueHeads()); // [tokens, kv, hd]
    }

    private Tensor project(Weights weights, int layer, String name, Layers.Input normed, int heads) {
        String module = LlavaTensors.decoderLayer(layer) + "self_attn." + name;
        return Layers.linear(weights, module, normed, text.attentionBias()).view(-1, heads, text.headDim());
    }

    /** {@code x + o_proj(attended)}, then {@code x + mlp(norm(x))}; attended {@code [tokens, heads * headDim]}. */
    Tensor output(Weights weights, int layer, Tensor x, Tensor attended) {
        String name = LlavaTensors.decoderLayer(layer);
        Tensor sum = x.add(Layers.linear(
                weights, name + "self_attn.o_proj", new Layers.Input(attended), text.outputBias())); // [tokens, d]
        return mlp(weights, name, sum);
    }

    private Tensor mlp(Weights weights, String layer, Tensor x) {
        Layers.Input normed = new Layers.Input(norm(weights, layer + "post_attention_layernorm", x)); // [tokens, d]
        Tensor gate = silu(Layers.linear(weights, layer + "mlp.gate_proj", normed, text.mlpBias())); // [tokens, f]
        Tensor inner = gate.mul(Layers.linear(weights, layer + "mlp.up_proj", normed, text.mlpBias())); // [tokens, f]
        return x.add(Layers.linear(
                weights, layer + "mlp.down_proj", new Layers.Input(inner), text.mlpBias())); // [tokens, d]
    }

    /** Final norm and output projection: {@code [n, hidden] -> [n, vocab]}. */
    Tensor logits(Weights weights, Tensor hidden) {
        return Layers.product(weights, LlavaTensors.headModule(text), finalNorm(weights, hidden)); // [n, v]
    }

    Tensor finalNorm(Weights weights, Tensor hidden) {
        return norm(weights, LlavaTensors.DECODER + "norm", hidden); // [n, d]
    }

    private Tensor norm(Weights weights, String module, Tensor x) {
        return Layers.rmsNorm(weights, module, x, text.rmsNormEps());
    }

    /**
     * Tables for tokens at the given positions {@code [tokens]}.
     *
     * @param sequenceLength of the longest sequence that they belong to
     */
    Rotary rotary(Weights weights, Tensor positions, long sequenceLength) {
        RotaryEmbedding.Tables tables = embedding.tables(positions, sequenceLength, weights.device()); // [tokens, hd]
        long half = text.headDim() / 2;
        Tensor sin = tables.sin(); // [tokens, hd]
        Tensor signed = cat(new TensorVector(sin.narrow(-1, 0, half).neg(), sin.narrow(-1, half, half)), -1);
        return new Rotary(
                tables.cos().unsqueeze(1).to(weights.type()), // [tokens, 1, hd]
                signed.unsqueeze(1).to(weights.type())); // [tokens, 1, hd]
    }

    /**
     * The rotary embedding of {@code x [tokens, heads, hd]}.
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

        /** Tables of tokens that stand one behind the other. */
        static Rotary join(List<Rotary> parts) {
            return new Rotary(
                    cat(new TensorVector(parts.stream().map(Rotary::cos).toArray(Tensor[]::new)), 0),
                    cat(new TensorVector(parts.stream().map(Rotary::signedSin).toArray(Tensor[]::new)), 0));
        }

        /** The tables of chosen tokens. */
        Rotary at(Tensor tokens) {
            return new Rotary(cos.index_select(0, tokens), signedSin.index_select(0, tokens));
        }
    }
}
