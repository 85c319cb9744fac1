package org.ballast.core.mllm;

import java.io.Serializable;

/**
 * How much a pass computes at once. Changes memory and time, results only in their last bits.
 *
 * @param batchTokens tokens that go through the decoder together: prompts (each once) and responses behind them. One prompt with its responses is never split, so
 *     it may exceed this
 * @param layerCheckpoints whether a training pass keeps only the input of each layer and computes the layer again for its gradient
 * @param logitBytes size of the piece of [response tokens, vocab] in float32 that exists at a time
 */
public record MemorySettings(int batchTokens, boolean layerCheckpoints, long logitBytes) implements Serializable {
    public static final MemorySettings DEFAULT = new MemorySettings(2048, false, 8L << 20);

    public MemorySettings {
        Shapes.requirePositive("tokens of a batch", batchTokens);
        Shapes.requirePositive("bytes of a piece of logits", logitBytes);
    }

    /** The same with other tokens of a batch. */
    public MemorySettings withBatchTokens(int tokens) {
        return new MemorySettings(tokens, layerCheckpoints, logitBytes);
    }
}
