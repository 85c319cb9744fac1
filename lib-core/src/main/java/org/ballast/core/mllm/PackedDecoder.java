package org.ballast.core.mllm;

import java.util.Arrays;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * The decoder over a {@link PackedBatch}: norms, products and MLP run on all tokens at once, attention by group. In the last layer only the asked positions ask; the
 * others give their keys and values, and nothing that is thrown away is computed.
 */
final class PackedDecoder {
    private final TextConfig text;
    private final DecoderBlock block;

    /** Keys (behind the rotary embedding) and values of a layer, {@code [tokens, keyValueHeads, headDim]}. */
    record LayerKeys(int layer, Tensor keys, Tensor values) {}

    PackedDecoder(LlavaConfig config) {
        this.text = config.text();
        this.block = new DecoderBlock(text);
    }

    DecoderBlock block() {
        return block;
    }

    /** What all layers of a pass share. */
    final class Pass {
        private final Weights weights;
        private final PackedAttention attention;
        private final DecoderBlock.Rotary rotary;
        private final DecoderBlock.Rotary askersRotary;
        private final Tensor askers;
        private final Consumer<LayerKeys> sink;

        /** @param sink takes each layer's keys and values; null where they are not needed */
        Pass(Weights weights, PackedBatch batch, Consumer<LayerKeys> sink) {
            this.weights = weights;
            this.attention = new PackedAttention(text, weights, batch);
            this.askers = PackedBatch.index(weights, batch.askers()); // [askers]
            this.rotary = rotary(batch);
            this.askersRotary = rotary.at(askers);
            this.sink = sink;
        }

        private DecoderBlock.Rotary rotary(PackedBatch batch) {
            if (!(text.rope() instanceof RopeScaling.Dynamic)) {
                long[] positions = batch.groups().stream()
                        .flatMapToLong(g -> Arrays.stream(g.positions()))
                        .toArray();
                return block.rotary(weights, PackedBatch.index(weights, positions), 0);
            }
            // the length of a sequence decides on its angles
            return DecoderBlock.Rotary.join(batch.groups().stream()
                    .map(g -> block.rotary(weights, PackedBatch.index(weights, g.positions()), g.sequenceLength()))
                    .toList());
        }

        /** From the hidden states before a layer {@code [tokens, hidden]} to those behind it; behind the last layer {@code [askers, hidden]}. */
        Tensor layer(int i, Tensor x) {
            return Scoped.result(() -> computed(i, x));
        }

        private Tensor computed(int i, Tensor x) {
            boolean last = i == text.layers() - 1;
            Layers.Input normed = block.attentionNorm(weights, i, x); // [tokens, d]
            Tensor k = block.key(weights, i, normed, rotary); // [tokens, kv, hd]
            Tensor v = block.value(weights, i, normed); // [tokens, kv, hd]
            if (sink != null) {
                sink.accept(new LayerKeys(i, k, v));
            }
            if (!last) {
                Tensor q = block.query(weights, i, normed, rotary); // [tokens, h, hd]
                return block.output(weights, i, x, attention.ofAll(i, new DecoderBlock.Projections(q, k, v)));
            }
            Tensor q = block.query(weights, i, normed.at(askers), askersRotary); // [askers, h, hd]
            Tensor out = attention.ofAskers(i, new DecoderBlock.Projections(q, k, v)); // [askers, h*hd]
            return block.output(weights, i, x.index_select(0, askers), out); // [askers, d]
        }

        /** All layers: embeddings {@code [tokens, hidden]} to the asked hidden states {@code [askers, hidden]}, before the final norm. */
        Tensor hidden(Tensor embeddings) {
            Tensor x = embeddings;
            for (int i = 0; i < text.layers(); i++) {
                x = layer(i, x);
            }
            return x;
        }
    }
}
